"""In which hours of a day each domain has activity, by the rows of one dataset: some, or plenty.

Two bit masks for each domain, so that series can be compared without reading their rows. Bits are hours
since 1970 modulo 32, the same for all datasets of a day; bit DAY stands for the whole day. Bit WHOLE_PUSH, of
the first mask alone, says that a push began and ended within the day. Not here: what
follows where one dataset has activity and another has none (ledger/silent_hours.py), or an earlier answer
has (ledger/taken_back.py).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.api.catalog.columns import SLOT_START_AT
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.spelling import domain_key
from resources.api.windows import Window

HOURS = 32
DAY = HOURS
WHOLE_PUSH = DAY + 1

WHOLE_PUSH_S = 600
"""A push of that length, so far from both ends of the day, is in the list of pushes for certain."""

_HOUR_US = 3_600_000_000
_MB = 10**6


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What shows activity in the rows of a dataset, and how much of it is plenty."""

    column: str = ""  # that is summed; "": minutes of the slots that have a row
    where: Mapping[str, str] = field(default_factory=dict)  # rows that count: column -> value
    per_slot_s: int = 0  # a level, not a sum: counted once for so many seconds of a slot
    hourly: float = 0.0  # plenty in an hour; 0: rows tell no hour
    daily: float
    session: str = ""  # column that tells pushes apart; "": rows tell none


_ONLINE = MappingProxyType({"online_user_type": "Online"})
_REQUESTS = Measure(column="requests", where=_ONLINE, hourly=100, daily=100)
_EDGE = Measure(column="down_traffic_bytes", hourly=1000 * _MB, daily=100 * _MB)
_CODES = Measure(column="status_count", where={"request_type": "Access"}, hourly=100, daily=100)

MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "stream_session": _REQUESTS,
        "stream_session_by_domain": _REQUESTS,
        "batch_stream_session": Measure(column="requests", where=_ONLINE, daily=100),
        "edge_stat": _EDGE,
        "edge_stat_by_protocol": _EDGE,
        "edge_stat_by_region": _EDGE,
        "edge_stat_by_domain": _EDGE,
        "traffic": _EDGE,
        "bandwidth": Measure(column="down_bandwidth_mbps", per_slot_s=300, hourly=30, daily=30),
        "batch_stream_traffic": Measure(column="down_traffic_bytes", daily=100 * _MB),
        "play_status_code": _CODES,
        "play_status_code_by_domain": _CODES,
        "batch_push_stream_metrics": Measure(
            where={"agg_type": "max"}, hourly=30, daily=30, session="session_id"
        ),
        "push_stream_metrics": Measure(hourly=30, daily=30),
        "stream_count": Measure(
            column="peak_streams",
            where={"stream_type": "push"},
            per_slot_s=300,
            hourly=12,
            daily=12,
        ),
        "push_stream_count": Measure(column="peak_streams", per_slot_s=300, hourly=12, daily=12),
    }
)
"""Dataset -> its measure. Thresholds are those of the rules hours_of_* in reconciliation."""

COMPARED_WITH_ITSELF: Mapping[str, Measure] = MappingProxyType(
    {
        name: Measure(column=column, daily=math.inf)
        for name, column in (
            ("source_traffic", "origin_traffic_bytes"),
            ("source_traffic_by_domain", "origin_traffic_bytes"),
            ("transcode", "transcode_minutes"),
            ("record", "peak_recorded_streams"),
            ("snapshot", "snapshot_pictures"),
            ("audit", "audited_pictures"),
            ("asr_duration", "caption_minutes"),
        )
    }
)
"""Dataset -> its measure, of those that no other dataset shows: earlier answers alone contradict it."""


def measure_of(name: str) -> Measure | None:
    """The measure of a dataset; None: its activity is not noted."""
    return MEASURES.get(name) or COMPARED_WITH_ITSELF.get(name)


class Activity:
    """Sums of a dataset's measure by domain and hour."""

    def __init__(self, dataset: Dataset) -> None:
        """Start without rows."""
        self._measure = measure_of(dataset.name)
        self._sums: dict[str, np.ndarray] = {}
        self._sessions: dict[tuple[str, str], Window] = {}  # (domain, id) -> first and last slot

    def add(self, table: pa.Table) -> None:
        """Add rows."""
        measure = self._measure
        if measure is None or not table.num_rows:
            return
        wanted = ["domain", SLOT_START_AT, "slot_seconds", "status_code", measure.column]
        wanted += [measure.session]
        names = [*dict.fromkeys([*wanted, *measure.where])]
        table = table.select([name for name in names if name in table.column_names])
        for name, value in measure.where.items():
            table = table.filter(pc.equal(table.column(name), value))
        if "status_code" in table.column_names:
            table = table.filter(pc.less(table.column("status_code"), 400))
        if not table.num_rows:
            return
        if measure.session:
            self._add_sessions(table, measure.session)
        domains = table.column("domain").combine_chunks().dictionary_encode()
        place = np.asarray(domains.indices).astype(np.int64) * (HOURS + 1)
        values, size = _values(measure, table), len(domains.dictionary) * (HOURS + 1)
        sums = np.bincount(place + DAY, values, size)
        if measure.hourly:
            begins = table.column(SLOT_START_AT).to_numpy().view(np.int64)
            sums += np.bincount(place + begins // _HOUR_US % HOURS, values, size)
        for name, found in zip(
            domains.dictionary.to_pylist(), sums.reshape(-1, HOURS + 1), strict=True
        ):
            key = domain_key(str(name))
            self._sums[key] = self._sums[key] + found if key in self._sums else found

    def _add_sessions(self, table: pa.Table, column: str) -> None:
        times = [(SLOT_START_AT, "min"), (SLOT_START_AT, "max")]
        groups = table.group_by(["domain", column], use_threads=False)  # see write_stats.py
        for row in groups.aggregate(times).to_pylist():
            key = domain_key(str(row["domain"])), str(row[column])
            first, last = row[f"{SLOT_START_AT}_min"], row[f"{SLOT_START_AT}_max"]
            before = self._sessions.get(key, (first, last))
            self._sessions[key] = min(first, before[0]), max(last, before[1])

    def masks(self, day: Window | None = None) -> dict[str, tuple[int, int]] | None:
        """Domain -> bits with some activity, and with plenty; None: the dataset has no measure.

        Without `day` there is no bit WHOLE_PUSH.
        """
        if self._measure is None:
            return None
        least = np.full(HOURS + 1, self._measure.hourly or np.inf)
        least[DAY] = self._measure.daily
        whole = {domain for (domain, _), its in self._sessions.items() if day and _is_in(its, day)}
        return {
            name: (_bits(of > 0) | (name in whole) << WHOLE_PUSH, _bits(of >= least))
            for name, of in self._sums.items()
        }


def _values(measure: Measure, table: pa.Table) -> np.ndarray:
    slot_s: np.ndarray = np.array(0)
    if "slot_seconds" in table.column_names:
        slot_s = table.column("slot_seconds").to_numpy()
    if not measure.column:
        return slot_s / 60
    column = table.column(measure.column).cast(pa.float64(), safe=False)
    values: np.ndarray = np.nan_to_num(column.to_numpy())
    return values * slot_s / measure.per_slot_s if measure.per_slot_s else values


def _is_in(session: Window, day: Window) -> bool:
    apart = timedelta(seconds=WHOLE_PUSH_S)
    is_inside = day[0] + apart <= session[0] and session[1] <= day[1] - apart
    return is_inside and session[1] - session[0] >= apart


def _bits(there: np.ndarray) -> int:
    return sum(1 << int(bit) for bit in np.flatnonzero(there))
