"""What the account consists of: domains, carriers, regions, addresses."""

import pytest

from resources.simulator import AnswerOptions
from resources.simulator.api import Api
from resources.simulator.refusals import Refused
from tests.support.small_world import ACCOUNT, NOW, PULLS, PUSHES, world

API = Api(world, AnswerOptions())


def domains(**asked):
    found = API.answer("ListDomainDetail", {"PageNum": 1, "PageSize": 100, **asked}, NOW)
    return found["DomainList"]


def test_domains_are_pull_domains_with_their_push_domains():
    found = {row["Domain"]: row for row in domains()}
    assert {*PULLS, *PUSHES} <= {*found}
    for pull, push in zip(PULLS, PUSHES, strict=True):
        assert found[pull]["PushDomain"] == push
        assert (found[pull]["Type"], found[push]["Type"]) == ("pull-flv", "push")


def test_deleted_domains_are_listed_for_whoever_asks_for_them():
    usual, deleted = domains(), domains(DomainStatusList=[3])
    assert len(deleted) == ACCOUNT.deleted
    assert not {row["Domain"] for row in deleted} & {row["Domain"] for row in usual}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"DomainNameList": PULLS[:1]}, PULLS[:1]),
        ({"VhostList": ["sim-space-1"]}, [PULLS[0], PUSHES[0]]),
        ({"DomainRegionList": ["cn-oversea"]}, []),
    ],
)
def test_a_filter_leaves_the_others_out(asked, expected):
    assert sorted(row["Domain"] for row in domains(**asked)) == expected


def test_pages_are_cut_from_one_list():
    whole = [row["Domain"] for row in domains()]
    pages = [domains(PageNum=number, PageSize=2) for number in (1, 2, 3, 4)]
    assert [row["Domain"] for page in pages for row in page] == whole


def test_an_address_has_a_carrier_and_nonsense_has_none():
    (row,) = API.answer("DescribeIpInfo", {"Ips": ["192.0.2.1"]}, NOW)["List"]
    assert "192.0.2.1" in row.values()
    with pytest.raises(Refused, match="InvalidParam"):
        API.answer("DescribeIpInfo", {"Ips": ["no address"]}, NOW)


def test_carriers_and_regions_are_named_once():
    isps = API.answer("DescribeLiveISPData", {}, NOW)["ISPList"]
    areas = API.answer("DescribeLiveRegionData", {}, NOW)["Areas"]
    for found in (isps, areas):
        codes = [row["Code"] for row in found]
        assert len(codes) == len(set(codes)) > 1
