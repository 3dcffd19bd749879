"""`livestats init`: a settings file of one's own, and whether the key works."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli.options import Day, Refused

if TYPE_CHECKING:
    from resources.config import Settings


@click.command()
@click.option(
    "--home", type=click.Path(path_type=Path), help="Folder of the archive. Default: ./data."
)
@click.option("--time-zone", help="Zone of the calendar day. Default: Asia/Shanghai.")
@click.option(
    "--first-day", type=Day(), help="First day of the archive. Default: all the API remembers."
)
@click.option("--byteplus", is_flag=True, help="The account is one of BytePlus MediaLive.")
@click.option("--api-url", help="Another address of the API.")
@click.option("--offline", is_flag=True, help="Do not try the key.")
@click.option("--force", is_flag=True, help="Replace a livestats.toml that is there.")
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

    Asks for what is not given when there is a terminal. Calls the API once, to check the key and
    list the domains. No secret is written: the key stays in the environment or in ~/.volc.

    \b
    Examples:
      livestats init
      livestats init --home /srv/livestats --time-zone Asia/Singapore --byteplus

    Ends with 1 if the file is written and the key does not work yet.
    """
    from resources.api.catalog.vendors import BYTEPLUS
    from resources.config import FILE, SettingsError, load
    from resources.config.writer import text

    file = Path.cwd() / FILE
    if file.exists() and not force:
        raise Refused(f"There is a {FILE} here already. Edit it, or replace it with --force.")
    if sys.stdin.isatty():
        home = home or Path(click.prompt("Folder of the archive", default="data"))
        time_zone = time_zone or click.prompt("Zone of the calendar day", default="Asia/Shanghai")
    asked = {
        "home": home,
        "time_zone": time_zone,
        "first_day": first_day,
        "vendor": BYTEPLUS.name if byteplus else None,
        "api_url": api_url,
    }
    given: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    settings = _tried(given)
    from resources.fs.atomic import write_whole

    write_whole(file, text(given).encode("utf-8"))
    if load({}, Path.cwd()) != settings:
        raise SettingsError(f"{file} does not say what was asked for. Please report this.")
    click.echo(f"{file}: written. `livestats settings` shows what counts.")
    if not offline and not _try_key():
        click.get_current_context().exit(1)


def _tried(given: dict[str, Any]) -> Settings:
    """The settings that the file will give, refused before anything is written."""
    from resources.api.catalog.vendors import VENDORS
    from resources.config import Settings

    if "vendor" in given:
        given = {"api_url": VENDORS[given["vendor"]].url, **given}
    if "home" in given:  # which the file takes from its own folder
        given = {**given, "home": Path.cwd() / given["home"].expanduser()}
    return Settings(**given)


def _try_key() -> bool:
    """Whether the API lists the account's domains; says what it found."""
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
    works = all(one.severity is not Severity.PROBLEM for one in found)
    click.echo()
    click.echo(
        "Next: livestats plan, then livestats backfill"
        if works
        else "The settings are written, the key does not work yet. Mend that, then: livestats doctor"
    )
    return works
