"""`livestats accept`: a person says that an answer is right which others, or itself, contradict.

Not here: which days are suspect (resources/ledger/suspicion.py), the note (ledger/acceptance.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING

import click

from pipelines.cli import complete, screen
from pipelines.cli.options import Days, Refused, chosen, opened_to_change, require_archive

if TYPE_CHECKING:
    from resources.archive import Archive
    from resources.ledger.states import Entry


@click.command()
@click.argument("dataset", shell_complete=complete.datasets)
@click.argument("days", metavar="DAY [DAY ...]", nargs=-1, required=True, type=Days())
@click.option("--reason", required=True, help="Why the answer is right; kept with your name.")
def accept(dataset: str, days: tuple[tuple[date, date], ...], reason: str) -> None:
    r"""Accept suspect days: what the vendor answered is right.

    A day is suspect if it is empty or nearly empty, as a whole or for one domain, and other datasets
    contradict that, or if its answer contradicts itself, as a total that differs from its rows does.
    An accepted day counts as complete, and is not asked again for that reason. The note (who, when,
    why) stays beside the captures of the day for ever; a later capture with other rows or other
    contradictions is judged anew.

    \b
    Examples:
      livestats accept top_play 2026-11-20 --reason "the vendor says that nothing was ranked"
      livestats accept edge_stat 2026-11-20 2026-11-21 --reason "edge was switched off"
      livestats accept top_play 2026-11-01..2026-11-07 --reason "the vendor says so"

    Exits with 0 if all days are accepted, with 2 if one of them is not suspect: then nothing is
    written.
    """
    archive = opened_to_change()
    require_archive(archive)
    if not reason.strip():
        raise Refused("--reason is empty: say why the answer is right.")
    (about,) = chosen([dataset], ())
    suspect = [_suspect(archive, about.name, day) for day in _each(days)]
    by = _user()
    for line in suspect:
        _write(archive, line, by, reason.strip())
        doubt = f", {line.doubt}" if line.doubt else ""
        rows = screen.counted(line.rows or 0, "row")
        screen.say(f"Accepted: {line.dataset} {line.day}, {rows}{doubt}.")
    screen.say("The table ledger has it after the next backfill, or `livestats publish`.")


def _each(ranges: Iterable[tuple[date, date]]) -> list[date]:
    """Every day of these ranges once, in order."""
    found = {a + timedelta(days=i) for a, b in ranges for i in range((b - a).days + 1)}
    return sorted(found)


def _suspect(archive: Archive, name: str, day: date) -> Entry:
    from resources.api.catalog import DATASETS

    about = DATASETS[name]
    lines = [] if about.is_dimension else archive.ledger(about, day, day)
    if lines and lines[0].is_suspect:
        return lines[0]
    state = f"it is {lines[0].state}" if lines else "it has no days"
    raise Refused(
        f"{name} {day} is not suspect, {state}: nothing was accepted. `livestats status` names the "
        "suspect days."
    )


def _write(archive: Archive, line: Entry, by: str, reason: str) -> None:
    from resources.api.catalog import DATASETS
    from resources.home import day_lock
    from resources.ledger import acceptance
    from resources.raw import captures

    dataset = DATASETS[line.dataset]
    folder = captures.folder_of(archive.home.raw, line.dataset, line.day)
    held = day_lock.try_lock(archive.home, dataset, line.day)
    if held is None:
        raise Refused(f"{line.dataset} {line.day} is being captured now. Run it again later.")
    try:
        if line.capture is None or captures.captures_in(folder)[-1].text != line.capture:
            raise Refused(f"{line.dataset} {line.day} was captured again meanwhile. Look again.")
        acceptance.accept(folder, line.capture, archive.now(), by, reason)
    except ValueError as error:
        raise Refused(
            f"{folder / acceptance.ACCEPTED}: {error}. `livestats verify` says what to do."
        ) from error
    finally:
        held.release()


def _user() -> str:
    """Name of the user of this process; the number where the system knows no name."""
    import getpass
    import os

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getuid())
