"""Compares two attached databases: `held` with `anew`, which was made from the same files.

Not here: what a difference means (remade.py, read it next).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import duckdb

from resources.api.catalog.columns import BUSINESS_DATE

_STATE = "meta.state"
_NOT_COMPARED = (_STATE, "meta.loaded", "meta.reconciled", "meta.set_aside")
"""state: identities. loaded: compared first. reconciled: notes for the next load, the rows count."""

_RELATIONS = """
SELECT database_name, schema_name || '.' || table_name,
       'table ' || string_agg(column_name || ' ' || data_type, ', ' ORDER BY column_index)
FROM duckdb_tables() JOIN duckdb_columns() USING (database_name, schema_name, table_name)
GROUP BY ALL
UNION ALL SELECT database_name, schema_name || '.' || view_name, 'view ' || sql
FROM duckdb_views() WHERE NOT internal
UNION ALL SELECT database_name, schema_name || '.' || function_name,
       function_type || parameters::VARCHAR || macro_definition
FROM duckdb_functions() WHERE NOT internal
UNION ALL SELECT database_name, schema_name, 'schema' FROM duckdb_schemas() WHERE NOT internal
"""

_TOLERANCE = 1e-9
"""Relative: sums of floats depend on the order of the rows, which threads do not keep."""

_FLOATS = ("DOUBLE", "FLOAT")

_RANK = "list_position(['settling', 'missing', 'partial', 'expiring', 'lost'], {}.state::VARCHAR)"

_CAPTURED = "('captured', 'empty', 'incomplete')"


@dataclass(frozen=True)
class Table:
    """A table that both have with the same columns."""

    name: str
    columns: tuple[tuple[str, str], ...]  # name and type

    @property
    def day(self) -> str | None:
        """The column of the day, if there is one."""
        names = [name for name, _ in self.columns]
        return next((one for one in (BUSINESS_DATE, "day") if one in names), None)


def declared(connection: duckdb.DuckDBPyConnection) -> tuple[dict[str, str], dict[str, str]]:
    """How each table, view, macro and schema of `anew` and of `held` is declared."""
    found: dict[str, dict[str, str]] = {"anew": {}, "held": {}}
    for database, name, text in connection.execute(_RELATIONS).fetchall():
        if database in found:
            found[database][name] = str(text).replace(f"{database}.", "")
    return found["anew"], found["held"]


def differences(anew: Mapping[str, str], held: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Tables, views, macros and schemas that lack, are too many or are declared otherwise."""
    for name in sorted({*anew, *held} - {_STATE}):  # an earlier version gave it fewer columns
        if name not in held:
            yield name, "is not there"
        elif name not in anew:
            yield name, "is none of livestats"
        elif anew[name] != held[name]:
            yield name, "is declared otherwise"


def common(
    connection: duckdb.DuckDBPyConnection, anew: Mapping[str, str], held: Mapping[str, str]
) -> Iterator[Table]:
    """The tables that both have, with the same columns."""
    columns = _columns(connection)
    for name, text in sorted(anew.items()):
        if held.get(name) == text and text.startswith("table ") and name not in _NOT_COMPARED:
            yield Table(name, tuple(columns[name]))


def _columns(connection: duckdb.DuckDBPyConnection) -> Mapping[str, list[tuple[str, str]]]:
    """Name and type of the columns of every table, in order."""
    columns: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for table, name, kind in connection.execute(
        "SELECT schema_name || '.' || table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = 'anew' ORDER BY column_index"
    ).fetchall():
        columns[table].append((name, kind))
    return columns


def mart_days(connection: duckdb.DuckDBPyConnection, database: str) -> dict[tuple[str, date], str]:
    """(Mart, day) -> what it was made of; {} before marts noted that."""
    try:
        noted = connection.execute(f"SELECT mart, day, inputs FROM {database}.meta.mart_day")
    except duckdb.CatalogException:
        return {}
    return {(mart, day): inputs for mart, day, inputs in noted.fetchall()}


def differing_days(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    skipped: Collection[str],
    *,
    is_exact: bool = False,
) -> list[date | None]:
    """The days whose rows differ; [None] for a table without days. `skipped` columns do not count."""
    columns = [(name, kind) for name, kind in table.columns if name not in skipped]
    listed = ", ".join(f'"{name}"' for name, _ in columns)
    key = f'"{table.day}"' if table.day else "NULL::DATE"
    anew, held = (
        {
            day: rest
            for day, *rest in connection.execute(
                f"SELECT {key}, count(*), sum(hash({listed})::HUGEINT) "
                f"FROM {database}.{table.name} GROUP BY 1"
            ).fetchall()
        }
        for database in ("anew", "held")
    )
    days = [day for day in {**anew, **held} if anew.get(day) != held.get(day)]
    floats = [name for name, kind in columns if kind in _FLOATS]
    if not is_exact and floats:
        rest = [name for name, kind in columns if kind not in _FLOATS]
        days = [d for d in days if not _are_close(connection, table, d, rest, floats)]
    return sorted(days, key=str)


def _are_close(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    day: date | None,
    rest: list[str],
    floats: list[str],
) -> bool:
    """True if the rows of a day are equal but for the last digits of floats."""
    where = f'WHERE "{table.day}" IS NOT DISTINCT FROM $1' if table.day else "WHERE $1 IS NULL"
    keys, values = (", ".join(f'"{name}"' for name in names) for names in (rest, floats))
    numbered = (
        f"(SELECT *, row_number() OVER (PARTITION BY {keys or 1} ORDER BY {values}) AS n_ "
        f"FROM {{}}.{table.name} {where})"
    )
    on = " AND ".join(f'a."{name}" IS NOT DISTINCT FROM h."{name}"' for name in (*rest, "n_"))
    off = " OR ".join(
        f'(a."{n}" IS DISTINCT FROM h."{n}" AND NOT coalesce(abs(a."{n}" - h."{n}") <= {_TOLERANCE} '
        f'* greatest(abs(a."{n}"), abs(h."{n}")), false))'
        for n in floats
    )
    ((wrong,),) = connection.execute(
        f"SELECT count(*) FROM {numbered.format('anew')} a FULL JOIN {numbered.format('held')} h "
        f"ON {on} WHERE a.n_ IS NULL OR h.n_ IS NULL OR {off}",
        [day],
    ).fetchall()
    return bool(wrong == 0)


def has_other_range(connection: duckdb.DuckDBPyConnection) -> bool:
    """True if the ledger made anew has datasets or earlier days that the held one has no line of."""
    ranges = "(SELECT dataset, min(business_date) AS first FROM {}.main.ledger GROUP BY 1)"
    try:
        found = connection.execute(
            f"SELECT count(*) FROM {ranges.format('anew')} a LEFT JOIN {ranges.format('held')} h "
            "USING (dataset) WHERE h.first IS NULL OR a.first < h.first"
        ).fetchall()
    except (duckdb.CatalogException, duckdb.BinderException):
        return False  # which is a difference of its own
    return bool(found != [(0,)])


def ledger_differences(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[date, str]]:
    """Lines of the table ledger that the files contradict.

    A day that is not captured changes its state by time alone: from settling towards lost. Such a
    line may be older than the files, and days of after the last load may lack.
    """
    names = [
        name
        for name, _ in _columns(connection)["main.ledger"]
        if name not in ("dataset", "business_date", "state")
    ]
    other = " OR ".join(f'a."{name}" IS DISTINCT FROM h."{name}"' for name in names)
    yield from connection.execute(
        f"""
        SELECT coalesce(a.business_date, h.business_date) AS day,
               coalesce(a.dataset, h.dataset) || CASE
                 WHEN a.dataset IS NULL THEN ' has a line too many'
                 WHEN h.dataset IS NULL THEN ' lacks a line'
                 ELSE ' says other things than the files' END || ' of ' || day::VARCHAR
        FROM anew.main.ledger a FULL JOIN held.main.ledger h USING (dataset, business_date)
        WHERE a.dataset IS NULL
           OR (h.dataset IS NULL AND (a.state IN {_CAPTURED} OR a.business_date <=
               (SELECT max(business_date) FROM held.main.ledger)))
           OR (h.dataset IS NOT NULL AND a.dataset IS NOT NULL AND (({other})
               OR (a.state <> h.state AND (a.state IN {_CAPTURED} OR h.state IN {_CAPTURED}
                   OR {_RANK.format("h")} > {_RANK.format("a")}))))
        UNION ALL SELECT business_date, dataset || ' has two lines of ' || business_date::VARCHAR
        FROM held.main.ledger GROUP BY ALL HAVING count(*) > 1
        ORDER BY 1, 2
        """
    ).fetchall()
