"""Billed usage agrees with what the edge measured and with the tasks of transcoding."""

from datetime import timedelta

import pytest

from resources.api.catalog import endpoints_of
from resources.api.catalog.vendors import BYTEPLUS
from resources.simulator.truth import rows as truth_of
from tests.support.small_world import DAY, NOW, PULLS, PUSHES, by, rows, total, world

EDGE, TRAFFIC, BANDWIDTH = (f"DescribeLive{n}Data" for n in ("EdgeStat", "Traffic", "Bandwidth"))
EVENING = {"start": DAY + timedelta(hours=19), "hours": 3}


@pytest.mark.parametrize("domain", [PULLS[0], PUSHES[0]])
def test_the_bill_is_a_little_more_than_the_edge_measured(domain):
    billed = rows(TRAFFIC, DomainList=[domain], **EVENING)
    edge = rows(EDGE, DomainList=[domain], Aggregation=300, **EVENING)
    assert len(billed) == len(edge) == 36
    for field in ("UpTraffic", "DownTraffic"):
        wanted = total(edge, field)
        assert wanted <= total(billed, field) <= 1.016 * wanted
    assert total(billed, "UpTraffic") > total(edge, "UpTraffic")


def test_bandwidth_is_the_rate_of_the_traffic():
    asked = {"DomainList": PULLS, "DetailField": ["Domain"], **EVENING}
    points = by(rows(BANDWIDTH, **asked), "Domain", "TimeStamp")
    for row in rows(TRAFFIC, **asked):
        point = points[row["Domain"], row["TimeStamp"]]
        for way in ("Up", "Down"):
            rate = row[f"{way}Traffic"] * 8e3 / 300
            assert point[f"{way}Bandwidth"] == pytest.approx(rate)


def test_a_wide_slot_has_the_highest_point_and_all_of_the_traffic():
    points = rows(BANDWIDTH, DomainList=PULLS)
    (day,) = rows(BANDWIDTH, DomainList=PULLS, Aggregation=86_400)
    assert day["TimeStamp"] == "2025-06-06T00:00:00+08:00"
    assert day["DownBandwidth"] == max(row["DownBandwidth"] for row in points)
    (traffic,) = rows(TRAFFIC, DomainList=PULLS, Aggregation=86_400)
    assert traffic["DownTraffic"] == pytest.approx(
        total(rows(TRAFFIC, DomainList=PULLS), "DownTraffic")
    )


def test_slots_of_a_day_begin_at_midnight_in_shanghai_wherever_the_window_begins():
    shifted = truth_of(
        world, TRAFFIC, {"Aggregation": 86_400}, DAY + timedelta(hours=13), DAY + timedelta(hours=37), now=NOW
    )  # fmt: skip
    (next_day,) = rows(TRAFFIC, DAY + timedelta(days=1), Aggregation=86_400)
    assert shifted == [next_day]


def test_billed_minutes_are_those_of_the_tasks():
    tasks = rows("DescribeLiveTranscodeInfoData", DomainList=PUSHES)
    minutes = rows("DescribeLiveTranscodeData", DomainList=PUSHES)
    outputs = rows("DescribeLiveBatchStreamTranscodeData", DomainList=PUSHES)
    assert tasks
    for kind, tier in {(row["TranscodeType"], row["Resolution"]) for row in tasks}:
        of_tasks = [r for r in tasks if (r["TranscodeType"], r["Resolution"]) == (kind, tier)]
        billed = [r for r in minutes if (r["TranscodeType"], r["Resolution"]) == (kind, tier)]
        of_streams = [r for r in outputs if (r["VCodec"], r["Resolution"]) == (kind, tier)]
        wanted = pytest.approx(total(of_tasks, "Duration"))
        assert total(billed, "Duration") == wanted
        assert total(of_streams, "Duration") == wanted


def test_recordings_and_pictures_are_of_streams_that_are_pushed():
    live = rows("DescribeLivePushStreamCountData", DomainList=PUSHES)
    recorded = rows("DescribeLiveRecordData", DomainList=PUSHES)
    assert any(row["Value"] for row in recorded)
    for row, most in zip(recorded, live, strict=True):
        assert row["Value"] <= most["PeakCount"]
    (pictures,) = rows("DescribeLiveSnapshotData", DomainList=PUSHES, Aggregation=86_400)
    (audited,) = rows("DescribeLiveAuditData", DomainList=PUSHES)
    assert pictures["Value"] == 6 * audited["Count"] > 0


def test_counts_of_pushes_are_those_of_the_other_action():
    other = rows("DescribeLiveStreamCountData", DomainList=PUSHES, StreamType=["push"])
    assert rows("DescribeLivePushStreamCountData", DomainList=PUSHES) == other


def test_captions_are_minutes_of_pushes_and_byteplus_tells_the_share_of_hits():
    there = endpoints_of(BYTEPLUS)
    day = {"start": DAY, "end": DAY + timedelta(days=1), "endpoints": there}
    captions = truth_of(
        world, "DescribeLiveASRDurationData", {"Aggregation": 300, "DomainList": PUSHES}, **day
    )
    assert len(captions) == 288
    assert all(0 <= row["Duration"] <= 5 * 8 for row in captions)
    session, asked = "DescribeLiveStreamSessionData", {"Aggregation": 300, "DomainList": PULLS}
    found = truth_of(world, session, asked, **day)
    assert {0 < row["HitRate"] <= 1 for row in found if row["Request"]} == {True}
    assert "HitRate" not in rows(session, **asked)[0]
