"""What makes a simulated account lifelike, hard to handle, or open to several readings."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

import pytest

from resources.api.catalog import ENDPOINTS
from resources.api.catalog.model import ColumnType, Field, ListLevel, RowLayout
from resources.simulator import Account, AnswerOptions, LateData, Simulator
from resources.simulator.api import Api
from resources.simulator.places import ISPS
from resources.simulator.world import World
from tests.support.small_world import (
    ACCOUNT,
    DAY,
    HOUR,
    NOW,
    PULLS,
    PUSHES,
    WHOLE_DAY,
    rows,
    total,
    world,
)

pytestmark = pytest.mark.slow


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
    api, seen = Api(busy, AnswerOptions()), set()
    for page in (1, 2, 3):
        answer = api.answer("DescribeLiveBatchStreamTrafficData", {**body, "PageNum": page}, NOW)
        rows_of_page = answer["StreamInfoList"]
        seen |= {(row["App"], row["Stream"]) for row in rows_of_page}
        assert answer["Pagination"]["PageNum"] == page
        count = answer["Pagination"]["TotalCount"]
        assert len(rows_of_page) == max(0, min(1000, count - 1000 * (page - 1)))
    assert len(seen) == count


def test_late_data_arrives():
    late = World(ACCOUNT, LateData(settled_after=timedelta(days=2), factor=0.9))
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
        assert self.slots(AnswerOptions())[-1] == "2025-06-06T23:55:00+08:00"
        assert self.slots(AnswerOptions(end="inclusive"))[-1] == "2025-06-07T00:00:00+08:00"
        last_second = {"EndTime": "2025-06-06T23:59:59+08:00"}
        both = [
            self.slots(AnswerOptions(end=end), **last_second) for end in ("inclusive", "exclusive")
        ]
        assert both[0] == both[1] == self.slots(AnswerOptions())

    def test_times_may_be_utc(self):
        assert self.slots(AnswerOptions(offset="Z"))[0] == "2025-06-05T16:00:00Z"

    @pytest.mark.parametrize("empty", ["list", "null", "absent"])
    def test_an_optional_list_may_be_empty_null_or_missing(self, empty):
        body = {**WHOLE_DAY, "Domain": PUSHES[0], "App": "live", "Stream": "no such stream"}
        answer = Api(world, AnswerOptions(empty=empty)).answer(
            "DescribeLivePushStreamMetrics", body, NOW
        )
        wanted = {"list": {"MetricList": []}, "null": {"MetricList": None}, "absent": {}}[empty]
        assert {k: v for k, v in answer.items() if k == "MetricList"} == wanted

    def test_slots_without_anything_may_be_left_out(self):
        body = {**WHOLE_DAY, "DomainList": PUSHES[:1]}  # nobody watches a push domain
        action = "DescribeLiveStreamSessionData"
        sent, left_out = (
            Api(world, AnswerOptions(zeros=zeros)).answer(action, body, NOW)["SessionDataList"]
            for zeros in ("send", "omit")
        )
        assert (len(sent), len(left_out)) == (288, 0)


def test_an_endpoint_that_the_world_does_not_know_is_answered_from_its_entry():
    known = ENDPOINTS["DescribeLiveSourceTrafficData"]
    fields = (
        Field(name="TimeStamp", kind=ColumnType.INSTANT),
        Field(name="Flow", kind=ColumnType.FLOAT),
        Field(name="Hits", kind=ColumnType.INTEGER),
    )
    new = replace(
        known,
        action="DescribeLiveNewData",
        rows=RowLayout(levels=(ListLevel(name="NewList", fields=fields),)),
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
