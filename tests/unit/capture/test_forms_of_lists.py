"""What real servers do to lists and names: the day is captured all the same, or named as wrong."""

import pytest

from resources.capture.fetcher import PAGING_ATTEMPTS
from resources.capture.result import Outcome
from resources.simulator import Account
from tests.support.archives import DAYS, failures, lab, lake_rows

LIST = "ListDomainDetail"
TWO = Account(domains=2, streams_per_domain=2, deleted=0)


def capture(home, *manners, names=("domain",), account=TWO):
    """The rows of each dataset, what failed, and the calls of each action."""
    with lab(home, account, manners=manners) as one:
        failed = failures(one.capture([DAYS[0]], names))
        tables = {path.split("/")[0]: table for path, table in lake_rows(one.archive.home).items()}
        return tables, failed, one.simulator.calls


@pytest.fixture
def plain(tmp_path):
    return capture(tmp_path / "plain")[0]["domain"]


@pytest.mark.parametrize(
    ("counts", "calls"), [("given", 2), ("asked", 4)], ids=["its own pages", "pages as asked"]
)
def test_a_server_with_pages_of_three_rows_gives_the_whole_list(tmp_path, plain, counts, calls):
    tables, failed, asked = capture(tmp_path / "home", f"short-pages=3@counts={counts}")
    assert failed == []
    assert tables["domain"] == plain
    assert asked[LIST] == calls


@pytest.mark.parametrize("kind", ["other", "equal"])
def test_a_domain_listed_twice_is_the_living_one(tmp_path, plain, kind):
    tables, failed, asked = capture(tmp_path / "home", f"doubled-key=2@action={LIST}@kind={kind}")
    assert failed == []
    assert tables["domain"] == plain
    assert asked[LIST] == 1


def test_on_several_pages_it_is_one_after_walks_that_are_all_the_same(tmp_path, plain):
    manners = f"doubled-key=2@action={LIST}", "short-pages=5@counts=given"
    tables, failed, asked = capture(tmp_path / "home", *manners)
    assert failed == []
    assert tables["domain"] == plain
    assert asked[LIST] > 2 * PAGING_ATTEMPTS  # in smaller pages in between


def test_names_listed_in_mixed_case_and_answered_in_lower_case_are_one(tmp_path):
    names = ("domain", "isp", "stream_session", "batch_stream_traffic", "push_stream_info")
    tables, failed, _ = capture(tmp_path / "home", "name-case", names=names)
    assert failed == []
    listed = set(tables["domain"]["domain"].to_pylist())
    for name in names[2:]:
        assert tables[name].num_rows
        assert set(tables[name]["domain"].to_pylist()) <= listed


@pytest.mark.parametrize("echo", ["answered", "asked"])
def test_a_series_in_hours_is_no_series_of_five_minutes(tmp_path, echo):
    names = ("domain", "isp", "stream_session", "stream_count")
    _, failed, _ = capture(tmp_path / "home", f"other-width=3600@echo={echo}", names=names)
    assert {one.split()[0] for one in failed} == {"stream_session", "stream_count"}
    wanted = "Aggregation should be 300 and is 3600" if echo == "answered" else "step between"
    assert all(wanted in one for one in failed)


def test_one_answer_in_hours_leaves_no_sparse_one_without_doubt(tmp_path):
    """Slots without anything are left out: a few slots on the hour can be of either width."""
    account = Account(domains=2, streams_per_domain=2, deleted=0, audience=0.02)
    manner = "other-width=3600@asked=300@echo=asked"
    with lab(tmp_path / "all", account, manners=[manner]) as found:
        *_, result = found.only("domain", "isp", "play_status_code").capture(DAYS[:1])
    assert result.outcome is Outcome.FAILED
    assert "step between" in result.message
    with lab(tmp_path / "one", account, manners=[f"{manner}@domain=pull-2.sim.example"]) as found:
        *_, result = found.only("domain", "isp", "edge_stat").capture(DAYS[:1])
    assert (result.outcome, result.lacking) == (Outcome.INCOMPLETE, ("pull-2.sim.example",))


def test_the_answer_for_the_day_before_is_none_for_this_day(tmp_path):
    names = ("domain", "isp", "stream_session")
    manner = "other-window=1@action=DescribeLiveStreamSessionData"
    _, failed, _ = capture(tmp_path / "home", manner, names=names)
    assert len(failed) == 1
    assert "a row's TimeStamp should be in 2026-11-20" in failed[0]
