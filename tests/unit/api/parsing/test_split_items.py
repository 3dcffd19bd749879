"""Domains that were asked for and are not in a split answer, held against its plain list."""

import json
from dataclasses import replace

import pytest

from resources.api.body import Packed, pack
from resources.api.catalog import DATASETS
from resources.api.catalog.model import SPLITS, Scope
from resources.api.errors import WrongAnswer
from resources.api.parsing import slices
from resources.api.parsing.parse import join, read_page
from resources.api.parsing.parse_batch import read_batch
from resources.api.parsing.split_items import check_domains
from resources.api.request_plan import request_of
from tests.support.each import each
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


# --- a dataset without a split reads the plain list beside the split one ---

SERIES = [d for d in DATASETS.values() if d.split and d.bucket_s]


def whole_of(dataset):
    """The dataset as one series of all domains."""
    finer = {SPLITS[name].column for name in dataset.split}
    key = tuple(name for name in dataset.key if name not in finer)
    return replace(dataset, name="whole", scope=Scope.ACCOUNT, split=(), key=key)


def read_beside_split(dataset, document, body=None):
    whole, walk = whole_of(dataset), first_walk(dataset.name)
    asked = request_of(whole, walk.payload)
    answer = json.dumps(document).encode() if body is None else body
    return join(whole, asked, [read_page(whole, asked, answer)]).table


@each("dataset", SERIES, lambda d: d.name)
def test_the_plain_list_is_read_beside_a_split_whole_or_in_slices(dataset, monkeypatch):
    document = sample_of(dataset.name)
    answer = json.dumps(document).encode()
    found = read_beside_split(dataset, document)
    del document["Result"][dataset.endpoint.split_rows.levels[0].name]
    assert found.num_rows
    assert found.equals(read_beside_split(dataset, document))
    monkeypatch.setattr(slices, "SLICE_BYTES", 100)
    stored = pack(answer)
    large = Packed(stored, 0, len(stored), len(answer))
    assert found.equals(read_beside_split(dataset, None, large))


@each("dataset", SERIES, lambda d: d.name)
def test_an_empty_plain_list_beside_a_split_with_rows_is_no_empty_account(dataset):
    document = sample_of(dataset.name)
    document["Result"][dataset.endpoint.rows.levels[0].name] = []
    answer = json.dumps(document).encode()
    for body in (answer, Packed(pack(answer), 0, len(pack(answer)), len(answer))):
        with pytest.raises(WrongAnswer, match="empty beside a split with rows"):
            read_beside_split(dataset, None, body)
    document["Result"][dataset.endpoint.split_rows.levels[0].name] = []
    assert read_beside_split(dataset, document).num_rows == 0
