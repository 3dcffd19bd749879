"""Domains that were asked for and are not in a split answer, held against its plain list."""

import json

import pytest

from resources.api.catalog import DATASETS
from resources.api.errors import WrongAnswer
from resources.api.parsing.parse import join, read_page
from resources.api.parsing.parse_batch import read_batch
from resources.api.parsing.split_items import check_domains
from tests.unit.api.parsing.test_parse import first_walk, sample_of, split_datasets, zeroed


def without_a_domain(dataset, document):
    """The name of a domain whose items were taken out of the split list."""
    result, name = document["Result"], dataset.endpoint.split_rows.levels[0].name
    gone = result[name][0]["Domain"]
    result[name] = [item for item in result[name] if item["Domain"] != gone]
    assert result[name], "another domain is left"
    return gone


def absent(dataset, document):
    walk, body = first_walk(dataset.name), json.dumps(document).encode()
    assert (pages := read_batch(dataset, [(walk, 1)] * 2, [body] * 2)) is None or not any(
        page.absent for page in pages
    )
    return walk, join(dataset, walk, [read_page(dataset, walk, body)]).absent


@split_datasets
def test_a_domain_that_did_not_come_is_refused_where_the_whole_counts_more(dataset):
    document = sample_of(dataset.name)
    gone = without_a_domain(dataset, document)
    walk, found = absent(dataset, document)
    if dataset.name == "edge_stat_by_region":  # some clients are of no known place
        assert found == ()
        return
    assert gone in found
    with pytest.raises(WrongAnswer, match=f"split by .*without .*{gone}"):
        check_domains(dataset, walk, found)


@split_datasets
def test_a_domain_that_had_nothing_may_be_left_out(dataset):
    document = zeroed(sample_of(dataset.name), keep=("StatusCode", "Aggregation"))
    without_a_domain(dataset, document)
    assert absent(dataset, document)[1] == ()


@split_datasets
def test_a_whole_answer_lacks_no_domain(dataset):
    assert absent(dataset, sample_of(dataset.name))[1] == ()


def test_names_are_compared_as_dns_does():
    dataset = DATASETS["stream_session"]
    document = sample_of(dataset.name)
    for item in document["Result"]["SessionDetailDataList"]:
        item["Domain"] = item["Domain"].upper() + "."
    assert absent(dataset, document)[1] == ()
