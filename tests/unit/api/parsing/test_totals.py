"""Totals of an answer against its rows."""

import json

import pytest

from resources.api.catalog import DATASETS
from resources.api.parsing.parse import join, read_page
from tests.unit.api.parsing.test_parse import first_walk, sample_of

NAMES = [
    name
    for name, dataset in DATASETS.items()
    if any(total.of for total in dataset.endpoint.totals) and not dataset.split
]


def disagreeing(name, **changed):
    """Totals of the documented answer that its rows contradict, over all of its pages."""
    document, walk = sample_of(name), first_walk(name)
    document["Result"].update(changed)
    page = read_page(DATASETS[name], walk, json.dumps(document).encode())
    return join(DATASETS[name], walk, [page]).disagreeing


def compared(name):
    return [total for total in DATASETS[name].endpoint.totals if total.of]


@pytest.mark.parametrize("name", NAMES)
def test_a_total_that_is_not_that_of_the_rows_is_named(name):
    for total in compared(name):
        assert total.name in disagreeing(name, **{total.name: 987_654_321})


@pytest.mark.parametrize("name", NAMES)
def test_a_total_that_is_left_out_is_no_contradiction(name):
    left_out = dict.fromkeys(total.name for total in compared(name))
    assert disagreeing(name, **left_out) == ()


@pytest.mark.parametrize(
    ("name", "total", "wrong"),
    [
        ("edge_stat", "PeakDownBandwidth", 0.5),  # below the largest item
        ("edge_stat", "PeakDownBandwidth", 987_654_321),  # above the sum of all items
        ("source_traffic", "PeakBandwidth", 987_654_321),
        ("stream_session_by_domain", "PeakOnlineUser", 1),
        ("edge_stat_by_protocol", "TotalDownTraffic", 987_654_321),  # protocols overlap
    ],
)
def test_a_total_that_items_of_a_split_cannot_come_to_is_named(name, total, wrong):
    assert disagreeing(name) == ()
    assert disagreeing(name, **{total: wrong}) == (total,)


CODES = ("play_status_code", "play_status_code_by_domain", "play_status_code_account")


@pytest.mark.parametrize("name", CODES)
def test_a_list_of_totals_that_are_not_those_of_the_rows_is_named(name):
    """As when the first slots of the day are not in the answer: the list still counts them."""
    (total, field), *_ = DATASETS[name].endpoint.listed_totals
    assert disagreeing(name) == ()
    assert disagreeing(name, **{total: [{"StatusCode": 200, field: 987_654_321}]}) == (total,)


@pytest.mark.parametrize("nothing", [None, [], [{"StatusCode": 200}], [{"Value": None}]])
def test_a_list_of_totals_that_says_nothing_is_no_contradiction(nothing):
    assert disagreeing("play_status_code", StatusSummaryDataList=nothing) == ()
