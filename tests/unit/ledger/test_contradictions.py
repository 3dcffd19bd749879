"""Days whose answers contradict themselves are suspect, unless the vendor always counts so."""

from datetime import date, timedelta

import pytest

from resources.ledger.contradictions import EMPTIED, USUAL_DAYS, contradicted_days
from resources.ledger.raw_day import RawDayFacts
from resources.raw.captures import CaptureName

DAYS = [date(2026, 11, 1) + timedelta(days=i) for i in range(20)]
CAPTURE = CaptureName("20261122T040000000000Z-100-" + "0" * 16)
LATER_EMPTY = CaptureName("20261123T040000000000Z-0-" + "0" * 16)
REQUESTS, PEAK = "TotalRequest differs from its rows", "PeakOnlineUser differs from its rows"


def facts(*found, days=DAYS):
    """All days captured; `found` are (days, what they contradict)."""
    told = dict.fromkeys(days, ())
    for with_it, text in found:
        for day in with_it:
            told[day] += (text,)
    return {d: RawDayFacts(captures=(CAPTURE,), contradictions=t) for d, t in told.items()}


def never(_day):
    return False


@pytest.mark.parametrize("number", [1, 3, 20])
def test_each_day_is_found_with_all_that_it_contradicts(number):
    days = DAYS[:number]
    found = contradicted_days(facts((days, REQUESTS), (days[:1], PEAK)), never)
    assert found == dict.fromkeys(days, (REQUESTS,)) | {days[0]: (PEAK, REQUESTS)}


def test_an_account_without_any_has_none():
    assert contradicted_days(facts(), lambda _: True) == {}


def test_what_most_days_have_and_one_was_accepted_is_the_way_of_the_vendor():
    found = contradicted_days(facts((DAYS[4:], PEAK), (DAYS[:1], REQUESTS)), DAYS[5].__eq__)
    assert found == {DAYS[0]: (REQUESTS,)}


@pytest.mark.parametrize("number", [USUAL_DAYS, len(DAYS) // 2])
def test_an_accepted_day_speaks_for_no_other_where_few_days_have_it(number):
    days = DAYS[:number]
    assert contradicted_days(facts((days, PEAK)), days[0].__eq__) == dict.fromkeys(days, (PEAK,))


def test_nor_does_it_in_the_first_days_of_an_archive():
    few = DAYS[: USUAL_DAYS - 1]
    found = contradicted_days(facts((few, PEAK), days=few), few[0].__eq__)
    assert found == dict.fromkeys(few, (PEAK,))


def test_a_later_answer_without_any_row_contradicts_the_one_before():
    days = {
        DAYS[0]: RawDayFacts(captures=(CAPTURE, LATER_EMPTY)),
        DAYS[1]: RawDayFacts(captures=(LATER_EMPTY,)),  # nothing happened
        DAYS[2]: RawDayFacts(captures=(CAPTURE,)),
        DAYS[3]: RawDayFacts(captures=(CAPTURE, LATER_EMPTY), erased_rows={"a.example": 100}),
    }
    assert contradicted_days(days, never) == {DAYS[0]: (EMPTIED,)}


def test_one_after_which_rows_come_again_contradicts_nothing():
    again = CaptureName("20261124T040000000000Z-90-" + "0" * 16)
    days = {DAYS[0]: RawDayFacts(captures=(CAPTURE, LATER_EMPTY, again))}
    assert contradicted_days(days, never) == {}
