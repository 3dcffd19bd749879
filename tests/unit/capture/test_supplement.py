"""A supplement asks what lacks, as it was asked or with the day's plan, and nothing again."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from resources.api.catalog import DATASETS
from resources.api.catalog.model import DomainRole
from resources.api.request_plan import Domain, Inventory, items_of, narrowed, requests_for
from resources.capture import supplement

DAY, ZONE = date(2026, 11, 20), ZoneInfo("Asia/Shanghai")
NAMES = [f"d{number:02}.example.com" for number in range(12)]
ISPS = ("telecom", "unicom")


class Before:
    """A capture with these requests."""

    def __init__(self, asked, lacking=()):
        self.manifest = {"requests": [{"payload": dict(one.payload)} for one in asked]}
        self.lacking = [{"payload": dict(one.payload)} for one in lacking]
        self.manifest["lacking"] = self.lacking


def full_plan(dataset, names):
    inventory = Inventory(domains=tuple(Domain(name, DomainRole.ANY) for name in names), isps=ISPS)
    return [*requests_for(dataset, DAY, ZONE, inventory)]


def asked(requests, dataset):
    """Each item with its window and variant, once for each request that asks it."""
    return sorted(
        (item, str(one.window), str(sorted(one.constants.items() - {("domain", item)})))
        for one in requests
        for item in items_of(dataset, one)
    )


@pytest.mark.parametrize("name", ["edge_stat", "batch_stream_session", "push_stream_info"])
@hypothesis_settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_new_items_and_refused_requests_make_the_day_whole(name, data):
    dataset = DATASETS[name]
    known = data.draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    plan = full_plan(dataset, NAMES)
    before = full_plan(dataset, known)
    refused = []
    if dataset.scope.name == "DOMAINS" and len(known) > 1:
        bad = data.draw(st.sampled_from(sorted(known)))
        good = [item for item in sorted(known) if item != bad]
        refused = [narrowed(dataset, one, [bad]) for one in before]
        before = [narrowed(dataset, one, good) for one in before]
    lacking = {*NAMES} - {*known} | {item for one in refused for item in items_of(dataset, one)}
    found = supplement.requests_for(dataset, plan, lacking, Before(before, refused))
    assert asked([*before, *found], dataset) == asked(plan, dataset)


def test_nothing_is_asked_for_a_domain_that_is_no_longer_expected():
    dataset = DATASETS["edge_stat"]
    (request,) = full_plan(dataset, NAMES[:3])
    gone = narrowed(dataset, request, NAMES[:1])
    rest = narrowed(dataset, request, NAMES[1:3])
    assert supplement.requests_for(dataset, [request], {NAMES[5]}, Before([rest], [gone])) == []


def test_names_compare_as_in_dns():
    dataset = DATASETS["edge_stat"]
    (request,) = full_plan(dataset, NAMES[:2])
    (before,) = full_plan(dataset, [name.upper() for name in NAMES[:2]])
    assert supplement.requests_for(dataset, [request], {*NAMES[:2]}, Before([before])) == []
