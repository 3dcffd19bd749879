"""What `livestats status` says of the vendor's log files: sentences, and the same for programs.

The figures come from resources/logs/states.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pipelines.cli import screen

if TYPE_CHECKING:
    from resources.logs.states import LogDay


def sentences(days: Sequence[LogDay]) -> Iterator[str]:
    """How many files are kept, and which days lost some; nothing if files are not asked for."""
    if not days:
        return
    listed = sum(one.files for one in days)
    kept = listed - sum(len(one.lacking) for one in days)
    size = screen.size(sum(one.bytes for one in days))
    yield f"Log files: {kept:,} of {screen.counted(listed, 'file')} kept, {size}."
    if lost := [one.day for one in days if one.state.value == "lost" and one.lacking]:
        yield f"Log files lost: some of {screen.days_text(lost)}; the vendor keeps them for 31 days."


def answer(days: Sequence[LogDay]) -> list[dict[str, Any]]:
    """The same for programs, by day."""
    return [
        {
            "day": str(one.day),
            "state": one.state.value,
            "files": one.files,
            "lacking": [str(file) for file in one.lacking],
            "bytes": one.bytes,
            "final_at": one.final_at.isoformat(),
            "askable_until": one.expires_at.isoformat(),
        }
        for one in days
    ]
