"""A fault in an entry of the catalog is found before anything is asked."""

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from resources.api.catalog import DATASETS, absent_parameters, endpoints_of
from resources.api.catalog.model import DomainRole, Method, Scope
from resources.api.catalog.parameters import Parameter, WireType
from resources.api.catalog.vendors import VENDORS
from resources.api.pagination import page_payload
from resources.api.request_check import WrongEntry, check, complaints, faults
from resources.api.request_plan import Domain, Inventory, requests_for

EDGE, SESSION, TRAFFIC = (DATASETS[name] for name in ("edge_stat", "stream_session", "traffic"))


def test_the_catalog_has_no_fault():
    check(DATASETS.values())


@pytest.mark.parametrize(
    ("dataset", "says"),
    [
        (replace(EDGE, parameters={"Limit": 10}), "Limit is no parameter of the action"),
        (replace(EDGE, parameters={"ProtocolList": ["GOPHER"]}), "ProtocolList may not be 'GOPHER'"),
        (replace(EDGE, parameters={"ProtocolList": "RTMP"}), "ProtocolList is no list of strings"),
        (replace(EDGE, split=("Domain", "Protocol", "ISP"), parameters={"ProtocolList": ["QUIC", "RTM"]}),
         "QUIC admits no other value"),
        (replace(EDGE, parameters={"RegionList": [{"Area": "CN"}], "UserRegionList": [{"Area": "CN"}]}),
         "RegionList, UserRegionList exclude each other"),
        (replace(SESSION, parameters={"App": "live"}), "belong together"),
        (replace(SESSION, variants=({"OnlineUserType": "Anyone"},)), "may not be 'Anyone'"),
        (replace(TRAFFIC, bucket_s=60), "no window_limits for slots of 60 s"),
        (replace(DATASETS["stream_count"], parameters={"ISPList": ["a"]}), "need StreamType to be push"),
        (replace(DATASETS["top_play"], bucket_s=300), "its rows have no slot_start_at"),
        (replace(DATASETS["isp"], scope=Scope.DOMAIN), "asked once about the account as it is now"),
        (replace(EDGE, endpoint=replace(EDGE.endpoint, window_limits=())), "has no window_limits"),
        (replace(DATASETS["ip_info"], parameters={"StartTime": "now"}), "StartTime is no parameter"),
    ],
)  # fmt: skip
def test_a_request_that_the_action_does_not_take_is_named(dataset, says):
    assert any(says in fault for fault in faults(dataset))
    with pytest.raises(WrongEntry, match=dataset.name):
        check([dataset])


def test_an_action_that_lost_its_start_time_is_no_silent_present_state():
    names = tuple(p for p in EDGE.endpoint.parameters if p.name != "StartTime")
    dataset = replace(EDGE, endpoint=replace(EDGE.endpoint, parameters=names))
    (fault,) = faults(dataset)
    assert "takes no StartTime, and has a history" in fault


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
def test_no_vendor_is_asked_what_it_does_not_take(vendor):
    offered = endpoints_of(vendor)
    domains = (Domain("a", DomainRole.ANY), Domain("b", DomainRole.ANY))
    known = Inventory(domains=domains, isps=("x", "y"), absent=absent_parameters(vendor))
    for dataset in DATASETS.values():
        for request in requests_for(dataset, date(2026, 3, 31), ZoneInfo("Asia/Shanghai"), known):
            endpoint = offered.get(dataset.endpoint.action, dataset.endpoint)
            pages = page_payload(endpoint.paging, 1) if endpoint.paging else {}
            assert [*complaints(endpoint, {**request.payload, **pages})] == [], dataset.name


def test_a_query_holds_no_list():
    dataset = replace(EDGE, endpoint=replace(EDGE.endpoint, method=Method.GET))
    (fault,) = faults(dataset)
    assert "holds no list: DomainList" in fault


def test_what_is_required_and_how_many_there_may_be():
    endpoint = DATASETS["ip_info"].endpoint
    assert [*complaints(endpoint, {})] == ["Ips is required"]
    assert [*complaints(endpoint, {"Ips": ["::1"] * 51})] == ["Ips has more than 50 items"]
    page = Parameter(name="PageNum", wire_type=WireType.INTEGER, minimum=1, maximum=9)
    paged = replace(endpoint, parameters=(page,))
    assert [[*complaints(paged, {"PageNum": n})] for n in (0, 1, 9)] == [
        ["PageNum may not be 0"], [], [],
    ]  # fmt: skip
    assert [*complaints(paged, {"PageNum": "1"})] == ["PageNum is no integer: '1'"]
