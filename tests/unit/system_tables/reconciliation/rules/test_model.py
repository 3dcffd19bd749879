"""Rules of reconciliation."""

from dataclasses import replace
from datetime import date

import duckdb

from resources.system_tables.reconciliation.rules.model import Rule, sums

RULE = Rule(name="a", meaning="m", unit="u", tolerance=0.1, why="w", needs=("t",), sql="SELECT 1")


def test_whatever_changes_in_a_rule_changes_its_version():
    assert RULE.version == replace(RULE).version
    for changed in ({"tolerance": 0.2}, {"sql": "SELECT 2"}, {"if_less": "sparse"}):
        assert replace(RULE, **changed).version != RULE.version


def test_a_domain_that_one_side_lacks_counts_as_nothing_there():
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE days AS SELECT DATE '2026-11-01' AS business_date")
        for name, domain in (("one", "a"), ("other", "b")):
            connection.execute(
                f"CREATE TABLE {name} AS SELECT DATE '2026-11-01' AS business_date, "
                f"'{domain}' AS domain, 2.6 AS n"
            )
        rows = connection.execute(sums(("one", "n", "true"), ("other", "n", "true"))).fetchall()
    day = date(2026, 11, 1)
    assert sorted(rows) == [(day, "a", 3, 0, 0, None), (day, "b", 0, 3, 0, None)]
