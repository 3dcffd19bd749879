"""What every table must hold if it is filled from the second server, in the units of the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.second_server import usage
from tests.second_server.choices import Choices
from tests.second_server.world import CARRIERS
from tests.support import second_lists
from tests.support.second_series import SERIES, Row, Series, of_series

UNTRIED: Mapping[str, str] = {
    # name of the dataset: reason
}
"""Datasets that the second server does not answer yet, with the reason."""


@dataclass(frozen=True)
class SecondTruth:
    """All tables for some days of a server with these choices, asked at now_s; url: where it is."""

    days: Sequence[date]
    choices: Choices
    now_s: int
    url: str = ""
    others: Mapping[str, Callable[[], Iterator[Row]]] = field(init=False)

    def __post_init__(self) -> None:
        days, choices = self.days, self.choices
        others: dict[str, Callable[[], Iterator[Row]]] = {
            "domain": lambda: second_lists.domains(choices),
            "region": second_lists.regions,
            "isp": lambda: ({"isp": k, "isp_name": v} for k, v in CARRIERS.items()),
            "ip_info": lambda: second_lists.addresses(days, choices),
            "batch_stream_session": lambda: second_lists.batch_session(days, choices),
            "batch_stream_traffic": lambda: second_lists.batch_traffic(days, choices),
            "batch_stream_transcode": lambda: second_lists.batch_transcode(days, choices),
            "top_play": lambda: second_lists.top_play(days, choices),
            "push_stream_info": lambda: second_lists.pushes(days, choices),
            "closed_stream_info": lambda: second_lists.closed(days, choices),
            "transcode_info": lambda: second_lists.tasks(days, choices),
            "callback": lambda: second_lists.callbacks(days, choices),
            "log_file": lambda: second_lists.log_files(days, choices, self.url, self.now_s),
            "p95_peak_bandwidth": lambda: second_lists.percentile(days, choices),
            "time_shift": lambda: second_lists.storage(
                days, choices, usage.time_shift, self.now_s - 8 * 3600
            ),
            "storage_space": lambda: second_lists.storage(
                days, choices, usage.storage_space, self.now_s
            ),
            "push_stream_metrics": lambda: second_lists.quality(days, choices, 30, False, False),
            "source_stream_metrics": lambda: second_lists.quality(days, choices, 30, True, False),
            "batch_push_stream_metrics": lambda: second_lists.quality(
                days, choices, 60, False, True
            ),
            "batch_source_stream_metrics": lambda: second_lists.quality(
                days, choices, 60, True, True
            ),
        }
        object.__setattr__(self, "others", others)

    @property
    def tables(self) -> set[str]:
        """The tables that this module has a truth for."""
        return {*SERIES, *self.others}

    def rows(self, name: str, series: Series | None = None) -> list[Row]:
        """The rows of a table, or of `series`. Raises KeyError for a table without a truth."""
        if series is not None or name in SERIES:
            return [*of_series(series or SERIES[name], self.days, self.choices)]
        return [*self.others[name]()]


def same(left: Any, right: Any) -> bool:
    """Equal, but for the last bits of a product of floats."""
    if isinstance(left, float) and isinstance(right, float | int):
        return abs(left - right) <= 1e-12 * max(abs(left), abs(right))
    return bool(left == right)


def differences(found: list[Row], expected: list[Row], most: int = 3) -> list[str]:
    """A few rows that differ; [] if both hold the same rows, in whatever order."""
    told: list[str] = []
    names = sorted({name for row in expected for name in row})
    numbers = {n for row in expected for n, v in row.items() if isinstance(v, float)}

    def key(row: Row) -> tuple[str, ...]:
        return tuple(str(row.get(n)) for n in names if n not in numbers)

    left, right = sorted(found, key=key), sorted(expected, key=key)
    if len(left) != len(right):
        told.append(f"{len(left)} rows, expected {len(right)}")
        mine, theirs = {key(row) for row in left}, {key(row) for row in right}
        told += [f"missing {one}" for one in sorted(theirs - mine)[:most]]
        told += [f"too much {one}" for one in sorted(mine - theirs)[:most]]
        return told
    for one, other in zip(left, right, strict=True):
        wrong = {n: (one.get(n), other.get(n)) for n in names if not same(one.get(n), other.get(n))}
        if wrong and len(told) < most:
            told.append(f"{key(other)}: {wrong}")
    return told
