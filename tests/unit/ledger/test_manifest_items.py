"""What a manifest asked about, answered and lacks, with names as DNS has them."""

import pytest

from resources.api.catalog import DATASETS
from resources.lake.write_stats import WriteStats
from resources.ledger.manifest_items import (
    THE_ACCOUNT,
    answered_items,
    asked_items,
    facts_by_domain,
    item_key,
    lacking_items,
)

BATCH, EACH = DATASETS["batch_push_stream_metrics"], DATASETS["push_stream_metrics"]


def stream(domain, name):
    return {"payload": {"Domain": domain, "App": "live", "Stream": name}}


def test_items_have_the_key_of_what_was_asked():
    manifest = {"requests": [stream("Push.Example.", "Room/1")]}
    asked = asked_items(EACH, manifest)
    assert asked == {item_key(EACH, "push.example/live/Room/1")} == {"push.example/live/Room/1"}


def test_what_lacks_was_asked_and_not_answered():
    lacking = {**stream("push.example", "b"), "items": ["push.example/live/b"]}
    manifest = {"requests": [stream("push.example", "a")], "lacking": [lacking, lacking]}
    assert answered_items(EACH, manifest) == {"push.example/live/a"}
    assert asked_items(EACH, manifest) == {"push.example/live/a", "push.example/live/b"}
    assert lacking_items(manifest) == ["push.example/live/b"]
    assert lacking_items({"lacking": [{"items": []}]}) == [THE_ACCOUNT]


@pytest.mark.parametrize(
    ("lacking", "rows"),
    [([], {"a.example": 2, "b.example": 0}), (["B.example"], {"a.example": 2})],
)
def test_a_domain_with_an_answer_and_no_row_counts_as_zero_and_one_that_lacks_not(lacking, rows):
    stats = WriteStats(BATCH)
    stats.by_domain["a.example"] = 2
    manifest = {
        "requests": [{"payload": {"Domain": name}} for name in ("A.example", "b.example")],
        "lacking": [{"payload": {"Domain": name}, "items": [name]} for name in lacking],
    }
    assert facts_by_domain(BATCH, stats, manifest, None)["rows_by_domain"] == rows
    assert facts_by_domain(DATASETS["domain"], stats, manifest, None) == {}
