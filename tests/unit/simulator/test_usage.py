"""Usage cut by filters and splits: groups add up, and labels name them in the order asked for."""

import numpy as np
import pytest

from resources.api.catalog import ENDPOINTS
from resources.simulator import Account
from resources.simulator.audience import MINUTES
from resources.simulator.places import ISPS, PROTOCOLS, QUIC_SHARE
from resources.simulator.query import Query
from resources.simulator.roster import spaces_of
from resources.simulator.usage import dimension_filters, group_day, status_counts

(SPACE,) = spaces_of(Account(domains=1, streams_per_domain=1, deleted=0))
DAY = 20_000
VALUES = {"requests": np.random.default_rng(1).integers(0, 500, MINUTES)}
THREE = ["telecom", "unicom", "mobile"]


def filters(**asked):
    return dimension_filters(Query(ENDPOINTS["DescribeLiveEdgeStatData"], asked, asked))


def grouped(**asked):
    return group_day(SPACE, DAY, VALUES, *filters(**asked))


def test_without_filters_all_is_one_group():
    found = grouped()
    assert found.labels == [()]
    assert (found.whole["requests"] == VALUES["requests"]).all()
    assert (found.groups["requests"] == VALUES["requests"]).all()


def test_groups_stand_in_the_order_asked_for_and_are_the_whole():
    found = grouped(ISPList=THREE, DetailField=["ISP"])
    assert found.labels == [(("ISP", name),) for name in THREE]
    assert found.groups["requests"].shape == (3, MINUTES)
    assert (found.groups["requests"].sum(axis=0) == found.whole["requests"]).all()
    back = grouped(ISPList=THREE[::-1], DetailField=["ISP"])
    assert (back.groups["requests"][::-1] == found.groups["requests"]).all()


def test_a_filter_without_a_split_is_one_group():
    found = grouped(ISPList=THREE)
    assert found.labels == [()]
    assert (found.groups["requests"][0] == found.whole["requests"]).all()
    assert (found.whole["requests"] <= VALUES["requests"]).all()


def test_all_carriers_are_everything():
    found = grouped(ISPList=[*ISPS], DetailField=["ISP"])
    assert (found.whole["requests"] == VALUES["requests"]).all()


def test_two_dimensions_are_every_pair():
    some = [*PROTOCOLS][:2]
    found = grouped(ISPList=THREE, ProtocolList=some, DetailField=["ISP", "Protocol"])
    labels = [tuple(value for _, value in label) for label in found.labels]
    assert labels == [(isp, protocol) for isp in THREE for protocol in some]
    assert (found.groups["requests"].sum(axis=0) == found.whole["requests"]).all()


def test_what_nobody_knows_filters_nothing():
    choices, quic = filters(ISPList=["nobody"])
    assert (choices, quic) == ([], 1.0)


def test_quic_is_a_share_of_all_protocols():
    _, quic = filters(ProtocolList=["QUIC"])
    assert quic == QUIC_SHARE < 1


def test_provinces_are_split_inside_of_their_country():
    found = grouped(DetailField=["Country", "Province"])
    countries = {dict(label)["Country"] for label in found.labels if dict(label)["Province"]}
    assert len(countries) == 1


@pytest.mark.parametrize("kind", ["Access", "Source"])
def test_codes_add_up_to_the_requests_whatever_is_split(kind):
    for asked in ({}, {"ISPList": THREE, "DetailField": ["ISP"]}):
        choices, _ = filters(**asked)
        codes, whole, labels, groups = status_counts(SPACE, DAY, VALUES["requests"], choices, kind)
        assert whole.shape == (len(codes), MINUTES)
        assert groups.shape == (len(labels), len(codes), MINUTES)
        assert (groups.sum(axis=0) == whole).all()
        wanted = group_day(SPACE, DAY, VALUES, choices, 1.0).whole["requests"]
        assert (whole.sum(axis=0) == wanted).all()
