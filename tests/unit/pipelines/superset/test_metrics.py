"""Metrics: right however rows are grouped."""

import re

from pipelines.superset.joined import with_joined
from pipelines.superset.metrics import METRICS
from resources.marts.definition import read
from tests.support.superset_tables import all_tables


def test_metrics_are_of_marts_and_columns_that_there_are():
    columns = {t.name: {c.name for c in t.columns} for t in with_joined(all_tables())}
    for table, metrics in METRICS.items():
        known = columns[table]
        for metric in metrics:
            words = re.findall(r"\b[a-z][a-z0-9_]*", re.sub(r"'[^']*'", "", metric.sql))
            used = {*words} - {"sum", "max", "nullif", "coalesce", "count", "row"}
            assert used <= known, metric.name


def test_names_are_given_once_for_each_table():
    for table, metrics in METRICS.items():
        assert len({metric.name for metric in metrics}) == len(metrics), table


def test_peaks_and_bandwidths_are_never_added():
    summed = [m.sql for some in METRICS.values() for m in some if m.sql.startswith("sum(")]
    assert [sql for sql in summed if "peak" in sql or "mbps" in sql] == []


def test_what_is_complete_is_what_the_mart_of_freshness_calls_complete():
    (complete,) = (m for m in METRICS["ledger"] if m.name == "total_complete_days")
    condition = re.search(r"WHERE (.*)\)$", complete.sql)[1]
    assert condition in " ".join(read()["freshness"].sql.split())
