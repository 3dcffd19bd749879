"""Figures and events that a later answer takes back."""

from __future__ import annotations

import pytest

from resources.lake.activity import COMPARED_WITH_ITSELF, DAY, MEASURES
from resources.ledger.taken_back import taken_back
from resources.raw.manifest_facts import ManifestFacts

ONE, TWO = "one.example", "two.example"
SOME = (1 << DAY | 1, 0)


def facts(dataset="push_stream_info", rows=None, hours=None, **more):
    return ManifestFacts(
        dataset=dataset,
        day="2026-11-20",
        time_zone="Asia/Shanghai",
        format=2,
        rows_by_domain=rows or {},
        hours_by_domain=hours or {},
        **more,
    )


@pytest.mark.parametrize("dataset", ["push_stream_info", "edge_stat", "source_traffic"])
def test_a_domain_of_which_nothing_is_left_is_named(dataset):
    before = facts(dataset, {ONE: 5, TWO: 7}, {ONE: SOME, TWO: SOME})
    after = facts(dataset, {ONE: 5, TWO: 0}, {ONE: SOME})
    (said,) = taken_back([before, after])
    assert TWO in said
    assert taken_back([before, after, before]) == ()
    assert taken_back([after, before]) == ()
    assert taken_back([before]) == ()
    assert taken_back([]) == ()


def test_a_domain_that_was_not_asked_about_is_not():
    assert taken_back([facts(rows={ONE: 5, TWO: 7}), facts(rows={ONE: 5})]) == ()


@pytest.mark.parametrize("dataset", ["push_stream_info", "callback", "closed_stream_info"])
def test_events_of_which_most_are_gone_are_named_and_late_ones_are_not(dataset):
    many, half, few = (facts(dataset, {ONE: rows}) for rows in (9, 5, 4))
    (said,) = taken_back([many, few])
    assert ONE in said
    assert taken_back([many, half]) == taken_back([few, half, many]) == ()


@pytest.mark.parametrize("dataset", ["edge_stat", "push_stream_metrics"])
def test_fewer_slots_of_a_series_and_streams_that_are_gone_are_nothing(dataset):
    assert taken_back([facts(dataset, {ONE: 288}), facts(dataset, {ONE: 3})]) == ()


@pytest.mark.parametrize("dataset", [*MEASURES, *COMPARED_WITH_ITSELF])
def test_figures_that_all_turn_to_zero_are_named(dataset):
    rows = {ONE: 288, TWO: 288}
    before = facts(dataset, rows, {ONE: SOME, TWO: SOME})
    after = facts(dataset, rows, {ONE: SOME, TWO: (0, 0)})
    (said,) = taken_back([before, after])
    assert TWO in said
    assert taken_back([after, before]) == taken_back([after, after]) == ()


@pytest.mark.parametrize("dataset", [*MEASURES, *COMPARED_WITH_ITSELF])
def test_slots_of_zeros_that_are_left_out_later_are_nothing(dataset):
    zeros = facts(dataset, {ONE: 288, TWO: 288}, {ONE: SOME, TWO: (0, 0)})
    assert taken_back([zeros, facts(dataset, {ONE: 288, TWO: 0}, {ONE: SOME})]) == ()


def test_rows_that_were_erased_count_as_if_they_were_there():
    before = facts(rows={ONE: 5})
    assert taken_back([before, facts(rows={ONE: 0}, erased_rows={ONE: 5})]) == ()
