"""Facts about an endpoint."""

from datetime import timedelta

import pytest

from resources.api.catalog import ENDPOINTS
from resources.api.catalog.model import ColumnType, variant_label

EDGE = ENDPOINTS["DescribeLiveEdgeStatData"]


def test_more_splits_shorten_the_window():
    assert EDGE.longest(300, 1) == timedelta(days=31)
    assert EDGE.longest(300, 2) == timedelta(days=1)


def test_a_width_that_is_not_offered_names_those_that_are():
    with pytest.raises(ValueError, match=r"choose from \[60, 300, 3600\]"):
        EDGE.longest(7, 0)


def test_an_endpoint_without_a_start_is_about_now():
    assert ENDPOINTS["ListDomainDetail"].is_present_state
    assert not EDGE.is_present_state
    assert EDGE.requires("StartTime")


def test_both_kinds_of_instants_are_one_type_in_sql():
    assert ColumnType.INSTANT_MS.sql == ColumnType.INSTANT.sql == "TIMESTAMPTZ"


def test_a_variant_is_named_by_its_values():
    assert variant_label({"A": ["x", "y"], "B": "z"}) == "x+y/z"
