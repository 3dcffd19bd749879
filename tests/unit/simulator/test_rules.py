"""The simulator refuses what the documentation forbids, and accepts what lies just inside.

Its limits are tried from tests/documented.toml, not from the catalog that it serves.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from resources.api.catalog import ENDPOINTS
from resources.simulator import Account, AnswerOptions
from resources.simulator.api import Api
from resources.simulator.refusals import Refused
from resources.simulator.world import World
from tests.support.documented_limits import DOCUMENTED

pytestmark = pytest.mark.slow

NOW = datetime(2025, 6, 10, 4, tzinfo=UTC)
PUSH, PULL = "push-1.sim.example", "pull-1.sim.example"
TIMED = [action for action, said in DOCUMENTED.items() if said.is_timed]
PAGED = [action for action, said in DOCUMENTED.items() if said.page]
SECOND = timedelta(seconds=1)

api = Api(
    World(Account(domains=2, streams_per_domain=1, deleted=1)), AnswerOptions(), endpoints=ENDPOINTS
)


def wire(moment):
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def times(action, start, end):
    return dict(zip(DOCUMENTED[action].times, (start, end), strict=True))


def good(action, **changes):
    """A request that is in order; a change to None takes a parameter out."""
    said = DOCUMENTED[action]
    values = {
        "Domain": PUSH if "Push" in action else PULL,
        "App": "live",
        "Stream": "room-101",
        **times(action, wire(NOW - timedelta(hours=3)), wire(NOW - timedelta(hours=2))),
        "Ips": ["198.18.0.1"],
        "PageNum": 1,
        "PageSize": 100,
        "Type": "pull",
    }
    body = {name: values[name] for name in said.required} | changes
    return {name: value for name, value in body.items() if value is not None}


def example(action, name):
    value = DOCUMENTED[action].allowed[name][0]
    return [value] if DOCUMENTED[action].is_list(name) else value


def partners(action, name):
    """What must stand beside a parameter."""
    others = {o for names in DOCUMENTED[action].together if name in names for o in names} - {name}
    return {other: example(action, other) for other in others}


def accepted(action, **changes):
    return api.answer(action, good(action, **changes), NOW)


def refused(action, code="InvalidParam", says="", **changes):
    with pytest.raises(Refused, match=says) as caught:
        api.answer(action, good(action, **changes), NOW)
    assert caught.value.code == code
    return caught.value.message


def window(action, seconds, end=NOW):
    return times(action, wire(end - timedelta(seconds=seconds)), wire(end))


@pytest.mark.parametrize("action", DOCUMENTED)
class TestEveryAction:
    def test_answers_a_request_with_what_is_required_only(self, action):
        assert isinstance(accepted(action), dict)

    def test_misses_what_is_required(self, action):
        for name in DOCUMENTED[action].required:
            refused(action, "MissingParameter", name, **{name: None})

    def test_does_not_know_other_parameters(self, action):
        refused(action, says="Limit", Limit=10)

    def test_wants_an_object(self, action):
        with pytest.raises(Refused, match="object"):
            api.answer(action, [], NOW)

    def test_allows_the_documented_values_and_no_others(self, action):
        for name, values in DOCUMENTED[action].allowed.items():
            listed = DOCUMENTED[action].is_list(name)
            beside = partners(action, name)
            for value in values:
                accepted(action, **beside, **{name: [value] if listed else value})
            wrong = 99 if isinstance(values[0], int) else "nothing"
            refused(action, says=name, **beside, **{name: [wrong] if listed else wrong})

    def test_wants_the_right_json_type(self, action):
        for name in (*DOCUMENTED[action].required, *DOCUMENTED[action].optional):
            refused(action, "InvalidParam.BindError", name, **{name: {"a": 1}})


SPANS = [
    pytest.param(action, bucket, splits, longest, id=f"{action}-{bucket}s-{splits} splits")
    for action, said in DOCUMENTED.items()
    for (bucket, splits), longest in said.window_limits.items()
]


@pytest.mark.parametrize(("action", "bucket", "splits", "longest"), SPANS)
def test_span(action, bucket, splits, longest):
    asked = {"Aggregation": bucket} if bucket else {}
    if splits:
        asked["DetailField"] = ["Domain", "ISP"]
    accepted(action, **asked, **window(action, longest))
    says = f"{DOCUMENTED[action].times[0]}.*limit is {_told(longest)}"
    refused(action, says=says, **asked, **window(action, longest + 1))


def _told(seconds):
    return f"{seconds // 86_400} d" if seconds % 86_400 == 0 else f"{seconds // 3600} h"


@pytest.mark.parametrize("action", [a for a, said in DOCUMENTED.items() if said.default_bucket])
def test_bucket(action):
    said = DOCUMENTED[action]
    assert accepted(action).get("Aggregation", said.default_bucket) == said.default_bucket
    refused(action, says="Aggregation", Aggregation=7)
    for bucket, _ in said.window_limits:
        assert accepted(action, Aggregation=bucket).get("Aggregation", bucket) == bucket


@pytest.mark.parametrize("action", TIMED)
class TestTimes:
    def test_history_ends(self, action):
        days, (begins, _) = DOCUMENTED[action].history_days, DOCUMENTED[action].times
        if days is None:  # not documented
            accepted(action, **window(action, 3600, NOW - timedelta(days=4000)))
            return
        oldest = NOW - timedelta(days=days)
        end = wire(oldest + timedelta(hours=1))
        accepted(action, **times(action, wire(oldest), end))
        refused(action, says=f"{begins}.*{days} days", **times(action, wire(oldest - SECOND), end))

    def test_the_future_cannot_be_asked(self, action):
        accepted(action, **window(action, 3600))
        says = f"{DOCUMENTED[action].times[1]}.*future"
        refused(action, says=says, **window(action, 3600, NOW + SECOND))

    def test_the_end_comes_after_the_start(self, action):
        accepted(action, **window(action, 1))
        for seconds in (0, -1):
            refused(action, says=DOCUMENTED[action].times[1], **window(action, seconds))

    @pytest.mark.parametrize(
        "text",
        [
            "2025-06-10T00:00:00",
            "2025-06-10 00:00:00+08:00",
            "2025-06-10T00:00:00.000+08:00",
            "2025-02-30T00:00:00Z",
            "2025-06-10",
            "1749484800",
        ],
    )
    def test_times_are_rfc_3339_with_an_offset_and_whole_seconds(self, action, text):
        begins, _ = DOCUMENTED[action].times
        refused(action, says=begins, **{begins: text})

    def test_both_offsets_are_the_same_moment(self, action):
        local = times(action, "2025-06-09T08:00:00+08:00", "2025-06-09T09:00:00+08:00")
        shifted = times(action, "2025-06-09T00:00:00Z", "2025-06-09T01:00:00Z")
        one, two = accepted(action, **local), accepted(action, **shifted)
        echo = one.keys() & local.keys()
        assert all((one[n], two[n]) == (local[n], shifted[n]) for n in echo)
        assert {**one, **{n: shifted[n] for n in echo}} == two


@pytest.mark.parametrize("action", PAGED)
def test_page_size(action):
    said = DOCUMENTED[action]
    smallest, largest, default = said.page
    write = str if said.page_is_text else int
    for size in (smallest, largest):
        accepted(action, PageSize=write(size))
    refused(action, says=f"PageSize.*{smallest}", PageSize=write(smallest - 1))
    refused(action, says=f"PageSize.*{largest}", PageSize=write(largest + 1))
    refused(action, says="PageNum.*1", PageNum=write(0))
    if default is not None:
        block = accepted(action)["Pagination"]
        assert block["PageSize"] == write(default)
        assert block[said.page_echo] == write(1)
        assert isinstance(block["TotalCount"], write)
        other = int if said.page_is_text else str
        refused(action, "InvalidParam.BindError", "PageSize", PageSize=other(largest))


@pytest.mark.parametrize("action", DOCUMENTED)
def test_parameters_that_belong_together(action):
    for names in DOCUMENTED[action].together:
        whole = {"Domain": PULL, "App": "live", "Stream": "room-101"}
        whole |= {name: example(action, name) for name in names if name not in whole}
        accepted(action, **{name: whole[name] for name in names})
        for name in set(names) - set(DOCUMENTED[action].required):
            refused(action, says="together", **{n: whole[n] for n in names if n != name})


@pytest.mark.parametrize("action", DOCUMENTED)
def test_parameters_that_exclude_each_other(action):
    for one, other in DOCUMENTED[action].not_both:
        value = {
            name: ["one"] if DOCUMENTED[action].is_list(name) else "one" for name in (one, other)
        } | {
            "DomainList": [PULL],
            "Domain": PULL,
            "VhostList": ["sim-space-1"],
            "RegionList": [{"Area": "CN"}],
            "UserRegionList": [{"Area": "CN"}],
        }
        stream = {"App": "live", "Stream": "room-101"} if other == "Domain" else {}
        accepted(action, **{one: value[one]})
        accepted(action, **stream, **{other: value[other]})
        refused(action, says=other, **stream, **{one: value[one], other: value[other]})


@pytest.mark.parametrize(
    "action", [a for a, said in DOCUMENTED.items() if "ProtocolList" in said.optional]
)
def test_quic_stands_alone(action):
    accepted(action, ProtocolList=["QUIC"])
    accepted(action, ProtocolList=["RTMP", "SRT"])
    refused(action, says="ProtocolList.*QUIC", ProtocolList=["QUIC", "RTMP"])


@pytest.mark.parametrize(
    ("region", "fits"),
    [
        ({"Area": "CN"}, True),
        ({"Area": "CN", "Country": "CN"}, True),
        ({"Area": "CN", "Country": "CN", "Province": "beijing"}, True),
        ({"Area": "AP", "Country": "SG", "Province": ""}, True),
        ({"Country": "CN"}, False),
        ({"Province": "beijing"}, False),
        ({"Area": "CN", "Province": "beijing"}, False),
        ({"Area": "AP", "Country": "SG", "Province": "beijing"}, False),
        ({"Area": "MARS"}, False),
    ],
)
@pytest.mark.parametrize("name", ["RegionList", "UserRegionList"])
def test_regions_are_named_from_the_top(name, region, fits):
    action = "DescribeLiveEdgeStatData"
    if fits:
        accepted(action, **{name: [region]})
    else:
        refused(action, says=name, **{name: [region]})


def test_a_region_knows_no_other_names():
    action = "DescribeLiveEdgeStatData"
    refused(action, "InvalidParam.BindError", "City", RegionList=[{"Area": "CN", "City": "x"}])


@pytest.mark.parametrize("name", ["ISPList", "UserRegionList"])
def test_stream_counts_know_carriers_and_regions_of_pushes_only(name):
    action = "DescribeLiveStreamCountData"
    value = ["telecom"] if name == "ISPList" else [{"Area": "CN"}]
    accepted(action, StreamType=["push"], **{name: value})
    for types in (None, ["transcode"], ["push", "transcode"]):
        refused(action, says="StreamType", StreamType=types, **{name: value})


def test_a_carrier_must_exist():
    refused("DescribeLiveEdgeStatData", says="ISPList", ISPList=["telecom", "starlink"])


def test_at_most_fifty_addresses():
    most = DOCUMENTED["DescribeIpInfo"].most_items["Ips"]
    addresses = [f"198.18.0.{n}" for n in range(1, most + 2)]
    assert len(accepted("DescribeIpInfo", Ips=addresses[:most])["List"]) == most
    refused("DescribeIpInfo", says=f"Ips.*{most}", Ips=addresses)
    refused("DescribeIpInfo", says="Ips", Ips=["not an address"])


def test_other_accounts_domains_are_forbidden():
    code = "RequestForbidden.AccountIDNotAllow"
    for action, said in DOCUMENTED.items():
        if "DomainList" in said.optional:
            refused(action, code, "other.example", DomainList=[PULL, "other.example"])
        if "Domain" in said.required:
            refused(action, code, "other.example", Domain="other.example")


def test_deleted_domains_can_be_asked_but_are_listed_on_demand_only():
    gone = "pull-3.sim.example"
    accepted("DescribeLiveEdgeStatData", DomainList=[gone])

    def listed(**changes):
        rows = accepted("ListDomainDetail", **changes)["DomainList"]
        return {row["Domain"]: row["Status"] for row in rows}

    assert gone not in listed()
    assert listed(DomainStatusList=[3]) == {gone: 3}
    assert gone in listed(DomainStatusList=list(range(7)))
