"""Answers about usage fit each other; over many windows and splits they are tried in test_world.py."""

from itertools import pairwise

import pytest

from tests.support.small_world import PULLS, PUSHES, by, rows, total

HOUR_SLOTS = {"hours": 6, "Aggregation": 3600, "DomainList": PULLS}
EDGE, CODES, SESSION = (
    "DescribeLiveEdgeStatData", "DescribeLivePlayStatusCodeData", "DescribeLiveStreamSessionData"
)  # fmt: skip


def test_the_kinds_of_viewers_hold_each_other():
    kinds = ("Online", "ClientIP", "Viewer")
    found = [rows(SESSION, OnlineUserType=kind, **HOUR_SLOTS) for kind in kinds]
    for one, more in pairwise(found):
        for a, b in zip(one, more, strict=True):
            assert a["OnlineUser"] <= b["OnlineUser"]
            assert a["Request"] == b["Request"]


def test_wide_slots_have_the_sum_and_the_peak_of_narrow_ones():
    wide = rows(EDGE, **HOUR_SLOTS)
    narrow = rows(EDGE, **{**HOUR_SLOTS, "Aggregation": 300})
    assert total(wide, "Request") == total(narrow, "Request")
    assert total(wide, "DownTraffic") == pytest.approx(total(narrow, "DownTraffic"))
    assert wide[0]["DownBandwidth"] == max(row["DownBandwidth"] for row in narrow[:12])


def test_domains_are_the_sum_of_each():
    split = rows(EDGE, DetailField=["Domain"], **HOUR_SLOTS)
    whole = by(rows(EDGE, **HOUR_SLOTS), "TimeStamp")
    for (stamp,), row in whole.items():
        parts = [part for part in split if part["TimeStamp"] == stamp]
        assert len(parts) == len(PULLS)
        assert total(parts, "Request") == row["Request"]


def test_viewers_make_traffic_and_codes_on_the_same_day():
    edge = total(rows(EDGE, **HOUR_SLOTS), "Request")
    codes = rows(CODES, RequestType="Access", **HOUR_SLOTS)
    assert edge > 0
    assert {row["StatusCode"] for row in codes} >= {200, 404}
    for slot in by(codes, "TimeStamp"):
        of_slot = [row for row in codes if (row["TimeStamp"],) == slot]
        assert total(of_slot, "Percent") == pytest.approx(100, abs=1)


def test_streams_are_the_sum_of_their_domain():
    batch = rows("DescribeLiveBatchStreamTrafficData", DomainList=PULLS)
    assert {row["Domain"] for row in batch} == {*PULLS}
    assert len({(row["Domain"], row["App"], row["Stream"]) for row in batch}) == len(batch)


def test_a_ranking_is_sorted_by_what_was_asked():
    for sort, field in (("TotalTraffic", "TotalTraffic"), ("PeakBandwidth", "PeakBandwidth")):
        found = rows("DescribeLiveTopPlayData", QueryType="Stream", SortBy=sort)
        values = [row[field] for row in found]
        assert values == sorted(values, reverse=True)
        assert len(values) > 1


def test_live_streams_are_counted_for_push_domains():
    asked = {"hours": 24, "Aggregation": 300, "DomainList": PUSHES}
    found = rows("DescribeLiveStreamCountData", StreamType=["push"], **asked)
    assert max(row["PeakCount"] for row in found) > 0
