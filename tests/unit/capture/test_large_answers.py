"""An answer beyond the bound of bytes is asked again in parts, and never received to its end."""

from datetime import date

import pytest

from resources.api import body
from resources.raw import captures
from resources.simulator import Account
from tests.support.archives import failures, lab, lake_rows, leftovers
from tests.support.suites import slow

DAY = date(2026, 11, 20)
ACCOUNT = Account(domains=2, streams_per_domain=2, deleted=0)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    with lab(tmp_path_factory.mktemp("large") / "home", ACCOUNT) as opened:
        assert failures(opened.capture((), ("domain", "isp"))) == []
        yield opened
        assert leftovers(opened.root.parent) == []


def sizes(one, name):
    folder = captures.folder_of(one.archive.home.raw, name, DAY)
    return [request["size"] for request in captures.newest(folder).manifest["requests"]]


@pytest.mark.parametrize(
    "name", ["batch_push_stream_metrics", "edge_stat_by_region", "stream_count"]
)
@pytest.mark.parametrize("parts", [slow(2), 5])
def test_an_answer_that_is_too_large_comes_in_parts_and_gives_the_same_rows(
    found, monkeypatch, name, parts
):
    whole = found.beside(f"whole-{name}-{parts}")
    limited = found.beside(f"limited-{name}-{parts}")
    for one in (whole, limited):
        assert failures(one.capture((), ("domain", "isp"))) == []
    assert failures(whole.capture([DAY], (name,))) == []
    limit = max(sizes(whole, name)) // parts + 2000  # each answer has its head
    monkeypatch.setattr(body, "MAX_BYTES", limit)
    assert failures(limited.capture([DAY], (name,))) == []
    assert max(sizes(limited, name)) <= limit
    assert len(sizes(limited, name)) > len(sizes(whole, name))
    assert lake_rows(limited.archive.home) == lake_rows(whole.archive.home)


def test_an_answer_that_no_window_makes_small_enough_is_named(found, monkeypatch):
    monkeypatch.setattr(body, "MAX_BYTES", 100)
    (result,) = found.capture([DAY], ("stream_count",))
    assert not result.outcome.is_complete
    assert "larger than" in result.message
