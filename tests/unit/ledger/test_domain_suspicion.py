"""A single domain that is falsely empty is suspect; quiet, push-only and odd domains are not."""

from datetime import date, timedelta

import pytest

from resources.ledger.domain_suspicion import DATASETS_JUDGED, PLENTY, suspect_domains
from resources.ledger.suspicion import SIBLINGS

DAYS = [date(2026, 9, 7) + timedelta(days=i) for i in range(60)]
DAY = DAYS[40]
PULL, PUSH = [f"pull-{n}" for n in range(4)], [f"push-{n}" for n in range(4)]
ROWS = {
    "stream_session": (PULL, 500), "stream_session_by_domain": (PULL, 500),
    "batch_stream_session": (PULL, 2), "play_status_code": (PULL, 800),
    "batch_stream_traffic": (PULL + PUSH, 1),
    **dict.fromkeys(("edge_stat", "edge_stat_by_protocol", "edge_stat_by_region", "stream_count"),
                    (PULL + PUSH, 288)),
    "push_stream_info": (PUSH, 3), "batch_push_stream_metrics": (PUSH, 1400),
    "push_stream_metrics": (PUSH, 2800),
}  # fmt: skip


def whole(days=DAYS):
    """Dataset -> day -> rows of each domain, 0 where it is asked in vain: codes of pushes."""
    rows = {
        name: {day: dict.fromkeys(domains, count) for day in days}
        for name, (domains, count) in ROWS.items()
    }
    codes = rows["play_status_code"]
    rows["play_status_code"] = {d: {**its, **dict.fromkeys(PUSH, 0)} for d, its in codes.items()}
    return rows


def emptied(rows, name, domain, days=(DAY,)):
    changed = {d: {**c, domain: 0} if d in days else c for d, c in rows[name].items()}
    return {**rows, name: changed}


def judged(rows):
    found = {name: suspect_domains(name, lambda n: rows.get(n, {}), rows) for name in SIBLINGS}
    return {name: days for name, days in found.items() if days}


def test_an_account_as_it_always_is_has_none():
    assert judged(whole()) == {}
    assert judged(whole(DAYS[:1])) == {}  # pushes have no status codes from the first day on


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("batch_stream_session", "pull-1"),
        ("batch_stream_traffic", "pull-2"),
        ("batch_stream_traffic", "push-3"),
        ("play_status_code", "pull-0"),
        ("edge_stat", "push-1"),
        ("edge_stat_by_region", "pull-1"),
        ("stream_session_by_domain", "pull-3"),
        ("push_stream_metrics", "push-0"),
        ("batch_push_stream_metrics", "push-0"),
        ("stream_count", "push-2"),
    ],
)
def test_one_domain_is_empty_while_its_siblings_are_whole(name, domain):
    assert judged(emptied(whole(), name, domain)) == {name: {DAY: (domain,)}}


@pytest.mark.parametrize("days", [1, 2, 3])
def test_in_a_young_archive_other_domains_tell_that_the_dataset_should_have_it(days):
    young = DAYS[:days]
    rows = emptied(whole(young), "batch_stream_traffic", "push-3", young)
    expected = dict.fromkeys(young, ("push-3",))
    assert judged(rows) == {"batch_stream_traffic": expected}


def test_in_a_young_archive_a_dataset_that_has_few_of_the_domains_tells_nothing():
    young, rows = DAYS[:2], whole(DAYS[:2])
    for domain in (*PULL[2:], *PUSH):  # two are there, six are not: it may be made so
        rows = emptied(rows, "batch_stream_traffic", domain, young)
    assert judged(rows) == {}
    pair = {n: {d: {x: c for x, c in its.items() if x[-1] == "0"} for d, its in days.items()}
            for n, days in whole(DAYS[:2]).items()}  # fmt: skip
    assert judged(emptied(pair, "batch_stream_traffic", "push-0", young)) == {}


def test_a_domain_that_a_dataset_never_has_is_none():
    assert judged(emptied(whole(), "edge_stat", "pull-1", DAYS)) == {}
    relayed = emptied(whole(), "edge_stat", "pull-1", DAYS[:50])
    assert judged(relayed) == {}
    mostly = emptied(whole(), "batch_stream_traffic", "pull-1", DAYS[::2] + DAYS[1::4])
    assert judged(mostly) == {}


def test_a_domain_that_streams_for_minutes_is_none():
    """Few rows of everything: a viewer over midnight is in traffic and in no status code."""
    rows = {
        name: {day: {x: min(count, 40) if x == "pull-1" else count for x, count in its.items()}
               for day, its in days.items()}
        for name, days in whole().items()
    }  # fmt: skip
    assert PLENTY > 40
    for name in ("play_status_code", "batch_stream_traffic", "edge_stat"):
        assert judged(emptied(rows, name, "pull-1")) == {}


@pytest.mark.parametrize("days", [1, 60])
def test_a_dataset_that_has_few_rows_of_a_busy_domain_may_have_none(days):
    """Pushes have a status code now and then."""
    rows = whole(DAYS[:days])
    few = dict.fromkeys(PUSH, 5)
    codes = {d: {**its, **few} for d, its in rows["play_status_code"].items()}
    assert judged(emptied({**rows, "play_status_code": codes}, "play_status_code", "push-1",
                          [DAYS[days // 2]])) == {}  # fmt: skip


def test_a_domain_that_was_quiet_that_day_is_none():
    rows = whole()
    for name in ROWS:
        for domain in ("pull-1", "push-1"):
            if domain in ROWS[name][0]:
                rows = emptied(rows, name, domain)
    assert judged(rows) == {}
    half = whole()
    half["play_status_code"][DAY] = {**half["play_status_code"][DAY], "pull-1": 30}
    assert judged(emptied(half, "batch_stream_traffic", "pull-1")) == {}


def test_one_sibling_is_not_enough():
    rows = whole()
    for name in ("batch_stream_session", "batch_stream_traffic"):
        rows = emptied(rows, name, "pull-1")
    assert judged(rows) == {}


def test_pushes_that_go_on_and_rankings_are_not_judged():
    assert {"push_stream_info", "top_play"}.isdisjoint(DATASETS_JUDGED)
    assert judged(emptied(whole(), "push_stream_info", "push-1")) == {}


def test_captures_that_state_no_rows_by_domain_are_left_alone():
    rows = emptied(whole(), "batch_stream_traffic", "push-3")
    rows["batch_stream_traffic"][DAY] = {}
    assert judged(rows) == {}
