"""A ranking is of what was asked for, best first."""

import pytest

from resources.api.catalog import DATASETS
from resources.lake.rankings import Rankings
from tests.support import lake_files

COLUMNS = {
    "PeakBandwidth": "peak_bandwidth_mbps",
    "AvgBandwidth": "avg_bandwidth_mbps",
    "TotalTraffic": "traffic_bytes",
}


def said(*values, by="TotalTraffic", kind="Stream", stream="one"):
    """What is contradicted by one ranking with these figures, best first."""
    rows = [
        {"query_type": kind, "sort_by": by, "rank": rank, "stream": stream, COLUMNS[by]: value}
        for rank, value in enumerate(values, start=1)
    ]
    found = Rankings(DATASETS["top_play"])
    found.add(lake_files.table(DATASETS["top_play"], rows))
    return found.contradictions


@pytest.mark.parametrize("by", COLUMNS)
def test_another_order_is_told(by):
    assert said(9.0, 5.0, 5.0, 1.0, 0.0, by=by) == []
    (text,) = said(9.0, 1.0, 5.0, by=by)
    assert by in text


def test_what_is_as_good_as_equal_may_stand_in_any_order():
    assert said(1000.0, 1001.0, 999.0) == []


def test_two_rankings_are_two():
    dataset = DATASETS["top_play"]
    found = Rankings(dataset)
    for kind in ("Domain", "Stream"):
        row = {"query_type": kind, "sort_by": "TotalTraffic", "stream": None}
        rows = [row | {"rank": 1, "traffic_bytes": 9.0}, row | {"rank": 2, "traffic_bytes": 1.0}]
        found.add(lake_files.table(dataset, rows))
    assert found.contradictions == []


@pytest.mark.parametrize(("stream", "number"), [("one", 1), (None, 0), ("", 0)])
def test_streams_in_a_ranking_of_domains_are_told(stream, number):
    assert len(said(9.0, kind="Domain", stream=stream)) == number


def test_an_empty_ranking_and_another_dataset_say_nothing():
    assert said() == []
    found = Rankings(DATASETS["batch_stream_traffic"])
    found.add(lake_files.table(DATASETS["batch_stream_traffic"], [{}]))
    assert found.contradictions == []
