"""`livestats init`: writes livestats.toml and tries the key.

The text of the file is made by resources/config/writer.py.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli import screen
from pipelines.cli.options import Day, Refused

if TYPE_CHECKING:
    from resources.config import Settings


@click.command()
@click.option(
    "--home", type=click.Path(path_type=Path), help="Folder of the archive. Default: ./data."
)
@click.option("--time-zone", help="Time zone of the calendar day. Default: Asia/Shanghai.")
@click.option(
    "--first-day", type=Day(), help="First day of the archive. Default: all that the API still has."
)
@click.option("--byteplus", is_flag=True, help="The account is a BytePlus MediaLive account.")
@click.option("--api-url", help="Another URL of the API.")
@click.option("--offline", is_flag=True, help="Do not try the key.")
@click.option("--force", is_flag=True, help="Replace an existing livestats.toml.")
def init(
    home: Path | None,
    time_zone: str | None,
    first_day: date | None,
    byteplus: bool,
    api_url: str | None,
    offline: bool,
    force: bool,
) -> None:
    r"""Write livestats.toml into the current folder, and try the key.

    Asks for missing values if run in a terminal. Calls the API once, to check the key and
    list the domains. No secret is written: the key stays in the environment or in ~/.volc.

    \b
    Examples:
      livestats init
      livestats init --home /srv/livestats --time-zone Asia/Singapore --byteplus

    Exits with 1 if the file is written but the key does not work yet, or not for all actions.
    """
    from resources.api.catalog.vendors import BYTEPLUS
    from resources.config import FILE, SettingsError, load
    from resources.config.writer import text

    file = Path.cwd() / FILE
    if file.exists() and not force:
        raise Refused(f"There is a {FILE} here already. Edit it, or replace it with --force.")
    if sys.stdin.isatty():
        home = home or Path(click.prompt("Folder of the archive", default="data"))
        time_zone = time_zone or click.prompt(
            "Time zone of the calendar day", default="Asia/Shanghai"
        )
    asked = {
        "home": home,
        "time_zone": time_zone,
        "first_day": first_day,
        "vendor": BYTEPLUS.name if byteplus else None,
        "api_url": api_url,
    }
    given: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    settings = _tried(given)
    from resources.fs.atomic import write_atomically

    write_atomically(file, text(given).encode("utf-8"))
    if load({}, Path.cwd()) != settings:
        raise SettingsError(f"{file} does not hold the given values. Please report this.")
    screen.say(f"{file}: written. `livestats settings` shows what applies.")
    if not offline and not _try_key():
        click.get_current_context().exit(1)


def _tried(given: dict[str, Any]) -> Settings:
    """The settings of the new file; raises before anything is written if they are invalid."""
    from resources.api.catalog.vendors import VENDORS
    from resources.config import Settings

    if "vendor" in given:
        given = {"api_url": VENDORS[given["vendor"]].url, **given}
    if "home" in given:  # relative to the folder of the file
        given = {**given, "home": Path.cwd() / given["home"].expanduser()}
    return Settings(**given)


def _try_key() -> bool:
    """Whether the API lists the account's domains; prints the findings."""
    import os

    from pipelines.cli.doctor import show
    from pipelines.doctor import Severity
    from pipelines.doctor.api import access_found, key_found
    from resources.archive import Archive

    archive = Archive.open(os.environ)
    credentials, finding = key_found(os.environ)
    found = [finding]
    if credentials is not None:
        found += access_found(archive, credentials)
    for one in found:
        show(one)
    wrong = {one.subject for one in found if one.severity is Severity.PROBLEM}
    screen.say()
    if wrong - {"actions"}:
        screen.say(
            "The settings are written, the key does not work yet. Fix it, then run: livestats doctor"
        )
        return False
    if wrong:
        screen.say("The key works, but for the actions above. All else can be captured now.")
    screen.say("How the API answers where its documents leave it open: livestats probe")
    screen.say("Next: livestats plan, then livestats backfill")
    return not wrong
