"""What follows from the fields of a dataset."""

from dataclasses import replace
from datetime import timedelta

import pytest

from resources.api.catalog import DATASETS

EDGE, METRICS = DATASETS["edge_stat"], DATASETS["push_stream_metrics"]


def test_a_dataset_needs_those_that_list_its_streams_or_addresses():
    assert "batch_push_stream_metrics" in METRICS.needs
    assert {*DATASETS["ip_info"].needs} <= {*DATASETS}
    assert EDGE.needs == ()


def test_only_the_present_state_is_a_dimension():
    assert DATASETS["domain"].is_dimension
    assert not EDGE.is_dimension
    assert not DATASETS["ip_info"].is_dimension  # it is asked for addresses of a day


def test_domains_compare_as_dns_does_and_streams_exactly():
    one = replace(EDGE, domains=("Pull-*.example",), streams=("live/*",))
    assert one.includes_domain("pull-1.EXAMPLE")
    assert not one.includes_domain("push.example")
    assert one.includes_stream("live", "a")
    assert not one.includes_stream("Live", "a")
    assert EDGE.includes_domain("any")


@pytest.mark.parametrize("name", ["例子.com", "xn--fsqu00a.com", "XN--FSQU00A.com", "例子.com."])
@pytest.mark.parametrize("pattern", ["例子.com", "例*.com", "xn--fsqu00a.com", "*.com", "例*"])
def test_a_pattern_beyond_ascii_holds_for_every_spelling_of_a_name(name, pattern):
    one = replace(EDGE, domains=(pattern,))
    assert one.includes_domain(name)
    assert not one.includes_domain("xn--zz4b.example")


def test_the_width_of_slots_and_the_split_are_in_every_request():
    assert EDGE.fixed_parameters["Aggregation"] == EDGE.bucket_s == 300
    assert EDGE.fixed_parameters.get("DetailField", []) == [*EDGE.split]
    assert EDGE.delay >= timedelta(0)
