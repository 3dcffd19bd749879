"""The simulated world: any slicing gives the same numbers, and the endpoints agree."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.simulator import AnswerOptions
from resources.simulator.api import Api
from resources.simulator.places import ISPS, PROTOCOLS
from resources.simulator.world import World
from tests.support.small_world import ACCOUNT, DAY, HOUR, NOW, PULLS, PUSHES, by, rows, total, world

pytestmark = pytest.mark.slow

BUCKETS = {
    "DescribeLiveStreamSessionData": ("OnlineUser", "Request"),
    "DescribeLiveSourceTrafficData": ("Bandwidth", "Traffic"),
    "DescribeLiveEdgeStatData": ("DownBandwidth", "DownTraffic"),
    "DescribeLiveStreamCountData": ("PeakCount", None),
}
"""Series: the field that is a peak, and one that is a sum."""

cuts = st.lists(st.integers(1, 287), unique=True, max_size=4).map(sorted)


class TestSlicing:
    @settings(max_examples=15, deadline=None)
    @given(action=st.sampled_from(sorted(BUCKETS)), cuts=cuts)
    def test_windows_of_any_length_hold_the_same_slots(self, action, cuts):
        asked = {"DomainList": PULLS, "Aggregation": 300, "DetailField": ["Domain"]}
        whole = rows(action, **asked)
        edges = [0, *cuts, 288]
        parts = [
            row
            for first, last in pairwise(edges)
            for row in rows(
                action, DAY + first * timedelta(minutes=5), (last - first) / 12, **asked
            )
        ]
        key = ("Domain", "TimeStamp")
        assert by(parts, *key) == by(whole, *key)
        assert len(parts) == len(whole) == 288 * len(PULLS)

    @settings(max_examples=6, deadline=None)
    @given(
        action=st.sampled_from(
            ["DescribeLiveBatchPushStreamMetrics", "DescribeLiveBatchSourceStreamMetrics"]
        ),
        how=st.sampled_from(["max", "avg"]),
        cut=st.integers(1, 1439),
    )
    def test_health_metrics_too(self, action, how, cut):
        domain = PUSHES[0] if "Push" in action else PULLS[0]
        asked = {"Domain": domain, "Aggregation": 60, "AggType": how}
        first = rows(action, DAY, cut / 60, **asked)
        then = rows(action, DAY + cut * timedelta(minutes=1), 24 - cut / 60, **asked)
        key = ("App", "Stream", "SessionID", "TimeStamp")
        assert by([*first, *then], *key) == by(rows(action, **asked), *key)

    @pytest.mark.parametrize("action", BUCKETS)
    def test_wide_slots_are_made_of_narrow_ones(self, action):
        peak, summed = BUCKETS[action]
        narrow = rows(action, Aggregation=60, DomainList=PULLS)
        wide = rows(action, Aggregation=3600, DomainList=PULLS)
        for hour, row in enumerate(wide):
            inside = narrow[60 * hour : 60 * hour + 60]
            assert row["TimeStamp"] == inside[0]["TimeStamp"]
            assert row[peak] == max(r[peak] for r in inside)
            assert summed is None or row[summed] == pytest.approx(total(inside, summed), rel=1e-12)

    def test_domains_together_are_the_sum_of_each(self):
        action, field = "DescribeLiveStreamSessionData", "Request"
        both = total(rows(action, DomainList=PULLS), field)
        assert both == sum(total(rows(action, DomainList=[name]), field) for name in PULLS)

    def test_the_order_of_the_questions_does_not_matter(self):
        asked = {"DomainList": PULLS, "DetailField": ["Domain"]}
        action = "DescribeLiveEdgeStatData"
        later = rows(action, DAY + 48 * HOUR, **asked)
        fresh = World(ACCOUNT)
        assert rows(action, DAY + 48 * HOUR, of=fresh, **asked) == later
        assert rows(action, of=World(replace(ACCOUNT, seed=8)), **asked) != rows(action, **asked)


def test_traffic_is_the_integral_of_bandwidth():
    for action, pairs in {
        "DescribeLiveEdgeStatData": [
            ("DownBandwidth", "DownTraffic"),
            ("UpBandwidth", "UpTraffic"),
        ],
        "DescribeLiveSourceTrafficData": [("Bandwidth", "Traffic")],
    }.items():
        minutes = rows(action, Aggregation=60)
        for mbps, gb in pairs:
            for row in minutes:  # 1 Mbps for 60 s is 7.5 MB
                assert row[gb] == pytest.approx(row[mbps] * 60 / 8 / 1000, abs=1e-9)
            slots = rows(action, Aggregation=300)
            assert total(slots, gb) == pytest.approx(total(minutes, gb))
            assert all(row[gb] <= row[mbps] * 300 / 8 / 1000 + 1e-9 for row in slots)


class TestSplits:
    @pytest.mark.parametrize(
        "split",
        [
            {"DetailField": ["ISP"], "ISPList": list(ISPS)},
            {"DetailField": ["Domain", "ISP"], "ISPList": list(ISPS), "DomainList": PULLS},
            {"DetailField": ["Protocol"], "ProtocolList": list(PROTOCOLS)},
            {"DetailField": ["ISP"], "ISPList": list(ISPS), "ProtocolList": ["QUIC"]},
            {"DetailField": ["UserArea"]},
            {"DetailField": ["UserArea", "UserCountry"]},
            {"DetailField": ["Area", "ISP"], "ISPList": list(ISPS)},
        ],
        ids=["ISP", "Domain+ISP", "Protocol", "ISP of QUIC", "UserArea", "UserCountry", "Area+ISP"],
    )
    def test_parts_add_up_to_the_whole_in_every_slot(self, split):
        asked = {"DomainList": PULLS}
        if split.get("ProtocolList") == ["QUIC"]:
            asked["ProtocolList"] = ["QUIC"]  # no part of the sum of all protocols
        whole = rows("DescribeLiveEdgeStatData", **asked)
        parts = defaultdict(Counter)
        for row in rows("DescribeLiveEdgeStatData", **{**split, **asked}):
            parts[row["TimeStamp"]].update(
                {name: row[name] for name in ("Request", "DownTraffic", "UpTraffic")}
            )
        for row in whole:
            summed = parts[row["TimeStamp"]]
            assert summed["Request"] == row["Request"]
            assert summed["DownTraffic"] == pytest.approx(row["DownTraffic"])
            assert summed["UpTraffic"] == pytest.approx(row["UpTraffic"])

    def test_peaks_of_carriers_are_no_less_than_the_peak_of_all(self):
        action, isps = "DescribeLiveStreamSessionData", list(ISPS)
        whole = rows(action, DomainList=PULLS)
        parts = Counter()
        for row in rows(action, DomainList=PULLS, ISPList=isps, DetailField=["ISP"]):
            parts[row["TimeStamp"]] += row["OnlineUser"]
        assert all(parts[row["TimeStamp"]] >= row["OnlineUser"] for row in whole)

    def test_quic_overlaps_the_others(self):
        quic = total(rows("DescribeLiveEdgeStatData", ProtocolList=["QUIC"]), "DownTraffic")
        everything = total(rows("DescribeLiveEdgeStatData"), "DownTraffic")
        others = total(
            rows("DescribeLiveEdgeStatData", ProtocolList=list(PROTOCOLS)), "DownTraffic"
        )
        assert 0 < quic < everything == pytest.approx(others)

    def test_provinces_are_those_of_china(self):
        found = rows("DescribeLiveEdgeStatData", DetailField=["UserCountry", "UserProvince"])
        assert {row["UserCountry"] for row in found} == {"CN"}
        assert all(row["UserProvince"] for row in found)
        everything = total(rows("DescribeLiveEdgeStatData"), "Request")
        assert 0.5 * everything < total(found, "Request") < everything

    @pytest.mark.parametrize(
        ("asked", "labels"),
        [
            ({"DomainList": PULLS[:1]}, set()),
            ({"DomainList": PULLS}, {"Domain"}),
            ({"DomainList": PULLS[:1], "ISPList": ["telecom", "unicom"]}, {"ISP"}),
            ({"DomainList": PULLS[:1], "ISPList": ["telecom"]}, set()),
            ({}, set()),
        ],
        ids=["one domain", "two domains", "two carriers", "one of each", "no list"],
    )
    def test_a_split_needs_two_values_to_split(self, asked, labels):
        body = {
            "StartTime": "2025-06-06T00:00:00+08:00",
            "EndTime": "2025-06-06T01:00:00+08:00",
            "DetailField": ["Domain", "ISP"],
            **asked,
        }
        action = "DescribeLiveStreamSessionData"
        result = Api(world, AnswerOptions(empty="absent")).answer(action, body, NOW)
        items = result.get("SessionDetailDataList", [])
        assert bool(items) == bool(labels)
        for item in items:
            assert set(item) & {"Domain", "ISP"} == labels


class TestAgreement:
    def test_status_codes_are_the_requests(self):
        asked = {"DomainList": PULLS, "ISPList": list(ISPS), "DetailField": ["Domain", "ISP"]}
        asked["Aggregation"] = 300
        coded = Counter()
        for row in rows("DescribeLivePlayStatusCodeData", Type="Access", **asked):
            coded[row["Domain"], row["ISP"], row["TimeStamp"]] += row["Value"]
        requests = rows("DescribeLiveStreamSessionData", **asked)
        for row in requests:
            assert coded[row["Domain"], row["ISP"], row["TimeStamp"]] == row["Request"]

    def test_percentages_are_shares_of_the_slot(self):
        slots = defaultdict(float)
        for row in rows("DescribeLivePlayStatusCodeData", DomainList=PULLS, Aggregation=300):
            slots[row["TimeStamp"]] += row["Percent"]
        assert all(share == pytest.approx(100.0, abs=0.01) for share in slots.values())

    def test_streams_add_up_to_their_domain(self):
        streams = rows("DescribeLiveBatchStreamTrafficData", DomainList=PULLS)
        edge = rows("DescribeLiveEdgeStatData", DomainList=PULLS)
        for field in ("UpTraffic", "DownTraffic"):
            assert total(streams, field) == pytest.approx(total(edge, field))
        sessions = rows("DescribeLiveBatchStreamSessionData", DomainList=PULLS)
        series = rows("DescribeLiveStreamSessionData", DomainList=PULLS)
        assert total(sessions, "TotalRequest") == total(series, "Request")
        assert total(series, "Request") == total(edge, "Request")

    def test_the_ranking_is_of_the_same_traffic(self):
        streams = by(rows("DescribeLiveBatchStreamTrafficData"), "Domain", "App", "Stream")
        ranked = rows("DescribeLiveTopPlayData", QueryType="Stream", SortBy="TotalTraffic")
        assert [r["TotalTraffic"] for r in ranked] == sorted(
            (r["TotalTraffic"] for r in ranked), reverse=True
        )
        for row in ranked:
            stream = streams[row["Domain"], row["App"], row["Stream"]]
            assert row["TotalTraffic"] == pytest.approx(stream["DownTraffic"] * 1e9)
            assert row["AvgBandwidth"] * 86_400 / 8 == pytest.approx(row["TotalTraffic"])
            assert row["AvgBandwidth"] <= row["PeakBandwidth"]
        domains = by(rows("DescribeLiveTopPlayData", QueryType="Domain"), "Domain")
        edge = rows("DescribeLiveEdgeStatData", DomainList=PULLS[:1])
        assert domains[PULLS[0],]["PeakBandwidth"] == pytest.approx(
            max(row["DownBandwidth"] for row in edge) * 1e6
        )

    def test_the_three_kinds_of_viewers(self):
        action = "DescribeLiveStreamSessionData"
        asked = {"DomainList": PULLS, "ISPList": list(ISPS), "DetailField": ["Domain", "ISP"]}
        online, addresses, viewers = (
            [r["OnlineUser"] for r in rows(action, OnlineUserType=kind, **asked)]
            for kind in ("Online", "ClientIP", "Viewer")
        )
        assert all(o <= a <= v for o, a, v in zip(online, addresses, viewers, strict=True))
        assert sum(online) < sum(addresses) < sum(viewers)

    def test_origins_send_a_small_part(self):
        origin = total(rows("DescribeLiveSourceTrafficData", DomainList=PULLS), "Traffic")
        edge = total(rows("DescribeLiveEdgeStatData", DomainList=PULLS), "DownTraffic")
        assert 0 < origin < 0.25 * edge
