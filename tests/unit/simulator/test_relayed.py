"""What is billed of the account as a whole follows from the same world as all else."""

from datetime import timedelta

import pytest

from tests.support.small_world import DAY, NOW, PULLS, PUSHES, rows, total

P95 = "DescribeLiveP95PeakBandwidthData"


def points(start, hours, **asked):
    found = rows("DescribeLiveBandwidthData", start, hours, Aggregation=300, **asked)
    return sorted((r["UpBandwidth"] + r["DownBandwidth"], r["TimeStamp"]) for r in found)


@pytest.mark.parametrize(
    "asked", [{"DomainList": [*PULLS, *PUSHES]}, {"DomainList": PULLS, "ProtocolList": ["RTMP"]}]
)
@pytest.mark.parametrize(("hours", "dropped"), [(24, 14), (72, 43)])
def test_the_percentile_is_that_of_the_points_of_the_window(asked, hours, dropped):
    (found,) = rows(P95, DAY, hours, **asked)
    expected, at = points(DAY, hours, **asked)[-1 - dropped]
    assert found["P95PeakBandwidth"] == pytest.approx(expected)
    assert found["P95PeakTimestamp"] == at


def test_relayed_minutes_are_those_of_streams_that_are_pushed():
    live = total(
        rows("DescribeLivePushStreamCountData", Aggregation=60, DomainList=PUSHES), "PeakCount"
    )
    (day,) = rows("DescribeLivePullToPushData")
    assert 0 < day["Value"] < live
    minutes = rows("DescribeLivePullToPushData", Aggregation=60)
    assert total(minutes, "Value") == day["Value"]
    bandwidth = rows("DescribeLivePullToPushBandwidthData", Aggregation=300)
    relayed = [row["TimeStamp"] for row in bandwidth if row["UpBandwidth"]]
    assert relayed
    assert len(relayed) == sum(
        any(m["Value"] for m in minutes[slot * 5 : slot * 5 + 5]) for slot in range(288)
    )


def test_storage_is_measured_in_the_last_second_of_the_day():
    days = rows("DescribeLiveTimeShiftData", DAY, 48)
    assert [row["TimeStamp"][:19] for row in days] == ["2025-06-06T23:59:59", "2025-06-07T23:59:59"]
    assert all(row["Storage"] > 0 for row in days)
    assert DAY + timedelta(days=2) < NOW
