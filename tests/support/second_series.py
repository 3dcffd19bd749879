"""What the tables with slots must hold if they are filled from the second server.

Names of columns and factors are written down here by hand, from docs/dictionary.md and docs/units.md:
the catalog of the project takes no part, so that a wrong factor or field in it is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from tests.second_server import streams, traffic, usage
from tests.second_server.choices import Choices
from tests.second_server.query import Query
from tests.second_server.times import DAY_S
from tests.second_server.world import DOMAINS

Row = dict[str, Any]
Column = tuple[str, float | None]  # field of the truth, factor (None: the value as it is)
GB = 1e9
PUSH = tuple(d.name for d in DOMAINS if d.kind == "push")
PULL = tuple(d.name for d in DOMAINS if d.kind == "pull")
ZONE_S = 8 * 3600
"""Offset of the archive's zone; a test of another zone sets it."""


def instant(seconds: float) -> datetime:
    """A time of the truth as the tables show it."""
    return datetime.fromtimestamp(seconds, UTC)


def day_start(day: date) -> int:
    """The instant at which a day starts in the zone of the archive."""
    return int((datetime(day.year, day.month, day.day, tzinfo=UTC)).timestamp()) - ZONE_S


def query(days: Sequence[date], choices: Choices, **more: Any) -> Query:
    """A query for whole days, to their last instant."""
    return Query(day_start(days[0]), day_start(days[-1]) + DAY_S, choices=choices, **more)


@dataclass(frozen=True)
class Series:
    """A table with slots. variants: values of a label -> options of the truth."""

    rows: Callable[[Query], list[Row]]
    columns: Mapping[str, Column]
    dims: tuple[str, ...] = ()
    width_s: int = 300
    variants: tuple[tuple[Row, Row], ...] = (({}, {}),)
    of_each_domain: bool = False


_EDGE = {
    "up_bandwidth_mbps": ("UpBandwidth", None),
    "down_bandwidth_mbps": ("DownBandwidth", None),
    "up_traffic_bytes": ("UpTraffic", GB),
    "down_traffic_bytes": ("DownTraffic", GB),
    "requests": ("Request", None),
}
_SESSION: Mapping[str, Column] = {
    "online_users": ("OnlineUser", None),
    "requests": ("Request", None),
    "hit_rate": ("HitRate", None),
}
_SOURCE = {"origin_bandwidth_mbps": ("Bandwidth", None), "origin_traffic_bytes": ("Traffic", GB)}
_STATUS: Mapping[str, Column] = {
    "status_code": ("StatusCode", None),
    "status_count": ("Value", None),
    "share_percent": ("Percent", None),
}
_COUNT = {"peak_streams": ("PeakCount", None)}
USERS = tuple(
    ({"online_user_type": kind}, {"OnlineUserType": kind})
    for kind in ("Online", "Viewer", "ClientIP")
)
_ACCESS = tuple(({"request_type": kind}, {"Type": kind}) for kind in ("Access", "Source"))
_TYPES = tuple(
    ({"stream_type": kind}, {"StreamType": [kind]})
    for kind in ("push", "relay-source", "transcode")
)
_BY_DOMAIN, _BY_CARRIER = ("Domain",), ("Domain", "ISP")
SERIES: dict[str, Series] = {
    "edge_stat": Series(traffic.edge, _EDGE, _BY_CARRIER),
    "edge_stat_by_domain": Series(traffic.edge, _EDGE, _BY_DOMAIN),
    "edge_stat_account": Series(traffic.edge, _EDGE),
    "edge_stat_by_protocol": Series(traffic.edge, _EDGE, ("Domain", "Protocol")),
    "edge_stat_by_region": Series(traffic.edge, _EDGE, ("Domain", "UserArea", "UserCountry")),
    "stream_session": Series(traffic.sessions, _SESSION, _BY_CARRIER, variants=USERS),
    "stream_session_by_domain": Series(traffic.sessions, _SESSION, _BY_DOMAIN, variants=USERS),
    "stream_session_account": Series(traffic.sessions, _SESSION, variants=USERS),
    "source_traffic": Series(traffic.source, _SOURCE, _BY_CARRIER),
    "source_traffic_by_domain": Series(traffic.source, _SOURCE, _BY_DOMAIN),
    "source_traffic_account": Series(traffic.source, _SOURCE),
    "play_status_code": Series(traffic.status, _STATUS, _BY_CARRIER, variants=_ACCESS),
    "play_status_code_by_domain": Series(traffic.status, _STATUS, _BY_DOMAIN, variants=_ACCESS),
    "play_status_code_account": Series(traffic.status, _STATUS, variants=_ACCESS),
    "stream_count": Series(streams.stream_count, _COUNT, _BY_DOMAIN, variants=_TYPES),
    "stream_count_account": Series(streams.stream_count, _COUNT, variants=_TYPES),
    "push_stream_count": Series(streams.push_stream_count, _COUNT, _BY_DOMAIN),
    "traffic": Series(
        traffic.billed_traffic,
        {"up_traffic_bytes": ("UpTraffic", GB), "down_traffic_bytes": ("DownTraffic", GB)},
        _BY_DOMAIN,
    ),
    "bandwidth": Series(
        traffic.billed_bandwidth,
        {"up_bandwidth_mbps": ("UpBandwidth", None), "down_bandwidth_mbps": ("DownBandwidth", None)},
        _BY_DOMAIN,
    ),
    "record": Series(streams.record_count, {"peak_recorded_streams": ("Value", None)}, _BY_DOMAIN),
    "snapshot": Series(
        usage.snapshots, {"snapshot_pictures": ("Value", None)}, _BY_DOMAIN, width_s=DAY_S
    ),
    "audit": Series(
        usage.audits, {"audited_pictures": ("Count", None)}, _BY_DOMAIN, width_s=DAY_S
    ),
    "transcode": Series(
        usage.transcode_days,
        {
            "transcode_type": ("TranscodeType", None),
            "resolution": ("Resolution", None),
            "transcode_minutes": ("Duration", None),
        },
        width_s=DAY_S,
        of_each_domain=True,
    ),
    "pull_to_push": Series(
        streams.relay_minutes, {"relay_minutes": ("Value", None)}, width_s=DAY_S
    ),
    "pull_to_push_bandwidth": Series(
        streams.relay_bandwidth, {"up_bandwidth_mbps": ("UpBandwidth", None)}
    ),
    "asr_duration": Series(
        usage.speech_minutes, {"caption_minutes": ("Duration", None)}, of_each_domain=True
    ),
}  # fmt: skip
_LABEL = {
    "Domain": "domain",
    "ISP": "isp",
    "Protocol": "protocol",
    "Area": "area",
    "UserArea": "user_area",
    "UserCountry": "user_country",
    "UserProvince": "user_province",
}


def value_of(row: Row, column: Column) -> Any:
    name, factor = column
    value = row.get(name)
    return value if factor is None else value * factor


def of_series(one: Series, days: Sequence[date], choices: Choices) -> Iterator[Row]:
    variants = one.variants
    if choices.edition == "byteplus" and variants is USERS:
        variants = USERS[:1]
    for day in days:
        for labels, options in variants:
            for domain in (*PUSH, *PULL) if one.of_each_domain else (None,):
                found = one.rows(
                    query(
                        [day],
                        choices,
                        width_s=one.width_s,
                        dims=one.dims,
                        options=options,
                        domains=(domain,) if domain else None,
                    )
                )
                found = [row for row in found if row["TimeStamp"] >= day_start(day)]
                for row in _sent(found, one, choices):
                    yield {
                        "business_date": day,
                        "slot_start_at": instant(row["TimeStamp"]),
                        "slot_seconds": one.width_s,
                        **labels,
                        **{_LABEL[dim]: row[dim] for dim in one.dims},
                        **({"domain": domain} if domain else {}),
                        **{name: value_of(row, column) for name, column in one.columns.items()},
                    }


def _sent(found: list[Row], one: Series, choices: Choices) -> list[Row]:
    """Rows that come back at all: no part without usage, and no slot where zeros are left out."""

    def says(row: Row) -> bool:
        return any(
            row.get(name)
            for name, _ in one.columns.values()
            if name not in ("TranscodeType", "Resolution", "StatusCode")
        )

    if choices.zero_slots == "left_out":
        return [row for row in found if says(row)]
    if choices.empty_detail and set(one.dims) <= {"Domain", "ISP"}:
        return found
    parts = {tuple(row[dim] for dim in one.dims) for row in found if says(row)}
    if not one.dims:
        return found
    return [row for row in found if tuple(row[dim] for dim in one.dims) in parts]
