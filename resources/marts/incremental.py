"""Tables by day: finds the days whose inputs have changed and rebuilds them.

Not here: views, macros and changed SQL (build.py, read it next).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

import duckdb

from resources.api.catalog import DATASETS
from resources.api.catalog.columns import BUSINESS_DATE
from resources.api.catalog.datasets import Dataset
from resources.marts.definition import Mart, MartKind, sources
from resources.sql import failures, quoting
from resources.warehouse import connection as warehouse_connection

log = logging.getLogger("livestats.marts")

_ROWS_AT_ONCE = 1_000_000
"""Of the inputs, or one day. `stream_health_slot` takes some 120 bytes of memory for each, with two
threads 200. Three million were partly spilled, which took 1.8 times the CPU, and sometimes failed."""

META = """
CREATE TABLE IF NOT EXISTS meta.mart_day (
    mart VARCHAR, day DATE, inputs VARCHAR, PRIMARY KEY (mart, day));
"""

KEPT = "Its rows are as they were."
LEFT_OUT = "The table was made anew and has no rows of that day."


class DayResults(NamedTuple):
    """What became of the days of a table."""

    built: Sequence[date] = ()
    impossible: Mapping[date, str] = MappingProxyType({})  # day -> why it cannot be computed


DayInputs = dict[date, str | None]
"""Day -> its inputs as text; None: the day has no inputs any more."""


def rebuild_stale_days(
    connection: duckdb.DuckDBPyConnection, mart: Mart, marts: Mapping[str, Mart], inputs: DayInputs
) -> DayResults:
    """Rebuild the days of `inputs`, as `stale_days` returns them, a batch of days per transaction."""

    def make(batches: Sequence[Sequence[date]]) -> None:
        for batch in batches:
            with warehouse_connection.transaction(connection):
                _build_days(connection, mart, marts, batch, inputs)

    return _build_computable(connection, mart, marts, sorted(inputs), make, KEPT)


def rebuild_all_days(
    connection: duckdb.DuckDBPyConnection,
    mart: Mart,
    marts: Mapping[str, Mart],
    inputs: DayInputs,
    create: Callable[[], None],
) -> DayResults:
    """Rebuild the whole table in one transaction; batches of days bound the memory.

    `inputs` are those of all days. `create` creates the table empty and records it; it is called
    inside the transaction.
    """

    def make(batches: Sequence[Sequence[date]]) -> None:
        with warehouse_connection.transaction(connection):
            create()
            delete_notes(connection, mart.name)
            for batch in batches:
                _build_days(connection, mart, marts, batch, inputs, is_empty=True)

    return _build_computable(connection, mart, marts, sorted(inputs), make, LEFT_OUT)


def delete_notes(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Delete the notes about a mart's days."""
    connection.execute("DELETE FROM meta.mart_day WHERE mart = ?", [name])


def _build_computable(
    connection: duckdb.DuckDBPyConnection,
    mart: Mart,
    marts: Mapping[str, Mart],
    days: list[date],
    make: Callable[[Sequence[Sequence[date]]], None],
    left: str,
) -> DayResults:
    """Build `days`. If some cannot be computed, build the others only.

    That is a sum that overflows, for example, or a day that needs more memory than DuckDB may take.
    `left` says what becomes of the rows of such a day. Its note is not written, so each later call
    tries it again.
    """
    rows = _input_rows(connection, mart, marts)
    try:
        _make_in_batches(mart, days, rows, make)
    except (duckdb.DataError, duckdb.OutOfMemoryException) as error:
        if failures.is_spill_full(error):
            raise
        problems = {day: _error_of_day(connection, mart, marts, day) for day in days}
        impossible = {day: f"{problem} {left}" for day, problem in problems.items() if problem}
        for day, problem in impossible.items():
            log.error("%s of %s cannot be made: %s", mart.name, day, problem)
        good = [day for day in days if day not in impossible]
        _make_in_batches(mart, good, rows, make)  # raises again what is not of single days
        return DayResults(good, impossible)
    return DayResults(days)


def _make_in_batches(
    mart: Mart,
    days: Sequence[date],
    rows: Mapping[date, int],
    make: Callable[[Sequence[Sequence[date]]], None],
) -> None:
    """Make the days in batches, and in smaller ones if DuckDB has too little memory for these."""
    limit = _ROWS_AT_ONCE
    while True:
        batches = [*_batches(days, rows, limit)]
        try:
            return make(batches)
        except duckdb.OutOfMemoryException as error:
            if failures.is_spill_full(error) or len(batches) == len(days):
                raise
            most = max(sum(rows.get(day, 0) for day in batch) for batch in batches)
            log.info("%s: %d rows of its inputs need too much memory at once", mart.name, most)
            limit = min(limit, most) // 4  # 0 in the end: each day alone


def _error_of_day(
    connection: duckdb.DuckDBPyConnection, mart: Mart, marts: Mapping[str, Mart], day: date
) -> str | None:
    made = f"{_of_days(mart, marts, [day])} ORDER BY {_order(mart)}"
    try:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE tried AS {made}")
    except (duckdb.DataError, duckdb.OutOfMemoryException) as error:
        if failures.is_spill_full(error):
            raise
        if isinstance(error, duckdb.OutOfMemoryException):
            return warehouse_connection.too_large(error)
        return str(error).splitlines()[0]
    connection.execute("DROP TABLE tried")
    return None


def _input_rows(
    connection: duckdb.DuckDBPyConnection, mart: Mart, marts: Mapping[str, Mart]
) -> dict[date, int]:
    """Rows that were loaded for each day of the datasets that the mart reads."""
    datasets = [name for name in sources(mart, marts) if name in DATASETS]
    return dict(
        connection.execute(
            "SELECT day, sum(rows)::BIGINT FROM meta.loaded WHERE dataset IN (FROM unnest(?)) "
            "GROUP BY day",
            [datasets],
        ).fetchall()
    )


def _batches(
    days: Sequence[date], rows: Mapping[date, int], limit: int
) -> Iterator[Sequence[date]]:
    """Days to make together: a month of them, fewer if their inputs have more rows than `limit`.

    With a limit of 0 each day is alone, also one without rows.
    """
    batch: list[date] = []
    for day in days:
        count = sum(rows.get(one, 0) for one in [*batch, day])
        is_full = len(batch) == warehouse_connection.DAYS_PER_TRANSACTION
        if batch and (is_full or count > limit or not limit):
            yield batch
            batch = []
        batch.append(day)
    if batch:
        yield batch


def _of_days(mart: Mart, marts: Mapping[str, Mart], days: Sequence[date]) -> str:
    """The SELECT of a mart for `days`. Its inputs are filtered to these days, too.

    DuckDB pushes an outer condition into only one side of a join of two aggregates. It would then
    aggregate all days of the other side, and one day that overflows would fail every day.
    """
    # Literals, because with parameters DuckDB does not skip the row groups of other days.
    chosen = f"WHERE business_date IN ({quoting.dates(days)})"
    seen = ", ".join(
        f"{name} AS NOT MATERIALIZED (FROM main.{name} {chosen})"
        for name in mart.reads
        if (name in marts and marts[name].kind is MartKind.TABLE)
        or (name in DATASETS and _is_by_capture(DATASETS[name]))
    )
    return f"{f'WITH {seen} ' if seen else ''}FROM ({mart.sql}) {chosen}"


def _order(mart: Mart) -> str:
    """By the key: the same order as by all columns, at a third of the CPU."""
    return ", ".join(dict.fromkeys((BUSINESS_DATE, *mart.key))) if mart.key else "ALL"


def _is_by_capture(dataset: Dataset) -> bool:
    """True if the rows of a day depend on the capture of that day only."""
    return not dataset.is_dimension and dataset.dedup_keep is None


def _build_days(
    connection: duckdb.DuckDBPyConnection,
    mart: Mart,
    marts: Mapping[str, Mart],
    days: Sequence[date],
    inputs: DayInputs,
    *,
    is_empty: bool = False,
) -> None:
    if not is_empty:
        listed = quoting.dates(days)
        connection.execute(f"DELETE FROM {mart.name} WHERE business_date IN ({listed})")
        connection.execute(
            f"DELETE FROM meta.mart_day WHERE mart = ? AND day IN ({listed})", [mart.name]
        )
    made = f"{_of_days(mart, marts, days)} ORDER BY {_order(mart)}"
    connection.execute(f"INSERT INTO {mart.name} {made}")
    notes = [(day, inputs[day]) for day in days if inputs[day] is not None]
    connection.execute(
        "INSERT INTO meta.mart_day SELECT ?, unnest(?::DATE[]), unnest(?::VARCHAR[])",
        [mart.name, [day for day, _ in notes], [said for _, said in notes]],
    )
    log.info("%s: %d days made", mart.name, len(days))


def doubled_keys(connection: duckdb.DuckDBPyConnection, mart: Mart, days: Sequence[date]) -> int:
    """How many keys come more than once in the rows of `days` of a mart that is a table."""
    if not days or not mart.key:
        return 0
    key = ", ".join(mart.key)
    sql = (
        f"SELECT count(*) FROM (SELECT {key} FROM {mart.name} "
        f"WHERE business_date IN ({quoting.dates(days)}) GROUP BY {key} HAVING count(*) > 1)"
    )
    ((found,),) = connection.execute(sql).fetchall()
    return int(found)


_STALE = """
    WITH needs AS (SELECT unnest($marts::VARCHAR[]) AS mart, unnest($inputs::VARCHAR[]) AS input),
    wholes AS (SELECT unnest($names::VARCHAR[]) AS mart, unnest($wholes::VARCHAR[]) AS whole),
    parts(day, input, state) AS ({parts}),
    wanted AS (
        SELECT mart, day, string_agg(input || '=' || state, ' ' ORDER BY input) || max(whole)
                   AS inputs
        FROM parts JOIN needs USING (input) JOIN wholes USING (mart) GROUP BY mart, day),
    noted AS (
        FROM meta.mart_day WHERE mart IN (FROM unnest($names::VARCHAR[]))
        AND mart NOT IN (FROM unnest($anew::VARCHAR[])))
    SELECT mart, day, w.inputs
    FROM wanted w FULL JOIN noted n USING (mart, day)
    WHERE w.inputs IS DISTINCT FROM n.inputs
"""
"""Days whose inputs differ from the recorded ones; `parts` are SELECTs of day, input and state."""


def stale_days(
    connection: duckdb.DuckDBPyConnection,
    wanted: Sequence[Mart],
    marts: Mapping[str, Mart],
    *,
    anew: Collection[str] = (),
) -> dict[str, DayInputs]:
    """Mart -> (day -> inputs), for the days whose inputs differ from the recorded ones.

    For marts in `anew`, all days that have inputs. Two statements in total: one for all marts, one
    for the dimensions, which change as a whole.
    """
    used = {
        m.name: [DATASETS[n] for n in sorted(sources(m, marts)) if n in DATASETS] for m in wanted
    }
    by_name = {d.name: d for datasets in used.values() for d in datasets}
    prints = _content_hashes(connection, [d.name for d in by_name.values() if d.is_dimension])
    whole = {
        name: "".join(f" {d.name}={prints[d.name]}" for d in datasets if d.is_dimension)
        for name, datasets in used.items()
    }
    daily = [
        (name, d.name) for name, datasets in used.items() for d in datasets if not d.is_dimension
    ]
    parts = [
        "SELECT day, dataset, concat_ws('/', capture, schema_version, size, modified_ns) "
        "FROM meta.loaded WHERE dataset IN (FROM unnest($captured::VARCHAR[]))"
    ]
    # A row that several days list may move to another day when one of them is loaded.
    parts += [
        f"SELECT business_date, '{d.name}', sum(hash(t)::HUGEINT)::VARCHAR FROM {d.name} t "
        "GROUP BY 1"
        for d in by_name.values()
        if d.dedup_keep is not None
    ]
    rows = connection.execute(
        _STALE.format(parts=" UNION ALL ".join(parts)),
        {
            "captured": [d.name for d in by_name.values() if _is_by_capture(d)],
            "marts": [mart for mart, _ in daily],
            "inputs": [name for _, name in daily],
            "names": [*whole],
            "wholes": [*whole.values()],
            "anew": [*anew],
        },
    ).fetchall()
    found: dict[str, DayInputs] = {mart.name: {} for mart in wanted}
    for name, day, inputs in rows:
        found[name][day] = inputs
    return found


def _content_hashes(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[str]
) -> Mapping[str, int]:
    """Table -> hash of its present content, independent of the order of rows."""
    if not tables:
        return {}
    parts = (
        f"SELECT '{name}', coalesce(sum(hash(t)::HUGEINT), 0) FROM {name} t" for name in tables
    )
    return dict(connection.execute(" UNION ALL ".join(parts)).fetchall())
