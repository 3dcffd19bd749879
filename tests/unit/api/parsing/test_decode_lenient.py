"""The decoder that accepts harmless deviations."""

import json

import pytest

from resources.api.catalog import ENDPOINTS
from resources.api.errors import IncompleteAnswer, TryLater, WrongAnswer
from resources.api.pagination import facts
from resources.api.parsing.decode_lenient import read
from resources.api.parsing.response_schema import envelope
from tests.support.each import each

ISP = ENDPOINTS["DescribeLiveISPData"]


def decoded(text):
    return read(ISP.action, envelope(ISP), text, 200, len(text))


def test_unknown_fields_are_named_once_without_positions():
    text = b'{"Result": {"ISPList": [{"Code": "a", "Name": "b", "N": 1}, {"Code": "c", "Name": "d", "N": 2}]}}'
    document, unknown, has_result = decoded(text)
    assert [one["Code"] for one in document["Result"]["ISPList"]] == ["a", "c"]
    assert (unknown, has_result) == ({"Result.ISPList[].N"}, True)


def test_a_field_that_is_given_twice_counts_if_both_are_equal():
    same = b'{"Result": {"ISPList": [{"Code": "a", "Code": "a", "Name": "b"}]}}'
    assert decoded(same)[0]["Result"]["ISPList"][0]["Code"] == "a"
    with pytest.raises(WrongAnswer, match="given once"):
        decoded(same.replace(b'"a", "Name"', b'"x", "Name"'))


def test_a_field_of_another_type_is_named_by_its_path():
    with pytest.raises(WrongAnswer, match=r"ISPList\[0\].Code"):
        decoded(b'{"Result": {"ISPList": [{"Code": 7, "Name": "b"}]}}')


@pytest.mark.parametrize("text", [b"", b"<html>", b'{"Result": {"ISPList": [', b"{}"])
def test_what_is_no_answer_is_tried_again(text):
    with pytest.raises(TryLater) as caught:
        decoded(text)
    assert caught.value.no_answer, "where nothing else comes, the run ends"


def test_an_envelope_of_the_api_without_a_result_is_an_answer():
    with pytest.raises(TryLater) as caught:
        decoded(b'{"ResponseMetadata": {"RequestId": "r"}}')
    assert not caught.value.no_answer


PAGED = [endpoint for endpoint in ENDPOINTS.values() if endpoint.paging]


def page_numbers(endpoint, spelling, total=6):
    """What is read of the paging numbers of an answer that spells them by `spelling`."""
    paging = endpoint.paging
    told = {name: spelling(number) for name, number in ((paging.echo, 1), (paging.total, total))}
    told.pop(None, None)
    rows = {level.name: [] for level in endpoint.rows.levels[:1]}
    result = {**rows, **(told if paging.block is None else {paging.block: told})}
    text = json.dumps({"Result": result}).encode()
    found = read(endpoint.action, envelope(endpoint), text, 200, len(text))[0]["Result"]
    return facts(endpoint.action, paging, found, 0)


@each("endpoint", PAGED, lambda endpoint: endpoint.action)
def test_paging_numbers_are_read_as_text_and_as_numbers(endpoint):
    assert page_numbers(endpoint, str) == page_numbers(endpoint, int)
    assert page_numbers(endpoint, str).total == 6


@pytest.mark.parametrize("total", ["", "many", "-1", "6.5", True, 6.5, [6]], ids=repr)
@each("endpoint", PAGED, lambda endpoint: endpoint.action)
def test_a_total_that_is_no_number_is_refused(endpoint, total):
    with pytest.raises((WrongAnswer, IncompleteAnswer)):
        page_numbers(endpoint, lambda number: total if number == 6 else number)
