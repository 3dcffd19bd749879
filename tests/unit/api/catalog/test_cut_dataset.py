"""The dataset that a cut becomes: columns, key, and the requests of its days."""

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from resources.api.catalog import DATASETS
from resources.api.catalog.cut_rules import dataset_from
from resources.api.catalog.cuts import Cut
from resources.api.catalog.model import DomainRole
from resources.api.request_plan import Domain, Inventory, items_of, requests_for

SESSION, EDGE = "DescribeLiveStreamSessionData", "DescribeLiveEdgeStatData"
KNOWN = Inventory(
    domains=tuple(Domain(f"{n}.example", DomainRole.PULL) for n in "abc"),
    isps=("telecom", "unicom"),
    provinces=("CN/CN/beijing", "CN/CN/hebei"),
)


def made(endpoint=SESSION, **keys):
    return dataset_from(Cut(name="x", endpoint=endpoint, **keys), DATASETS)


def asked(dataset, known=KNOWN):
    return [*requests_for(dataset, date(2025, 3, 1), ZoneInfo("Asia/Shanghai"), known)]


def test_a_split_is_columns_and_part_of_the_key():
    found = made(split=("Domain", "Protocol"), width_s=3600)
    assert found.key == ("domain", "protocol", "online_user_type", "slot_start_at")
    assert (found.bucket_s, found.group) == (3600, "cuts")
    assert [r.payload["ProtocolList"][0] for r in asked(found)] == ["HTTP-FLV", "QUIC"]
    assert {r.payload["OnlineUserType"] for r in asked(found)} == {"Online"}


def test_a_split_by_protocol_has_those_that_are_listed():
    found = made(split=("Domain", "Protocol"), protocols=("QUIC", "RTMP", "SRT"))
    lists = [request.payload["ProtocolList"] for request in asked(found)]
    assert lists == [["RTMP", "SRT"], ["QUIC"]]
    assert asked(found)[1].constants["protocol"] == "QUIC"


def test_without_the_domain_it_is_a_series_of_all_domains_together():
    found = made(EDGE, split=("ISP",), width_s=60)
    (request,) = asked(found)
    assert request.payload["DomainList"] == ["a.example", "b.example", "c.example"]
    assert found.key == ("isp", "slot_start_at")
    assert "by isp of all domains together, every 60 s" in found.description
    plain = made(EDGE, user_regions=("CN",))
    assert plain.key == ("slot_start_at",)
    assert "DetailField" not in asked(plain)[0].payload


def test_a_filter_with_one_value_is_a_column():
    found = made(EDGE, split=("Domain",), isps=("telecom",), user_regions=("CN/CN/beijing",))
    (request,) = asked(found)
    assert request.payload["UserRegionList"] == [
        {"Area": "CN", "Country": "CN", "Province": "beijing"}
    ]
    assert request.constants["isp"] == "telecom"
    assert request.constants["user_region"] == "CN/CN/beijing"
    assert found.column["user_region"].field == "UserRegionList"
    assert found.key == ("domain", "slot_start_at")


def test_a_filter_with_several_values_is_said_in_the_comment():
    found = made(EDGE, split=("Domain",), apps=("live", "event"))
    assert asked(found)[0].payload["AppList"] == ["live", "event"]
    assert "Only apps live, event." in found.description
    assert "app" not in found.column


def test_each_value_is_a_request_and_part_of_the_key():
    found = made(
        "DescribeLiveBatchStreamTrafficData", protocols=("RTMP", "QUIC"), each=("protocols",)
    )
    assert [request.constants["protocol"] for request in asked(found)] == ["RTMP", "QUIC"]
    assert found.key == ("protocol", "business_date", "domain", "app", "stream")


@pytest.mark.parametrize(
    ("keys", "column", "values"),
    [
        ({"isps": "all", "each": ("isps",)}, "isp", KNOWN.isps),
        ({"user_regions": "provinces", "each": ("user_regions",)}, "user_region", KNOWN.provinces),
    ],
)
def test_values_can_be_those_of_the_account(keys, column, values):
    found = made("DescribeLivePlayStatusCodeData", split=("Domain",), **keys)
    assert tuple(request.constants[column] for request in asked(found)) == values
    with pytest.raises(ValueError, match="Capture the dataset (isp|region) first"):
        asked(found, replace(KNOWN, isps=(), provinces=()))


def test_one_stream_is_asked_by_its_name_of_the_domains_that_fit():
    found = made(domains=("b.*",), app="live", stream="room1", width_s=60)
    (request,) = asked(found)
    assert items_of(found, request) == ("b.example/live/room1",)
    assert "DomainList" not in request.payload
    assert found.key[:3] == ("domain", "app", "stream")


def test_one_stream_can_be_split():
    found = made(domains=("b.*",), app="live", stream="room1", split=("ISP",))
    (request,) = asked(found)
    assert (request.payload["ISPList"], request.payload["DetailField"]) == (
        ["telecom", "unicom"],
        ["ISP"],
    )


def test_two_splits_of_narrow_slots_take_shorter_windows():
    assert len(asked(made(EDGE, split=("Domain", "ISP"), width_s=60))) == 8


def test_what_is_meant_is_what_was_chosen():
    several = made(split=("Domain",), online_user_type=("Viewer", "ClientIP"))
    types = [request.constants["online_user_type"] for request in asked(several)]
    assert types == ["Viewer", "ClientIP"]


def test_what_may_change_is_no_part_of_the_meaning():
    one = Cut(name="x", endpoint=SESSION, split=("Domain",), width_s=300)
    other = replace(one, description="For the board.", reread_days=5, allow=True)
    assert (
        one.meaning
        == other.meaning
        == {
            "endpoint": SESSION,
            "split": ["Domain"],
            "width_s": 300,
        }
    )
    assert Cut.of_meaning("x", one.meaning) == one
    assert dataset_from(other, DATASETS).description.startswith("For the board. A cut of")


def test_a_list_of_a_week_is_asked_in_one_window_that_ends_with_the_day():
    found = made("DescribeLiveTopPlayData", days=7)
    for request in asked(found):
        assert request.payload["StartTime"] == "2025-02-23T00:00:00+08:00"
        assert request.payload["EndTime"] == "2025-03-01T23:59:59+08:00"
    assert found.column["traffic_bytes"].comment == "Traffic of the list's 7 days."
    assert "Each list is of the 7 days up to business_date." in found.description


def test_domain_spaces_are_asked_in_the_place_of_domains():
    found = made("DescribeLiveTopPlayData", vhosts=("east", "west"), each=("vhosts",))
    lists = [request.payload["VhostList"] for request in asked(found)]
    assert lists == [["east"], ["west"]]
    assert not any("DomainList" in request.payload for request in asked(found))
    assert "vhost" in found.key
    assert items_of(found, asked(found)[0]) == ()
