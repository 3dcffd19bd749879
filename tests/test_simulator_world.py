"""The simulated world: any slicing gives the same numbers, and the endpoints agree."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api.catalogue import ENDPOINTS
from resources.api.catalogue.model import Field, Kind, Layout, Level
from resources.api.simulator import Account, Answers, Late, Simulator, truth
from resources.api.simulator.api import Api
from resources.api.simulator.places import ISPS, PROTOCOLS
from resources.api.simulator.world import World

NOW = datetime(2025, 6, 20, tzinfo=UTC)
DAY = datetime.fromisoformat("2025-06-06T00:00:00+08:00")  # a Friday
HOUR = timedelta(hours=1)
ACCOUNT = Account(domains=2, streams_per_domain=4, deleted=1)
PULLS, PUSHES = [[f"{side}-{n}.sim.example" for n in (1, 2)] for side in ("pull", "push")]
WHOLE_DAY = {"StartTime": "2025-06-06T00:00:00+08:00", "EndTime": "2025-06-07T00:00:00+08:00"}
BUCKETS = {
    "DescribeLiveStreamSessionData": ("OnlineUser", "Request"),
    "DescribeLiveSourceTrafficData": ("Bandwidth", "Traffic"),
    "DescribeLiveEdgeStatData": ("DownBandwidth", "DownTraffic"),
    "DescribeLiveStreamCountData": ("PeakCount", None),
}
"""Series: the field that is a peak, and one that is a sum."""

world = World(ACCOUNT)


def rows(action, start=DAY, hours=24.0, of=world, now=NOW, **parameters):
    return truth.rows(of, action, parameters, start, start + hours * HOUR, now=now)


def total(found, field):
    return sum(row[field] for row in found)


def by(found, *names):
    return {tuple(row.get(name) for name in names): row for row in found}


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
            {"DetailField": ["UserArea"]},
            {"DetailField": ["UserArea", "UserCountry"]},
            {"DetailField": ["Area", "ISP"], "ISPList": list(ISPS)},
        ],
        ids=lambda split: "+".join(split["DetailField"]),
    )
    def test_parts_add_up_to_the_whole_in_every_slot(self, split):
        domains = {"DomainList": split.get("DomainList", PULLS)}
        whole = rows("DescribeLiveEdgeStatData", **domains)
        parts = defaultdict(Counter)
        for row in rows("DescribeLiveEdgeStatData", **{**split, **domains}):
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
        result = Api(world, Answers(empty="absent")).answer(action, body, NOW)
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


class TestPushes:
    week = rows("DescribeLivePushStreamInfoData", hours=7 * 24, DomainList=PUSHES[:1])

    def test_pushes_of_a_stream_do_not_overlap(self):
        streams = defaultdict(list)
        for row in self.week:
            start, end = (datetime.fromisoformat(row[n]) for n in ("StartTime", "EndTime"))
            assert (end - start).total_seconds() == row["Duration"] > 0
            streams[row["App"], row["Stream"]].append((start, end))
        for spans in streams.values():
            spans.sort()
            assert all(end <= start for (_, end), (start, _) in pairwise(spans))

    def test_some_run_past_midnight_and_some_for_days(self):
        lengths = [row["Duration"] for row in self.week]
        crossing = [r for r in self.week if r["StartTime"][:10] != r["EndTime"][:10]]
        assert crossing
        assert max(lengths) > 2 * 86_400
        assert len({row["StreamBreakReason"] for row in self.week}) > 1

    def test_only_those_that_have_ended_are_listed(self):
        early = rows("DescribeLivePushStreamInfoData", now=DAY + 20 * HOUR)
        late = rows("DescribeLivePushStreamInfoData")
        assert len(early) < len(late)
        assert all(datetime.fromisoformat(r["EndTime"]) <= DAY + 20 * HOUR for r in early)

    @pytest.mark.parametrize("match", ["overlap", "start", "end"])
    def test_a_window_lists_by_overlap_start_or_end(self, match):
        api = Api(world, Answers(push_match=match))
        names = {"overlap": ("StartTime", "EndTime"), "start": ("StartTime",), "end": ("EndTime",)}
        seen = Counter()
        for day in range(14):
            start = DAY + (day - 7) * 24 * HOUR
            body = {"StartTime": start.isoformat(), "EndTime": (start + 24 * HOUR).isoformat()}
            body |= {"PageSize": 1000, "DomainList": PUSHES[:1]}
            answer = api.answer("DescribeLivePushStreamInfoData", body, NOW)
            for row in answer["PushStreamInfoDataList"]:
                seen[row["Stream"], row["StartTime"]] += 1
                dates = {row[name][:10] for name in names[match]}
                assert start.isoformat()[:10] in dates or match == "overlap"
        assert (max(seen.values()) > 1) == (match == "overlap")

    def test_metrics_lie_inside_their_push(self):
        pushes = defaultdict(list)
        for row in self.week:
            span = [datetime.fromisoformat(row[n]) for n in ("StartTime", "EndTime")]
            pushes[row["App"], row["Stream"]].append(span)
        minute = timedelta(minutes=1)
        found = rows("DescribeLiveBatchPushStreamMetrics", Domain=PUSHES[0])
        assert found
        for row in found:
            at = datetime.fromisoformat(row["TimeStamp"])
            begun = datetime.fromtimestamp(row["StreamBeginTime"] / 1000, UTC)
            (end,) = (e for s, e in pushes[row["App"], row["Stream"]] if s == begun)
            assert begun - minute < at < end
            assert 0 < row["VideoPts"] <= (end - begun).total_seconds() * 1000

    def test_averages_are_no_more_than_maxima(self):
        asked = {"Domain": PUSHES[0]}
        action = "DescribeLiveBatchPushStreamMetrics"
        key = ("SessionID", "TimeStamp")
        most = by(rows(action, AggType="max", **asked), *key)
        mean = by(rows(action, AggType="avg", **asked), *key)
        assert most.keys() == mean.keys()
        for name in ("Bitrate", "Framerate", "VideoFrameGap", "AudioBitrate", "PtsDelta"):
            assert all(mean[at][name] <= most[at][name] for at in most)

    def test_one_stream_is_the_same_alone_and_in_the_batch(self):
        asked = {"Domain": PUSHES[0], "App": "live", "Stream": "room-103", "Aggregation": 30}
        alone = by(rows("DescribeLivePushStreamMetrics", **asked), "TimeStamp")
        batch = defaultdict(float)
        for row in rows("DescribeLiveBatchPushStreamMetrics", **asked):
            batch[row["TimeStamp"],] = max(batch[row["TimeStamp"],], row["Bitrate"])
        assert {at: row["Bitrate"] for at, row in alone.items()} == batch

    def test_counts_are_the_live_streams(self):
        counted = by(
            rows(
                "DescribeLiveStreamCountData",
                DomainList=PUSHES[:1],
                StreamType=["push"],
                Aggregation=60,
            ),
            "TimeStamp",
        )
        live = defaultdict(set)
        for row in rows("DescribeLiveBatchPushStreamMetrics", Domain=PUSHES[0], Aggregation=60):
            live[row["TimeStamp"],].add((row["App"], row["Stream"]))
        assert live
        # Seconds at the edge of a push may have no sample, so a minute may lack a stream.
        assert all(len(live[at]) <= counted[at]["PeakCount"] for at in counted)
        exact = sum(len(live[at]) == counted[at]["PeakCount"] for at in counted)
        assert exact > 0.98 * len(counted)

    def test_transcoding_minutes_are_those_of_the_window(self):
        days = [rows("DescribeLiveTranscodeInfoData", DAY + n * 24 * HOUR) for n in range(3)]
        minutes = Counter()
        for day in days:
            assert all(0 < row["Duration"] <= 1440 for row in day)
            for row in day:
                minutes[row["TaskID"]] += row["Duration"]
        whole = rows("DescribeLiveTranscodeInfoData", hours=72)
        assert {row["TaskID"]: pytest.approx(row["Duration"]) for row in whole} == minutes
        assert len(set(minutes) & {r["TaskID"] for r in days[0]} & {r["TaskID"] for r in days[1]})


class TestShape:
    def test_evenings_are_busiest(self):
        hours = rows("DescribeLiveStreamSessionData", DomainList=PULLS[:1], Aggregation=3600)
        busiest = max(hours, key=lambda row: row["OnlineUser"])
        quietest = min(hours, key=lambda row: row["OnlineUser"])
        assert 19 <= int(busiest["TimeStamp"][11:13]) <= 23
        assert busiest["OnlineUser"] > 4 * quietest["OnlineUser"]

    def test_now_and_then_a_carrier_has_an_incident(self):
        asked = {"ISPList": list(ISPS), "DetailField": ["ISP"], "DomainList": PULLS[:1]}
        struck = defaultdict(set)
        for day in range(28):
            for row in rows(
                "DescribeLivePlayStatusCodeData", DAY + day * 24 * HOUR, Aggregation=3600, **asked
            ):
                if row["StatusCode"] == 502 and row["Percent"] > 3.0 and row["Value"] > 50:
                    struck[row["TimeStamp"][:10]].add(row["ISP"])
        assert 1 <= len(struck) <= 3
        assert all(len(isps) == 1 for isps in struck.values())

    def test_some_streams_are_in_trouble(self):
        big = World(Account(domains=3, streams_per_domain=14))
        troubles = {s.trouble for space in big.spaces for s in space.streams}
        assert troubles == {"", "stalls", "dips", "drift"}


def test_hostile_names_come_back_as_they_are():
    hostile = World(Account(domains=1, streams_per_domain=1, hostile=True))
    names = {row["Stream"] for row in rows("DescribeLiveBatchStreamTrafficData", of=hostile)}
    assert {'o\'brien "quoted"', "line\nbreak\tand tab", "../../etc/passwd"} <= names


def test_more_streams_than_a_page():
    busy = World(Account(domains=1, streams_per_domain=1100, deleted=0, audience=20.0))
    body = {"StartTime": "2025-06-06T20:00:00+08:00", "EndTime": "2025-06-06T21:00:00+08:00"}
    body |= {"DomainList": PUSHES[:1]}
    api, seen = Api(busy, Answers()), set()
    for page in (1, 2, 3):
        answer = api.answer("DescribeLiveBatchStreamTrafficData", {**body, "PageNum": page}, NOW)
        rows_of_page = answer["StreamInfoList"]
        seen |= {(row["App"], row["Stream"]) for row in rows_of_page}
        assert answer["Pagination"]["PageNum"] == page
        count = answer["Pagination"]["TotalCount"]
        assert len(rows_of_page) == max(0, min(1000, count - 1000 * (page - 1)))
    assert len(seen) == count


def test_late_data_arrives():
    late = World(ACCOUNT, Late(settled_after=timedelta(days=2), factor=0.9))
    end = DAY + 24 * HOUR
    action, asked = "DescribeLiveStreamSessionData", {"DomainList": PULLS}
    young = rows(action, of=late, now=end + 47 * HOUR, **asked)
    assert rows(action, of=late, now=end + 48 * HOUR, **asked) == rows(action, **asked)
    assert total(young, "Request") == pytest.approx(
        0.9 * total(rows(action, **asked), "Request"), rel=0.01
    )


class TestReadings:
    """Where the documentation leaves several readings open, the simulator has an option."""

    def slots(self, options, **changes):
        body = {**WHOLE_DAY, **changes}
        answer = Api(world, options).answer("DescribeLiveStreamSessionData", body, NOW)
        return [row["TimeStamp"] for row in answer["SessionDataList"]]

    def test_the_end_may_be_inclusive(self):
        assert self.slots(Answers())[-1] == "2025-06-06T23:55:00+08:00"
        assert self.slots(Answers(end="inclusive"))[-1] == "2025-06-07T00:00:00+08:00"
        last_second = {"EndTime": "2025-06-06T23:59:59+08:00"}
        both = [self.slots(Answers(end=end), **last_second) for end in ("inclusive", "exclusive")]
        assert both[0] == both[1] == self.slots(Answers())

    def test_times_may_be_utc(self):
        assert self.slots(Answers(offset="Z"))[0] == "2025-06-05T16:00:00Z"

    @pytest.mark.parametrize("empty", ["list", "null", "absent"])
    def test_an_optional_list_may_be_empty_null_or_missing(self, empty):
        body = {**WHOLE_DAY, "Domain": PUSHES[0], "App": "live", "Stream": "no such stream"}
        answer = Api(world, Answers(empty=empty)).answer("DescribeLivePushStreamMetrics", body, NOW)
        wanted = {"list": {"MetricList": []}, "null": {"MetricList": None}, "absent": {}}[empty]
        assert {k: v for k, v in answer.items() if k == "MetricList"} == wanted

    def test_slots_without_anything_may_be_left_out(self):
        body = {**WHOLE_DAY, "DomainList": PUSHES[:1]}  # nobody watches a push domain
        action = "DescribeLiveStreamSessionData"
        sent, left_out = (
            Api(world, Answers(zeros=zeros)).answer(action, body, NOW)["SessionDataList"]
            for zeros in ("send", "omit")
        )
        assert (len(sent), len(left_out)) == (288, 0)


def test_an_endpoint_that_the_world_does_not_know_is_answered_from_its_entry():
    known = ENDPOINTS["DescribeLiveSourceTrafficData"]
    fields = (
        Field(name="TimeStamp", kind=Kind.INSTANT),
        Field(name="Flow", kind=Kind.FLOAT),
        Field(name="Hits", kind=Kind.INTEGER),
    )
    new = replace(
        known,
        action="DescribeLiveNewData",
        rows=Layout(levels=(Level(name="NewList", fields=fields),)),
        split_rows=None,
        totals=(replace(known.totals[0], of="Flow"),),
    )
    asked = {"DomainList": PULLS, "Aggregation": 3600}
    with Simulator(ACCOUNT, endpoints={new.action: new}) as sim:
        found = sim.truth(new.action, asked, DAY, DAY + 24 * HOUR)
        later = sim.truth(new.action, asked, DAY + 12 * HOUR, DAY + 24 * HOUR)
    assert len(found) == 24
    assert later == found[12:]
    assert set(found[0]) == {"TimeStamp", "Flow", "Hits"}
