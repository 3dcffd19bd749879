"""Which earlier answers stand for refused items; the whole way is tried in test_partition.py."""

import json

import pytest

from resources.api.catalog import DATASETS
from resources.api.request_plan import items_of, narrowed, requests_for
from resources.capture.supplement import answered_before, without
from tests.unit.api.parsing.test_parse import DAY, MANY, SHANGHAI

PULL, LIVE = "pull.example.com", "live.example.com"
COUNTS = DATASETS["stream_count"]
REQUESTS = [*requests_for(COUNTS, DAY, SHANGHAI, MANY)]
ASKED = {item for one in REQUESTS for item in items_of(COUNTS, one)}


class Before:
    """A capture with these requests."""

    def __init__(self, requests, only=()):
        entries = [{"payload": dict(one.payload)} for one in requests]
        for entry, items in zip(entries, only, strict=False):
            entry["only"] = items
        self.manifest = json.loads(json.dumps({"requests": entries}))


def test_only_the_same_question_is_answered():
    """Each kind of streams is a request of its own."""
    refused = [narrowed(COUNTS, REQUESTS[1], [PULL])]
    found = answered_before(COUNTS, refused, Before(REQUESTS), ASKED)
    assert found == [[PULL] if one is REQUESTS[1] else [] for one in REQUESTS]


def test_an_item_counts_only_if_all_that_is_refused_was_answered():
    refused = [narrowed(COUNTS, one, [PULL]) for one in REQUESTS]
    assert not any(answered_before(COUNTS, refused, Before(REQUESTS[:1]), ASKED))
    assert answered_before(COUNTS, refused, Before(REQUESTS), ASKED) == [[PULL]] * len(REQUESTS)


def test_what_is_not_asked_any_more_stays_whatever_was_asked_about_it():
    found = answered_before(COUNTS, [], Before(REQUESTS), ASKED - {PULL})
    assert found == [[i for i in items_of(COUNTS, one) if i == PULL] for one in REQUESTS]
    assert any(found)


@pytest.mark.parametrize("only", [[], [LIVE]])
def test_an_answer_that_counted_no_more_counts_no_more(only):
    refused = [narrowed(COUNTS, REQUESTS[0], [PULL])]
    found = answered_before(COUNTS, refused, Before(REQUESTS[:1], [only]), ASKED)
    assert found == [[]]


def test_the_rest_of_a_refused_list_stays_refused():
    request = narrowed(COUNTS, REQUESTS[0], [PULL, LIVE])
    left = without(COUNTS, request, {PULL})
    assert left.payload["DomainList"] == [LIVE]
    assert without(COUNTS, left, {LIVE}) is None
    assert without(COUNTS, left, {PULL}) is left
