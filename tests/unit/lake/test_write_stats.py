"""What is counted over the rows of a day."""

from collections import Counter
from datetime import date

from resources.api.catalog import DATASETS
from resources.api.parsing.parse import Rows
from resources.lake.parquet import LakeWriter
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


def ranked(*figures):
    rows = [
        {
            "query_type": "Stream",
            "sort_by": "TotalTraffic",
            "stream": "one",
            "rank": rank,
            "traffic_bytes": figure,
        }
        for rank, figure in enumerate(figures, start=1)
    ]
    return Rows(lake_files.table(DATASETS["top_play"], rows), 0, (), ())


def test_each_answer_is_a_ranking_of_its_own():
    stats = WriteStats(DATASETS["top_play"])
    for figures in ((9.0, 8.0), (5.0, 4.0)):  # ranks 1, 1, 2, 2 would rise
        stats.add(ranked(*figures))
    assert stats.contradictions([]) == []
    stats.add(ranked(1.0, 2.0))
    assert len(stats.contradictions([])) == 1


def test_what_waits_to_be_written_is_counted_when_it_is_asked_for(tmp_path):
    writer = LakeWriter(tmp_path / "rows.parquet", TRAFFIC, date(2026, 11, 20))
    try:
        for number in (1, 2):
            writer.add(Rows(table("a.example"), 0, (), ()))
            assert writer.stats.by_domain == Counter({"a.example": number})
            assert writer.stats.rows == number
    finally:
        writer.abandon()
