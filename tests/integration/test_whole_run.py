"""A whole run: whatever the API leaves open, the tables hold what the simulated world holds."""

from datetime import date

import pytest

from resources.api import request_plan
from resources.simulator import Account, AnswerOptions
from tests.support.archives import contents, failures, lab
from tests.support.expected_tables import Expected, differences
from tests.support.offered import DATASETS
from tests.support.suites import slow

USUAL = Account(domains=1, streams_per_domain=2, deleted=0, audience=0.1)
TINY = Account(domains=1, streams_per_domain=1, deleted=0, audience=0.02)
SEVERAL = Account(domains=1, streams_per_domain=1, deleted=1, audience=0.02)
DAY = (date(2026, 11, 21),)
NIGHT = (date(2026, 11, 20), date(2026, 11, 21))

SEVERAL_DOMAINS = (
    SEVERAL,
    AnswerOptions(offset="Z", zeros="omit", empty="absent", push_match="end"),
    DAY,
)
ONE_OF_EACH_KIND = (
    *("domain", "region", "isp", "ip_info"),
    *("stream_session", "play_status_code", "edge_stat_by_protocol", "edge_stat_account"),
    *("batch_stream_session", "push_stream_info", "closed_stream_info"),
    *("batch_push_stream_metrics", "push_stream_metrics", "top_play", "p95_peak_bandwidth"),
    *("transcode_info", "transcode", "time_shift", "callback"),
)
"""Datasets that are asked, split, paged or timed in different ways."""
CASES = {
    "several domains, one deleted, absent lists": SEVERAL_DOMAINS,
    "as documented": (USUAL, AnswerOptions(), NIGHT),
    "EndTime included, times in UTC, empty slots left out, null lists, a larger audience": (
        USUAL,
        AnswerOptions(end="inclusive", offset="Z", zeros="omit", empty="null", push_match="start"),
        NIGHT,
    ),
    "EndTime included, pushes by their end": (
        TINY,
        AnswerOptions(end="inclusive", empty="absent", push_match="end"),
        DAY,
    ),
    "EndTime excluded, pushes by their start": (
        TINY,
        AnswerOptions(offset="Z", empty="null", push_match="start"),
        NIGHT,
    ),
}


def wrong_tables(found, days, names=tuple(DATASETS)):
    """Tables that differ from the world, with a few of the rows that do."""
    expected = Expected(found, days)
    with found.archive.reading() as connection:
        wrong = {name: differences(connection, name, expected.rows(name)) for name in names}
    return {name: rows for name, rows in wrong.items() if rows}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Two days that are captured and loaded, of the least account whose answers differ most from
    the documents. Tests that do not say so leave it as it is.
    """
    options = AnswerOptions(
        end="inclusive", offset="Z", zeros="omit", empty="null", push_match="start"
    )
    with lab(tmp_path_factory.mktemp("done") / "home", TINY, options=options) as found:
        found.backfill(NIGHT)
        yield found


def test_every_table_is_what_the_world_holds_with_inclusive_ends_utc_no_empty_slots_and_null_lists(
    done,
):
    assert wrong_tables(done, NIGHT) == {}


def test_tables_of_each_kind_are_what_a_world_of_several_domains_holds(tmp_path, monkeypatch):
    """One is deleted, lists without items are absent, and lists of domains are cut: two in each."""
    account, options, days = SEVERAL_DOMAINS
    monkeypatch.setattr(request_plan, "DOMAINS_PER_REQUEST", 2)
    with lab(tmp_path / "home", account, options=options, names=ONE_OF_EACH_KIND) as found:
        found.backfill(days)
        assert wrong_tables(found, days, ONE_OF_EACH_KIND) == {}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_every_table_is_what_the_world_holds(case, tmp_path, monkeypatch):
    account, options, days = CASES[case]
    if account is SEVERAL:  # lists of domains are cut as well: two in each
        monkeypatch.setattr(request_plan, "DOMAINS_PER_REQUEST", 2)
    with lab(tmp_path / "home", account, options=options) as found:
        found.backfill(days)
        assert wrong_tables(found, days) == {}


@pytest.mark.slow
def test_lists_of_domains_that_are_cut_lose_and_double_nothing(tmp_path, monkeypatch):
    """Three domains in lists of two: one list of two, one of a single domain."""
    monkeypatch.setattr(request_plan, "DOMAINS_PER_REQUEST", 2)
    with lab(
        tmp_path / "home", Account(domains=3, streams_per_domain=1, deleted=0, audience=0.02)
    ) as found:
        found.backfill(DAY)
        # By domain and carrier and by domain alone in two lists each, the account in one.
        assert found.simulator.calls["DescribeLiveSourceTrafficData"] == 5
        assert wrong_tables(found, DAY) == {}


@pytest.mark.parametrize(
    ("account", "questions"),
    [
        (Account(domains=51, streams_per_domain=1, deleted=1), 2 * 2),
        slow(Account(domains=1, streams_per_domain=1100, deleted=0), 2 * 2),
    ],
    ids=["52 domains in two lists", "1100 streams on two pages"],
)
def test_more_domains_than_one_list_and_more_streams_than_one_page(account, questions, tmp_path):
    names = ("domain", "batch_stream_session", "batch_stream_traffic", "top_play")
    off = [name for name in DATASETS if name not in names]
    (tmp_path / "livestats.toml").write_text(f"[datasets]\noff = {off}\n")
    with lab(tmp_path / "home", account) as found:
        found.backfill(DAY)
        assert found.simulator.calls["DescribeLiveBatchStreamSessionData"] == questions
        assert wrong_tables(found, DAY, names) == {}


def test_a_second_run_asks_nothing_and_changes_nothing(done):
    asked, home = done.requests, done.archive.home
    before = contents(home.raw, home.lake, home.served.parent)
    again = done.backfill(NIGHT)
    assert done.requests == asked
    assert contents(home.raw, home.lake, home.served.parent) == before
    assert {r.outcome.value for r in again} == {"kept"}


def test_asking_again_changes_no_rows_and_keeps_one_capture(done):
    home = done.archive.home
    lake, served = contents(home.lake), contents(home.served.parent)
    again = done.capture(NIGHT, ONE_OF_EACH_KIND, again=True)
    assert failures(again) == []
    assert {r.outcome.value for r in again} == {"unchanged"}
    assert contents(home.lake) == lake
    assert contents(home.served.parent) == served
    assert {len([*p.glob("*Z-*")]) for p in home.raw.glob("*/*/")} == {1}
