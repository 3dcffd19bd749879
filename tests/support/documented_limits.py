"""What the vendor documents of each action, read from tests/documented.toml, where it is written down.

The catalog, the planner, the parser and the simulator are tested against it.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, kw_only=True)
class Documented:
    """One action. Times in seconds."""

    rows: str  # lists of the answer down to the rows, joined by dots
    split_rows: str | None = None  # the same of an answer to DetailField
    childless_are_rows: bool = False
    absent_on: tuple[str, ...] = ()
    lacking: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """vendor -> parameters, or NAME=VALUE, that it does not take."""
    method: str = "POST"
    times: tuple[str, str] = ("StartTime", "EndTime")
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    rate: int | None = 30  # calls per second
    history_days: int | None = None
    window_limits: dict[tuple[int | None, int], int] = field(default_factory=dict)
    """(bucket or None, number of DetailField entries from which it holds) -> longest window."""
    default_bucket: int | None = None
    delay: int | dict[int, int] | None = None  # age of complete data, by bucket or for all
    page: tuple[int, int, int | None] | None = None  # smallest size, largest, default
    page_is_text: bool = False
    page_echo: str | None = None  # its name in the answer
    allowed: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    together: tuple[tuple[str, ...], ...] = ()
    not_both: tuple[tuple[str, str], ...] = ()
    not_lists: tuple[str, ...] = ()  # parameters of one value, though lists of other actions
    most_items: dict[str, int] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)  # of numbers in rows, as they are sent
    example: dict[str, Any] = field(default_factory=dict)  # a request beside its times

    @property
    def is_timed(self) -> bool:
        """Whether it is asked about a window."""
        return self.times[0] in self.required

    @property
    def buckets(self) -> set[int]:
        """The bucket widths that it offers."""
        return {bucket for bucket, _ in self.window_limits if bucket is not None}

    def longest(self, bucket: int | None, splits: int) -> int | None:
        """The longest window, None if no limit is documented."""
        fitting = [
            (s, t) for (b, s), t in self.window_limits.items() if b == bucket and s <= splits
        ]
        return max(fitting)[1] if fitting else None

    def is_list(self, name: str) -> bool:
        """Whether a parameter is a list of values."""
        return name not in self.not_lists and (name.endswith("List") or name in _LISTS)

    def values_of(self, name: str) -> set[Any] | None:
        """What a parameter may be; None: anything."""
        if name == "Aggregation":
            return self.buckets
        return set(self.allowed[name]) if name in self.allowed else None


def _seconds(span: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(\w+)", span).groups()  # type: ignore[union-attr]
    return int(number) * _SECONDS[unit]


def _limits(said: dict[str, Any], name: str, splits: int) -> dict[tuple[int | None, int], int]:
    return {
        (None if bucket == "any" else int(bucket), splits): _seconds(span)
        for bucket, span in said.pop(name, {}).items()
    }


def _documented(said: dict[str, Any]) -> Documented:
    limits = _limits(said, "longest", 0) | _limits(said, "longest_in_two_splits", 2)
    delay, pages = said.pop("delay", None), said.pop("pages", None)
    if isinstance(delay, dict):
        delay = {int(bucket): _seconds(span) for bucket, span in delay.items()}
    elif delay is not None:
        delay = _seconds(delay)
    if pages is not None:
        said["page"] = (pages["smallest"], pages["largest"], pages.get("default"))
        said["page_is_text"] = pages.get("as_text", False)
        said["page_echo"] = pages.get("echo")
    for name in ("together", "not_both"):
        said[name] = tuple(tuple(names) for names in said.get(name, ()))
    said["allowed"] = {name: tuple(values) for name, values in said.get("allowed", {}).items()}
    said["rate"] = said.get("rate", 30) or None
    for name in ("required", "optional", "not_lists"):
        said[name] = tuple(said.get(name, ()))
    for name in ("times", "absent_on"):
        if name in said:
            said[name] = tuple(said[name])
    return Documented(window_limits=limits, delay=delay, **said)


_FILE = tomllib.loads((Path(__file__).parents[1] / "documented.toml").read_text("utf-8"))
_LISTS = frozenset(_FILE.pop("lists"))

DOCUMENTED: dict[str, Documented] = {action: _documented(said) for action, said in _FILE.items()}
