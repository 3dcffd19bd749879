"""The truth about traffic, bandwidth, viewers, requests: plain rows in the documented units.

GB is 10^9 bytes, Mbps is 10^6 bits a second. A row of a split has the split's values under the names
of its dimensions. TimeStamp is in seconds since 1970.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.second_server.atoms import Region, billed, minutes, status_counts
from tests.second_server.query import Query
from tests.second_server.times import DAY_S, SHANGHAI_S, day_start_s, shanghai_day
from tests.second_server.world import DOMAINS

Row = dict[str, object]
_GB = 10**9


def _mbps(bytes_: int, seconds: int) -> float:
    return bytes_ * 8 / seconds / 1e6


def minute_values(numbers: tuple[int, ...], start: int, stop: int, measure: str) -> list[int]:
    """The values of the minutes that start in [start, stop)."""
    found: list[int] = []
    for day in range(shanghai_day(start), shanghai_day(stop - 1) + 1):
        begin = day_start_s(day)
        first = max(0, -(-(start - begin) // 60))
        last = min(1440, -(-(stop - begin) // 60))
        found += minutes(numbers, day, measure)[first:last]
    return found


def billed_values(numbers: tuple[int, ...], start: int, stop: int, way: str) -> list[int]:
    """The billed bytes of the 5 minutes that start in [start, stop)."""
    found: list[int] = []
    for day in range(shanghai_day(start), shanghai_day(stop - 1) + 1):
        begin = day_start_s(day)
        first = max(0, -(-(start - begin) // 300))
        last = min(288, -(-(stop - begin) // 300))
        found += billed(numbers, day, way)[first:last]
    return found


def _series(query: Query, row: Callable[[tuple[int, ...], int, int], Row]) -> list[Row]:
    """One row for each combination of the split and each slot; all zero ones are in it too."""
    found: list[Row] = []
    for key, numbers in query.groups().items() or _nothing(query):
        labels: Row = dict(zip(query.dims, key, strict=True))
        found += [
            {**labels, "TimeStamp": at, **row(numbers, at, at + query.width_s)}
            for at in query.slots()
        ]
    return found


def _nothing(query: Query) -> Iterator[tuple[tuple[str, ...], tuple[int, ...]]]:
    if not query.dims:
        yield (), ()


def edge(query: Query) -> list[Row]:
    """EdgeStatData: traffic (GB), the highest minute (Mbps), requests."""

    def row(numbers: tuple[int, ...], start: int, stop: int) -> Row:
        down = minute_values(numbers, start, stop, "down")
        up = minute_values(numbers, start, stop, "up")
        return {
            "DownBandwidth": _mbps(max(down), 60),
            "UpBandwidth": _mbps(max(up), 60),
            "DownTraffic": sum(down) / _GB,
            "UpTraffic": sum(up) / _GB,
            "Request": sum(minute_values(numbers, start, stop, "requests")),
        }

    return _series(query, row)


def pull_only(query: Query) -> Query:
    """The query for the pull domains alone (sessions and source traffic know no others)."""
    pull = tuple(d.name for d in DOMAINS if d.kind == "pull" and query.takes_domain(d.name))
    return replace(query, domains=pull)


def sessions(query: Query) -> list[Row]:
    """StreamSessionData: most viewers of a minute, requests; on BytePlus the hit rate, too."""
    kind = str(query.options.get("OnlineUserType", "Online")).lower()

    def row(numbers: tuple[int, ...], start: int, stop: int) -> Row:
        found: Row = {
            "OnlineUser": max(minute_values(numbers, start, stop, kind)),
            "Request": sum(minute_values(numbers, start, stop, "requests")),
        }
        if query.choices.edition == "byteplus":
            found["HitRate"] = 0.75 + start // 300 % 8 / 32 if found["Request"] else 0.0
        return found

    return _series(pull_only(query), row)


def source(query: Query) -> list[Row]:
    """SourceTrafficData: back-to-origin traffic (GB) and its highest minute (Mbps)."""

    def row(numbers: tuple[int, ...], start: int, stop: int) -> Row:
        values = minute_values(numbers, start, stop, "source")
        return {"Traffic": sum(values) / _GB, "Bandwidth": _mbps(max(values), 60)}

    return _series(pull_only(query), row)


def billed_traffic(query: Query) -> list[Row]:
    """TrafficData: billed traffic (GB)."""

    def row(numbers: tuple[int, ...], start: int, stop: int) -> Row:
        return {
            "DownTraffic": sum(billed_values(numbers, start, stop, "down")) / _GB,
            "UpTraffic": sum(billed_values(numbers, start, stop, "up")) / _GB,
        }

    return _series(query, row)


def billed_bandwidth(query: Query) -> list[Row]:
    """BandwidthData: one sample (Mbps) in 5 minutes; a wider slot holds the highest of them."""

    def row(numbers: tuple[int, ...], start: int, stop: int) -> Row:
        return {
            "DownBandwidth": _mbps(max(billed_values(numbers, start, stop, "down")), 300),
            "UpBandwidth": _mbps(max(billed_values(numbers, start, stop, "up")), 300),
        }

    return _series(query, row)


def status(query: Query) -> list[Row]:
    """PlayStatusCodeData: one row for each slot and code; Percent is of 100 within the slot."""
    kind = str(query.options.get("Type", "Access"))
    found = []
    for key, numbers in query.groups().items() or _nothing(query):
        labels = dict(zip(query.dims, key, strict=True))
        for at in query.slots():
            for code, count, percent in _codes(numbers, at, at + query.width_s, kind):
                found.append(
                    {
                        **labels,
                        "TimeStamp": at,
                        "StatusCode": code,
                        "Value": count,
                        "Percent": percent,
                    }
                )
    return found


def status_summary(query: Query) -> list[Row]:
    """The same over the whole window, without a split."""
    kind = str(query.options.get("Type", "Access"))
    numbers = tuple(atom.number for atom in query.atoms())
    at = query.slots()
    if not at:
        return []
    codes = _codes(numbers, at[0], at[-1] + query.width_s, kind)
    return [{"StatusCode": code, "Value": count, "Percent": share} for code, count, share in codes]


def _codes(
    numbers: tuple[int, ...], start: int, stop: int, kind: str
) -> list[tuple[int, int, float]]:
    counts: dict[int, int] = {}
    for at in range(start, stop, 60):
        minute = (at + SHANGHAI_S) % DAY_S // 60
        for code, count in status_counts(numbers, shanghai_day(at), minute, kind).items():
            counts[code] = counts.get(code, 0) + count
    total = sum(counts.values())
    return [(code, counts[code], 100 * counts[code] / total) for code in sorted(counts)]


def _per_stream(query: Query) -> dict[tuple[str, str, str], tuple[int, ...]]:
    found: dict[tuple[str, str, str], list[int]] = {}
    for atom in query.atoms():
        key = (atom.domain, atom.stream.app, atom.stream.name)
        found.setdefault(key, []).append(atom.number)
    return {key: tuple(found[key]) for key in sorted(found)}


def _window(query: Query) -> tuple[int, int]:
    """The minutes of a windowed total: those that start inside the window and are over."""
    return query.start, query.stop if query.now_s is None else min(query.stop, query.now_s)


def batch_sessions(query: Query) -> list[Row]:
    """BatchStreamSessionData: one row for each stream that had a viewer in the window."""
    query = pull_only(query)
    kind = str(query.options.get("OnlineUserType", "Viewer")).lower()
    start, stop = _window(query)
    found: list[Row] = []
    for (domain, app, stream), numbers in _per_stream(query).items():
        row = {
            "Domain": domain,
            "App": app,
            "Stream": stream,
            "PeakOnlineUser": max(minute_values(numbers, start, stop, kind), default=0),
            "TotalRequest": sum(minute_values(numbers, start, stop, "requests")),
        }
        if row["PeakOnlineUser"] or row["TotalRequest"]:
            found.append(row)
    return found


def batch_sessions_total(query: Query) -> Row:
    """The totals beside those rows: the peak of all streams together, all requests."""
    query = pull_only(query)
    kind = str(query.options.get("OnlineUserType", "Viewer")).lower()
    numbers = tuple(atom.number for atom in query.atoms())
    start, stop = _window(query)
    return {
        "PeakOnlineUser": max(minute_values(numbers, start, stop, kind), default=0),
        "TotalRequest": sum(minute_values(numbers, start, stop, "requests")),
    }


def batch_traffic(query: Query) -> list[Row]:
    """BatchStreamTrafficData: one row (GB) for each stream that had traffic in the window."""
    start, stop = _window(query)
    found: list[Row] = []
    for (domain, app, stream), numbers in _per_stream(query).items():
        down = sum(minute_values(numbers, start, stop, "down"))
        up = sum(minute_values(numbers, start, stop, "up"))
        if down or up:
            found.append(
                {
                    "Domain": domain,
                    "App": app,
                    "Stream": stream,
                    "DownTraffic": down / _GB,
                    "UpTraffic": up / _GB,
                }
            )
    return found


def top_play(query: Query) -> list[Row]:
    """TopPlayData: bps and bytes, best first; the peak is the highest mean of 5 minutes."""
    query = pull_only(query)
    by_domain = query.options.get("QueryType", "Stream") == "Domain"
    start, stop = _window(query)
    seconds = -(-(stop - start) // 3600) * 3600
    groups: dict[tuple[str, ...], list[int]] = {}
    for (domain, app, stream), numbers in _per_stream(query).items():
        key: tuple[str, ...] = (domain,) if by_domain else (domain, app, stream)
        groups.setdefault(key, []).extend(numbers)
    found: list[Row] = []
    for key, members in groups.items():
        values = minute_values(tuple(members), start, stop, "down")
        total = sum(values)
        if not total:
            continue
        peak = max(sum(values[i : i + 5]) for i in range(0, len(values), 5))
        row: Row = dict(zip(("Domain", "App", "Stream"), key, strict=False))
        row.update(
            PeakBandwidth=peak * 8 / 300, AvgBandwidth=total * 8 / seconds, TotalTraffic=total
        )
        found.append(row)
    sort_by = str(query.options.get("SortBy", "PeakBandwidth"))
    return sorted(found, key=lambda row: -float(str(row[sort_by])))[:1000]


def percentile(query: Query) -> Row:
    """P95PeakBandwidthData: the 95th percentile (Mbps) of up plus down bandwidth and its instant.

    With several regions it is the sum over the regions; the instant is the first region's.
    """
    parts = [query]
    if query.nodes and len(query.nodes) > 1:
        parts = [replace(query, nodes=(one,)) for one in query.nodes]
    elif query.clients and len(query.clients) > 1:
        parts = [replace(query, clients=(one,)) for one in query.clients]
    results = [_percentile(part) for part in parts]
    return {
        "P95PeakBandwidth": math.fsum(value for value, _ in results),
        "P95PeakTimestamp": results[0][1],
    }


def _percentile(query: Query) -> tuple[float, int]:
    numbers = tuple(atom.number for atom in query.atoms())
    starts = query.slots()
    if not starts:
        return 0.0, query.start
    stop = starts[-1] + 300
    down = billed_values(numbers, starts[0], stop, "down")
    up = billed_values(numbers, starts[0], stop, "up")
    samples = sorted(
        ((d + u, -at) for d, u, at in zip(down, up, starts, strict=True)), reverse=True
    )
    share = len(samples) * 5 / 100
    left_out = math.floor(share) if query.choices.percentile == "floor" else math.ceil(share)
    value, at = samples[min(left_out, len(samples) - 1)]
    return _mbps(value, 300), -at


def regions_of(items: list[dict[str, str]]) -> tuple[Region, ...]:
    """A region filter of the wire as triples; "" takes all below."""
    return tuple((i.get("Area", ""), i.get("Country", ""), i.get("Province", "")) for i in items)
