"""Hours and domains that a day lacks while others have plenty; and what is left alone."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from resources.api.windows import day_window
from resources.lake.activity import DAY as DAY_BIT
from resources.lake.activity import HOURS, MEASURES
from resources.ledger.silent_hours import HourIndex, silent_hours

ZONE = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 11, 21)
PULL, PUSH = ("pull-1", "pull-2"), ("push-1", "push-2")
PUSHES = ("batch_push_stream_metrics", "push_stream_metrics", "stream_count", "push_stream_count")
OF_THE_DAY = ("batch_stream_session", "batch_stream_traffic")


def mask(*hours, day=DAY):
    first = int(day_window(day, ZONE)[0].timestamp()) // 3600
    return sum(1 << (first + h) % HOURS for h in hours) | 1 << DAY_BIT


ALL = range(24)


def account(days=(DAY,), hours=ALL):
    """Dataset -> day -> domain -> hours, all of them busy."""
    return {
        name: {
            day: dict.fromkeys(
                PUSH if name in PUSHES else PULL,
                (mask(day=day) if name in OF_THE_DAY else mask(*hours, day=day),) * 2,
            )
            for day in days
        }
        for name in MEASURES
    }


def found_in(counts, name, comparable=tuple(MEASURES)):
    index = HourIndex({one: counts[one] for one in comparable})
    found = silent_hours(name, index, lambda: counts[name], ZONE)
    return {day: (its.domains, its.texts) for day, its in found.items()}


def without(counts, name, domain, hours=ALL, day=DAY):
    some = counts[name][day][domain][0] & ~mask(*hours) if hours is not ALL else 0
    if hours is not ALL and name not in OF_THE_DAY:
        some |= 1 << DAY_BIT
    counts[name][day][domain] = (some, some)
    return counts


@pytest.mark.parametrize("name", MEASURES)
def test_a_domain_that_one_dataset_leaves_out_on_the_first_day_of_two_domains(name):
    domain = (PUSH if name in PUSHES else PULL)[1]
    assert found_in(without(account(), name, domain), name) == {DAY: ((domain,), ())}


@pytest.mark.parametrize("name", [n for n in MEASURES if n not in OF_THE_DAY])
def test_hours_of_one_domain_that_one_dataset_leaves_out(name):
    domain = (PUSH if name in PUSHES else PULL)[0]
    texts = (f"nothing of {domain} in 3 hours from 05:00",)
    assert found_in(without(account(), name, domain, (5, 6, 7)), name) == {DAY: ((), texts)}


def test_an_account_without_a_fault_has_none_and_neither_has_a_quiet_night():
    for counts in (account(), account(hours=range(8, 23))):
        assert [found_in(counts, name) for name in MEASURES] == [{}] * len(MEASURES)


def test_one_sibling_alone_contradicts_nothing_unless_it_counts_the_same():
    counts = without(account(), "play_status_code", "pull-1")
    assert found_in(counts, "play_status_code", ("play_status_code", "edge_stat", PUSHES[0])) == {}
    counts = without(account(), "edge_stat_by_region", "pull-1")
    assert found_in(counts, "edge_stat_by_region", ("edge_stat_by_region", "edge_stat"))


@pytest.mark.parametrize(
    "name", ["stream_session", "stream_session_by_domain", "play_status_code", *OF_THE_DAY[:1]]
)
def test_viewers_that_go_on_watching_make_traffic_and_no_request(name):
    counts = account()
    for one in ("stream_session", "stream_session_by_domain", "batch_stream_session"):
        counts = without(counts, one, "pull-1")
    for one in ("play_status_code", "play_status_code_by_domain"):
        counts = without(counts, one, "pull-1")
    assert found_in(counts, name) == {}


def test_codes_of_a_domain_with_pushes_prove_no_play():
    counts = account()
    for name in ("stream_session", "stream_session_by_domain", *OF_THE_DAY):
        counts[name][DAY]["pull-1"] = (0, 0)
    counts[PUSHES[0]][DAY]["pull-1"] = (mask(3), 0)
    some = ("stream_session", "edge_stat", "play_status_code", *PUSHES)
    assert found_in(counts, "stream_session", some) == {}
    counts[PUSHES[0]][DAY]["pull-1"] = (0, 0)
    assert found_in(counts, "stream_session", some) == {DAY: (("pull-1",), ())}


def test_a_domain_that_a_dataset_never_has_is_left_alone():
    days = [DAY - timedelta(days=i) for i in range(9)]
    counts = account(days)
    for day in days:
        counts["play_status_code"][day]["pull-1"] = (0, 0)
    assert found_in(counts, "play_status_code") == {}
    counts["play_status_code"][days[3]]["pull-1"] = (mask(1), 0)
    assert DAY in found_in(counts, "play_status_code")


def test_captures_that_state_no_hours_are_left_alone():
    counts = account()
    counts["edge_stat"][DAY] = {}
    assert found_in(counts, "edge_stat") == {}
