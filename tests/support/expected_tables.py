"""What every table must hold, straight from the simulated world, and the difference to what it holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa

from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import PROTOCOL_GROUPS, SPLITS, DedupKeep, DomainRole, Scope
from resources.api.windows import day_window
from resources.simulator import truth
from resources.simulator.places import ISPS
from resources.warehouse.dataset_docs import tables
from tests.support.archives import DAYS, NOW, Lab

DICTIONARY = {table["table"]: table for table in tables()}
SECOND = timedelta(seconds=1)
MINUTES_IN_WINDOW = ("transcode_info", "batch_stream_transcode")
KINDS = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMPTZ": pa.timestamp("us", "UTC"),
}
LEVELS = {  # codes and names of three levels have one field name: `truth` puts the list in front
    "area_code": "Areas.Code",
    "area_name": "Areas.Name",
    "country_code": "Countries.Code",
    "country_name": "Countries.Name",
}


class Expected:
    """The tables that a perfect capture of `days` gives; made from the world, without the planner."""

    def __init__(self, lab: Lab, days: Sequence[date] = DAYS, now: datetime = NOW) -> None:
        self._lab, self._days, self._now = lab, days, now
        self._world = lab.simulator.world
        self._options = lab.simulator._service.api.answers
        sites = self._world.sites.values()
        self._domains = {
            DomainRole.PUSH: sorted(s.name for s in sites if s.is_push),
            DomainRole.PULL: sorted(s.name for s in sites if not s.is_push),
            DomainRole.ANY: sorted(s.name for s in sites),
        }

    def rows(self, name: str) -> pa.Table:
        """The table in the columns, types and units that the data dictionary declares."""
        dataset, columns = DATASETS[name], DICTIONARY[name]["columns"]
        found = [*self._listed(dataset)]
        if dataset.dedup_keep is not None:
            found = _once(found, dataset)
        schema = pa.schema([(c["name"], KINDS[c["type"]]) for c in columns])
        return pa.table({c["name"]: [row[c["name"]] for row in found] for c in columns}, schema)

    def _listed(self, dataset: Dataset) -> Iterator[dict[str, Any]]:
        """Rows by column name, under every day that lists them."""
        if dataset.is_dimension:
            listed = self._truth(dataset, dataset.fixed_parameters, self._now, self._now)
            yield from _by_column(dataset, listed, {})
            return
        for day in self._days:
            first = day.replace(day=1) if dataset.is_month_to_date else day
            start, _ = day_window(first, self._lab.archive.settings.zone)
            _, end = day_window(day, self._lab.archive.settings.zone)
            for asked in self._questions(dataset, start, end):
                listed = self._truth(dataset, asked, start, end)
                for rank, row in enumerate(_by_column(dataset, listed, asked), start=1):
                    row["business_date"], row["rank"], row["occurrence"] = day, rank, 1
                    yield row

    def _truth(
        self, dataset: Dataset, asked: Mapping[str, Any], start: datetime, end: datetime
    ) -> list[dict[str, Any]]:
        """Rows of [start, end) as the API means the times that we send."""
        action = dataset.endpoint.action
        found = truth.rows(
            self._world, action, asked, start, self._end(dataset, end), now=self._now
        )
        if dataset.bucket_s and self._options.zeros == "omit":
            found = [row for row in found if _says_something(dataset, row)]
        if (
            dataset.event_times
            and dataset.event_times[0] == dataset.event_start == dataset.event_times[1]
        ):
            field = dataset.column[dataset.event_start].field
            found = [r for r in found if start <= datetime.fromisoformat(r[field]) < end]
        elif dataset.event_start:
            instants = [
                [datetime.fromisoformat(r[f]) for f in ("StartTime", "EndTime")] for r in found
            ]
            found = [
                r for r, at in zip(found, instants, strict=True) if self._matches(*at, start, end)
            ]
        if dataset.endpoint.paging and dataset.endpoint.paging.most_rows:
            found = found[: dataset.endpoint.paging.most_rows]
        return found

    def _end(self, dataset: Dataset, end: datetime) -> datetime:
        """Minutes inside a window end at the last second that was asked for, if that is exclusive."""
        short = dataset.name in MINUTES_IN_WINDOW and self._options.end == "exclusive"
        return end - SECOND if short else end

    def _matches(self, began: datetime, ended: datetime, start: datetime, end: datetime) -> bool:
        until = end + SECOND if self._options.end == "inclusive" else end
        match self._options.push_match:
            case "start":
                return start <= began < end
            case "end":
                return start <= ended < until and began < end
        return ended > start and began < end

    def _questions(
        self, dataset: Dataset, start: datetime, end: datetime
    ) -> Iterator[dict[str, Any]]:
        """The parameters of questions that together are about everything, each thing once."""
        for scope in self._scopes(dataset, start, end):
            for variant in dataset.variants:
                yield {**scope, **dataset.fixed_parameters, **variant}

    def _scopes(self, dataset: Dataset, start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
        domains = self._domains[dataset.role]
        match dataset.scope:
            case Scope.ACCOUNT:
                yield {"DomainList": domains}
            case Scope.WHOLE:
                yield {}
            case Scope.DOMAINS:
                some = {"DomainList": domains}
                if "ISP" in dataset.split:
                    some["ISPList"] = sorted(ISPS)
                if "Protocol" not in dataset.split:
                    yield some
                    return
                for group in PROTOCOL_GROUPS:
                    yield {**some, "ProtocolList": [*group]}
            case Scope.DOMAIN:
                takes_one = dataset.endpoint.requires("Domain")
                for name in domains:
                    yield {"Domain": name} if takes_one else {"DomainList": [name]}
            case Scope.STREAM:
                for name in domains:
                    for stream in self._world.sites[name].space.streams:
                        yield {"Domain": name, "App": stream.app, "Stream": stream.name}
            case Scope.ADDRESSES:
                yield {"Ips": self._addresses(start, end)}

    def _addresses(self, start: datetime, end: datetime) -> list[str]:
        """What the pushes of the day came from and went to."""
        found: set[str] = set()
        for domain in self._domains[DomainRole.PUSH]:
            pushes = self._truth(DATASETS["push_stream_info"], {"DomainList": [domain]}, start, end)
            found |= {row["IP"] for row in pushes}
            asked = {"Domain": domain, "Aggregation": 60, "AggType": "max"}
            minutes = self._truth(DATASETS["batch_push_stream_metrics"], asked, start, end)
            found |= {row["ClientIp"] for row in minutes} | {row["ServerIp"] for row in minutes}
        return sorted(found - {""})


def _says_something(dataset: Dataset, row: Mapping[str, Any]) -> bool:
    """Whether any figure of the slot is above zero."""
    return any(
        row.get(c["field"])
        for c in DICTIONARY[dataset.name]["columns"]
        if c["type"] in ("BIGINT", "DOUBLE") and c["field"] != "Aggregation"
    )


def _once(found: Iterable[dict[str, Any]], dataset: Dataset) -> list[dict[str, Any]]:
    """Each key under the first, or last, day that lists it."""
    kept: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in found:
        key = tuple(row[name] for name in dataset.key)
        if dataset.dedup_keep is DedupKeep.LAST_DAY or key not in kept:
            kept[key] = row
    return [*kept.values()]


def _by_column(
    dataset: Dataset, listed: Iterable[Mapping[str, Any]], asked: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """API rows by column: value x factor, and the request's value where the row has none."""
    declared = [
        (c["name"], field, c["type"], c["factor"], _asked(field, asked))
        for c in DICTIONARY[dataset.name]["columns"]
        if (field := LEVELS.get(c["name"], c["field"])) is not None
    ]
    for row in listed:
        yield {
            name: _value(kind, row.get(field, of_request), factor)
            for name, field, kind, factor, of_request in declared
        }


def _value(kind: str, value: Any, factor: float) -> Any:
    if kind == "DOUBLE" and isinstance(value, int | float):
        return value * factor
    if isinstance(value, str) and value.startswith("https://"):
        return value.partition("?")[0]  # the query of an address is a secret
    if kind == "TIMESTAMPTZ" and isinstance(value, str):
        return _instant(value) if value else None
    if kind == "TIMESTAMPTZ" and isinstance(value, int):
        return datetime.fromtimestamp(value / 1000, UTC)
    return value


_instant = cache(datetime.fromisoformat)  # a day has few slots and many rows


def _asked(field: str, asked: Mapping[str, Any]) -> Any:
    split = SPLITS.get(field)
    for name in (field, split.filter if split else None):
        if name in asked:
            value = asked[name]
            if not isinstance(value, list):
                return value
            if len(value) == 1:
                return value[0]
    return None


def differences(
    connection: duckdb.DuckDBPyConnection, name: str, expected: pa.Table
) -> list[tuple[Any, ...]]:
    """A few rows that are missing from table `name`, or stand there too much: [] if it is right."""
    columns = ", ".join(expected.column_names)
    connection.register("expected", expected)
    try:
        return connection.execute(
            f"(SELECT 'missing', * FROM (SELECT {columns} FROM expected EXCEPT ALL "
            f"SELECT {columns} FROM {name}) LIMIT 3) UNION ALL "
            f"(SELECT 'too much', * FROM (SELECT {columns} FROM {name} EXCEPT ALL "
            f"SELECT {columns} FROM expected) LIMIT 3)"
        ).fetchall()
    finally:
        connection.unregister("expected")
