"""What is counted over the rows of a day."""

from collections import Counter

from resources.api.catalog import DATASETS
from resources.api.parsing.parse import Rows
from resources.lake.write_stats import WriteStats
from tests.support import lake_files

TRAFFIC = DATASETS["batch_stream_traffic"]


def table(*domains):
    rows = [{"domain": d, "app": "live", "stream": str(i)} for i, d in enumerate(domains)]
    return lake_files.table(TRAFFIC, rows)


def test_counts_of_several_answers_add_up():
    stats = WriteStats(TRAFFIC)
    stats.add(Rows(table("a.example"), 1, ("New",), ()))
    stats.add(Rows(table("a.example", "b.example"), 2, (), ("TotalUpTraffic",)))
    assert (stats.rows, stats.outside) == (3, 3)
    assert stats.facts() == {"outside": 3, "unknown": ["New"], "disagreeing": ["TotalUpTraffic"]}


def test_rows_are_counted_by_domain_whatever_its_case():
    stats = WriteStats(TRAFFIC)
    stats.add_domains(table("A.example", "b.example"))
    stats.add_domains(table("a.example"))
    assert stats.by_domain == Counter({"a.example": 2, "b.example": 1})
