"""Runs the reconciliation rules for the days whose captures have changed since the last run.

Rows are computed in a temporary table and replaced a month of days at a time, each in one
transaction. Nothing else is changed. Read next: rules/model.py.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import groupby
from types import MappingProxyType

import duckdb

from resources.home.layout import Home
from resources.lake import parquet
from resources.system_tables.reconciliation import table as reconciliation_table
from resources.system_tables.reconciliation.rules import ACCOUNT, RULES, Rule
from resources.system_tables.reconciliation.table import TABLE
from resources.warehouse import connection as warehouse_connection

log = logging.getLogger("livestats.reconcile")

_STALE = """
CREATE OR REPLACE TEMP TABLE stale AS
WITH needs AS (SELECT unnest($rules) AS rule, unnest($versions) AS version,
                      unnest($datasets) AS dataset, unnest($narrowed::VARCHAR[]) AS narrowed),
days AS (SELECT DISTINCT rule, version, day FROM needs JOIN meta.loaded USING (dataset)),
sides AS (
    SELECT d.rule, d.version, d.day, n.dataset,
           l.capture IS NOT NULL AND n.narrowed IS NULL AS is_there,
           CASE WHEN is_there
                THEN concat_ws('/', l.capture, l.schema_version, l.size, l.modified_ns)
                WHEN l.capture IS NOT NULL THEN n.narrowed
                WHEN NOT list_contains($switched_on, n.dataset) THEN 'switched off'
                WHEN g.state = 'lost' THEN 'lost'
                WHEN g.state IN ('captured', 'empty') THEN 'not loaded'
                ELSE 'not captured' END AS state
    FROM days d JOIN needs n USING (rule)
    LEFT JOIN meta.loaded l ON l.dataset = n.dataset AND l.day = d.day
    LEFT JOIN ledger g ON g.dataset = n.dataset AND g.business_date = d.day),
wanted AS (
    SELECT rule, day, bool_and(is_there) AS comparable,
           version || ' ' || string_agg(dataset || '=' || state, ' ' ORDER BY dataset) AS inputs,
           string_agg(dataset || ': ' || state, ', ' ORDER BY dataset) FILTER (NOT is_there)
               AS missing
    FROM sides GROUP BY rule, version, day)
SELECT rule, day, coalesce(w.comparable, false) AS comparable, w.inputs, w.missing
FROM wanted w FULL JOIN meta.reconciled r USING (rule, day)
WHERE w.inputs IS DISTINCT FROM r.inputs
"""
"""Days whose inputs of a rule have changed. `inputs` is NULL for rows to delete."""

_COMPARED = """
INSERT INTO made
SELECT $rule, business_date, scope, expected, actual, $relation, $unit,
       $tolerance + coalesce(slack / nullif(abs(expected), 0), 0),
       CASE WHEN expected IS NULL OR actual IS NULL THEN 'not comparable'
            WHEN (CASE $relation WHEN '=' THEN abs(actual - expected) ELSE actual - expected END)
                 <= $tolerance * abs(expected) + slack THEN 'agrees'
            WHEN actual < expected THEN $if_less
            ELSE 'differs' END,
       note
FROM (SELECT business_date, scope, expected::DOUBLE AS expected, actual::DOUBLE AS actual,
             slack::DOUBLE AS slack, note
      FROM (WITH days AS (SELECT unnest($days) AS business_date) FROM ({sql})))
ORDER BY business_date, scope
"""


_WHOLE: Mapping[str, str] = MappingProxyType({})


def sync_reconciliation(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    switched_on: Collection[str],
    narrowed: Mapping[str, str] = _WHOLE,
) -> int:
    """Reconcile the days whose loaded captures have changed; the number of (rule, day) done.

    `connection` is the warehouse's writing one. Its ledger is up to date: it says why a side is
    missing. `switched_on` names the captured datasets; `narrowed` maps a dataset to the part of the
    account that the settings limit it to. Datasets with different limits cannot be compared.
    """
    reconciliation_table.ensure_tables(connection)
    pairs = [(rule, dataset) for rule in RULES for dataset in rule.needs]
    connection.execute(
        _STALE,
        {
            "rules": [rule.name for rule, _ in pairs],
            "versions": [rule.version for rule, _ in pairs],
            "datasets": [dataset for _, dataset in pairs],
            "narrowed": [_limit(rule, dataset, narrowed) for rule, dataset in pairs],
            "switched_on": [*switched_on],
        },
    )
    days = connection.execute("SELECT DISTINCT day FROM stale ORDER BY day").fetchall()
    step = warehouse_connection.DAYS_PER_TRANSACTION
    for start in range(0, len(days), step):
        _reconcile(connection, home, [day for (day,) in days[start : start + step]])
    ((done,),) = connection.execute("SELECT count(*) FROM stale").fetchall()
    connection.execute("DROP TABLE IF EXISTS made; DROP TABLE IF EXISTS origins; DROP TABLE stale")
    return int(done)


def _limit(rule: Rule, dataset: str, narrowed: Mapping[str, str]) -> str | None:
    """Why a dataset cannot be compared with the others of the rule; None: it can."""
    one = narrowed.get(dataset, "")
    alike = {narrowed.get(other, "") for other in rule.needs} == {one}
    return f"limited by the settings to {one}" if one and not alike else None


def _reconcile(connection: duckdb.DuckDBPyConnection, home: Home, days: Sequence[date]) -> None:
    """Compute the rows of the stale days among `days`, then replace them."""
    stale = connection.execute(
        "SELECT rule, day, comparable FROM stale WHERE day IN (FROM unnest(?)) ORDER BY rule, day",
        [days],
    ).fetchall()
    connection.execute(f"CREATE OR REPLACE TEMP TABLE made AS FROM {TABLE} LIMIT 0")
    by_name = {rule.name: rule for rule in RULES}
    comparable = [(by_name[name], day) for name, day, is_comparable in stale if is_comparable]
    _stage_origins(connection, home, [pair for pair in comparable if pair[0].from_origins])
    for rule, group in groupby(comparable, key=lambda pair: pair[0]):
        _compare(connection, rule, [day for _, day in group])
    connection.execute(
        "INSERT INTO made SELECT rule, day, $account, NULL, NULL, relation, unit, tolerance, "
        "'not comparable', missing FROM stale JOIN reconciliation_rule USING (rule) "
        "WHERE day IN (FROM unnest($days)) AND missing IS NOT NULL ORDER BY day, rule",
        {"days": days, "account": ACCOUNT},
    )
    _replace_rows(connection, days)
    log.info("%d days reconciled by %d rules", len(days), len({name for name, _, _ in stale}))


def _compare(connection: duckdb.DuckDBPyConnection, rule: Rule, days: Sequence[date]) -> None:
    """Insert the rows of `days` into `made`."""
    compared = _COMPARED.format(sql=rule.sql)
    try:
        connection.execute(compared, {**_rule_parameters(rule), "days": days})
    except duckdb.DataError as error:
        # A sum overflowed. The other days must still be served.
        if len(days) > 1:
            for day in days:
                _compare(connection, rule, [day])
            return
        log.warning("%s of %s cannot be compared: %s", rule.name, days[0], error)
        connection.execute(
            "INSERT INTO made SELECT $rule, $day, $account, NULL, NULL, $relation, $unit, "
            "$tolerance, 'not comparable', $note",
            {
                **{
                    name: value
                    for name, value in _rule_parameters(rule).items()
                    if name != "if_less"
                },
                "day": days[0],
                "account": ACCOUNT,
                "note": f"cannot be computed: {error}".splitlines()[0],
            },
        )


def _rule_parameters(rule: Rule) -> dict[str, object]:
    return {
        "rule": rule.name,
        "relation": rule.relation,
        "unit": rule.unit,
        "tolerance": rule.tolerance,
        "if_less": rule.if_less,
    }


def _stage_origins(
    connection: duckdb.DuckDBPyConnection, home: Home, wanted: Sequence[tuple[Rule, date]]
) -> None:
    """Fill the temporary table `origins`: which totals disagree in the lake files of `wanted`.

    NULL for a file that cannot be read. Arrow is not used: see system_tables/ledger.py.
    """
    names = [rule.needs[0] for rule, _ in wanted]  # such a rule is about a single dataset
    days = [day for _, day in wanted]
    provenances = [
        parquet.provenance_of(parquet.path_of(home.lake, name, day))
        for name, day in zip(names, days, strict=True)
    ]
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE origins AS SELECT unnest($names::VARCHAR[]) AS dataset, "
        "unnest($days::DATE[]) AS business_date, unnest($disagreeing::VARCHAR[][]) AS disagreeing",
        {
            "names": names,
            "days": days,
            "disagreeing": [None if one is None else [*one.disagreeing] for one in provenances],
        },
    )


def _replace_rows(connection: duckdb.DuckDBPyConnection, days: Sequence[date]) -> None:
    with warehouse_connection.transaction(connection):
        for table, column in ((TABLE, "business_date"), ("meta.reconciled", "day")):
            connection.execute(
                f"DELETE FROM {table} t USING stale s WHERE t.rule = s.rule "
                f"AND t.{column} = s.day AND s.day IN (FROM unnest(?))",
                [days],
            )
        connection.execute(f"INSERT INTO {TABLE} FROM made")
        connection.execute(
            "INSERT INTO meta.reconciled SELECT rule, day, inputs FROM stale "
            "WHERE day IN (FROM unnest(?)) AND inputs IS NOT NULL",
            [days],
        )
