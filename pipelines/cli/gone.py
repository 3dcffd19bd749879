"""`livestats gone`: a person says that a domain or stream is gone for good, so that it is asked no more.

Not here: which items a day lacks (resources/ledger/coverage.py), the list (resources/home/layout.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from pipelines.cli import screen
from pipelines.cli.options import Refused, json_option, opened, opened_to_change, require_archive

if TYPE_CHECKING:
    from resources.archive import Archive


@click.command()
@click.argument("names", metavar="[DOMAIN|DOMAIN/APP/STREAM ...]", nargs=-1)
@click.option("--undo", is_flag=True, help="Ask for these domains and streams again.")
@json_option
def gone(names: tuple[str, ...], undo: bool, as_json: bool) -> None:
    r"""Ask no more for domains that left the account, or streams that are always refused.

    The API refuses a domain that another account owns now, and some names of streams; each day that had
    the name asked is incomplete. What is gone is not asked for any more, and no day is incomplete for
    want of it. What was captured of it stays. Without a name: the list.

    \b
    Examples:
      livestats gone old.example.com
      livestats gone push.example.com/live/room1
      livestats gone old.example.com --undo
      livestats gone
    """
    from resources.api.catalog.spelling import domain_key, stream_key
    from resources.api.errors import printable
    from resources.ledger.unlisted import gone_and_listed

    archive = opened_to_change() if names else opened()
    home = archive.home
    require_archive(archive)
    if undo and not names:
        raise Refused("--undo needs what to ask for again: livestats gone DOMAIN --undo")
    streams = [name for name in names if "/" in name]
    domains = [name for name in names if "/" not in name]
    known = _known_domains(archive)
    named = {domain_key(name) for name in domains}
    _check(domains, named - known.keys() - home.gone_domains, domain_key, _NO_DOMAIN)
    wanted = {stream_key(name) for name in streams}
    unknown = wanted - home.gone_streams
    _check(
        streams, unknown - _lacking_streams(archive) if unknown else unknown, stream_key, _NO_STREAM
    )
    if domains:
        home.set_gone_domains(home.gone_domains - named if undo else home.gone_domains | named)
    if streams:
        home.set_gone_streams(home.gone_streams - wanted if undo else home.gone_streams | wanted)
    found = [*sorted(known.get(key, key) for key in home.gone_domains), *sorted(home.gone_streams)]
    if as_json:
        screen.emit_json({"gone": found})
        return
    screen.say("Gone: " + ", ".join(map(printable, found)) if found else "Nothing is gone.")
    alive = gone_and_listed(home) if domains and not undo else []
    if again := [name for name in alive if domain_key(name) in named]:
        screen.say(
            printable(
                f"The newest list of the account has {', '.join(again)}: unless it is refused, "
                "take it back with --undo, or its days will lack it without saying so."
            )
        )
    if names:
        screen.say(
            "Tables and marts have it after the next `livestats backfill` or `livestats publish`."
        )


_NO_DOMAIN = (
    "is not a domain of this archive: nothing was changed. `livestats account` lists its domains."
)
_NO_STREAM = (
    "is not a stream that a captured day lacks, as DOMAIN/APP/STREAM: nothing was changed. `livestats "
    "status` names what days lack."
)


def _check(names: list[str], strange: set[str], key: Callable[[str], str], fault: str) -> None:
    """Raise Refused for the first name whose key is strange."""
    for name in names:
        if key(name) in strange:
            raise Refused(f"{name} {fault}")


def _known_domains(archive: Archive) -> dict[str, str]:
    """Domains of the settings and of all lists, by the form in which they compare."""
    from resources.api.catalog.spelling import domain_key
    from resources.ledger.known_items import configured_domains, listed_domains

    every = (
        *configured_domains(archive.settings),
        *(one.domain for one in listed_domains(archive.home.lake)),
    )
    return {domain_key(domain.name): domain.name for domain in every}


def _lacking_streams(archive: Archive) -> set[str]:
    """The streams that captured days lack, in the form in which they compare."""
    from resources.api.catalog.spelling import stream_key

    ledgers = archive.ledgers(archive.daily, archive.first_day, archive.today)
    items = {item for lines in ledgers.values() for line in lines for item in line.lacking}
    return {stream_key(item) for item in items if "/" in item}
