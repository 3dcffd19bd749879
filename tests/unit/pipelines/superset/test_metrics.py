"""Metrics: right however rows are grouped."""

import re

from pipelines.superset.joined import JOINED
from pipelines.superset.metrics import METRICS
from resources.marts.definition import read


def test_metrics_are_of_marts_and_columns_that_there_are():
    columns = {name: {c.name for c in mart.columns} for name, mart in read().items()}
    columns |= {joined.name: {name for _, name in joined.columns} for joined in JOINED}
    for table, metrics in METRICS.items():
        known = columns[table]
        for metric in metrics:
            used = {*re.findall(r"[a-z][a-z0-9_]*", metric.sql)} - {"sum", "max", "nullif"}
            assert used <= known, metric.name


def test_names_are_given_once_for_each_table():
    for table, metrics in METRICS.items():
        assert len({metric.name for metric in metrics}) == len(metrics), table


def test_peaks_and_bandwidths_are_never_added():
    summed = [m.sql for some in METRICS.values() for m in some if m.sql.startswith("sum(")]
    assert [sql for sql in summed if "peak" in sql or "mbps" in sql] == []
