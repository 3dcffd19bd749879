"""What was refused or limited today is not asked for each day again, and never for too long."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from resources.api.errors import FixRequest
from resources.capture.learned import LONGEST_FAILURE_S, MAX_FAILURES, Learned
from resources.fs import sealed

ACTION, ITEM = "DescribeLiveEdgeStatData", "gone.example.com"
TODAY = date(2026, 11, 22)
DAY = date(2026, 11, 20)
REFUSED = FixRequest("refused with RequestForbidden", "Ask the owner.", code="RequestForbidden")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "learned.json"


def refused(path):
    learned = Learned.load(path, TODAY)
    learned.refuse(ACTION, ITEM, DAY, REFUSED)
    learned.learn_list_limit(ACTION, 20)
    learned.save()
    return learned


@pytest.mark.parametrize(
    ("refused_days", "held"),
    [
        ([0], {0}),
        ([0, 1], {0, 1}),
        ([0, 1, 2], {-300, -1, 0, 1, 2}),
        ([5, 6, 0, 7], {-300, -1, 0, 1, 2, 3, 4, 5, 6, 7}),
    ],
)
def test_a_refusal_is_held_against_its_days_and_after_some_against_earlier_ones(
    path, refused_days, held
):
    learned = Learned.load(path, TODAY)
    for days in refused_days:
        learned.refuse(ACTION, ITEM, DAY + timedelta(days=days), REFUSED)
    tried = {-300, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8}
    found = {n for n in tried if learned.refusal(ACTION, ITEM, DAY + timedelta(days=n))}
    assert found == held


def test_another_question_about_the_item_is_asked_and_by_itself(path):
    learned = refused(path)
    assert learned.refusal("another question", ITEM, DAY) is None
    assert learned.was_refused(ITEM)
    assert not learned.was_refused("another.example.com")


def test_an_item_without_an_answer_is_news_once_in_a_run(path):
    learned = Learned.load(path, TODAY)
    assert [learned.is_first_report(ACTION, ITEM) for _ in range(3)] == [True, False, False]
    assert learned.is_first_report("another action", ITEM)
    assert not refused(path).is_first_report(ACTION, ITEM), "it was told when it was refused"


def test_it_is_told_with_the_words_of_the_vendor(path):
    error = refused(path).refusal(ACTION, ITEM, DAY).error(ACTION)
    assert (error.code, error.advice, error.action) == (
        "RequestForbidden",
        "Ask the owner.",
        ACTION,
    )
    assert "refused with RequestForbidden" in str(error)
    assert "not asked again in this run" in str(error)


def test_another_run_of_the_day_asks_once_more_and_by_itself(path):
    """A permission may have been given since, and the API forgets the oldest day tomorrow."""
    refused(path)
    later = Learned.load(path, TODAY)
    assert later.refusal(ACTION, ITEM, DAY) is None
    assert later.was_refused(ITEM)
    later.refuse(ACTION, ITEM, DAY + timedelta(days=3), REFUSED)  # that day still; perhaps no other
    assert later.refusal(ACTION, ITEM, DAY) is None


def test_what_is_answered_in_another_run_is_refused_no_more(path):
    refused(path)
    later = Learned.load(path, TODAY)
    later.note_item_answered(ACTION, ITEM)
    assert not later.was_refused(ITEM)
    later.save()
    assert not Learned.load(path, TODAY).was_refused(ITEM)


def test_an_answer_for_one_day_takes_back_no_refusal_of_the_same_run(path):
    learned = refused(path)
    learned.note_item_answered(ACTION, ITEM)
    assert learned.refusal(ACTION, ITEM, DAY) is not None


def test_the_next_day_asks_again_and_keeps_the_limits_of_lists(path):
    refused(path)
    next_day = Learned.load(path, TODAY + timedelta(days=1))
    assert next_day.refusal(ACTION, ITEM, DAY) is None
    assert next_day.list_limit(ACTION) == 20
    assert next_day.list_limit("another") is None


@pytest.mark.parametrize("text", [b"", b"{}", b'{"day": 1}', b'{"list_limits": {"a": "x"}}'])
def test_a_damaged_file_is_an_empty_one(path, text):
    path.parent.mkdir()
    path.write_bytes(text)
    learned = Learned.load(path, TODAY)
    assert learned.list_limit(ACTION) is None
    assert learned.refusal(ACTION, ITEM, DAY) is None


def test_nothing_is_written_if_nothing_was_learnt(path):
    Learned.load(path, TODAY).save()
    assert not path.exists()


def test_an_action_has_its_share_of_further_calls(path):
    learned = Learned.load(path, TODAY, max_further_calls=2)
    assert [learned.spend_call(ACTION) for _ in range(3)] == [True, True, False]
    assert learned.spend_call("another")


def test_the_rest_of_a_day_waits_while_the_server_fails_and_the_next_is_tried(path):
    learned = Learned.load(path, TODAY)
    for _ in range(MAX_FAILURES):
        assert not learned.is_failing(ACTION, DAY)
        learned.note_failure(ACTION, DAY)
    assert learned.is_failing(ACTION, DAY)
    assert not learned.is_failing("another", DAY)
    assert not learned.is_failing(ACTION, DAY + timedelta(days=1))
    learned.note_answer(ACTION)
    assert not learned.is_failing(ACTION, DAY)


def test_an_action_that_fails_for_minutes_is_not_asked_again_in_the_run(path):
    now_s = 0.0
    learned = Learned(path, TODAY, clock_s=lambda: now_s)
    days = [DAY + timedelta(days=n) for n in range(MAX_FAILURES + 1)]
    for day in days[:-1]:
        assert not learned.is_failing(ACTION, day)
        learned.note_failure(ACTION, day)
    now_s = LONGEST_FAILURE_S - 1
    assert not learned.is_failing(ACTION, days[-1])
    now_s = LONGEST_FAILURE_S
    assert learned.is_failing(ACTION, days[-1])
    assert not learned.is_failing("another", days[-1])
    learned.note_reply(ACTION)
    assert not learned.is_failing(ACTION, days[-1])


def test_a_day_that_fails_for_minutes_costs_no_other_day(path):
    """Each request without an answer takes minutes: a day that is halved again and again, an hour."""
    now_s = 0.0
    learned = Learned(path, TODAY, clock_s=lambda: now_s)
    for day in (DAY, DAY - timedelta(days=1)):
        for _ in range(MAX_FAILURES):
            learned.note_failure(ACTION, day)
            now_s += LONGEST_FAILURE_S
        assert learned.is_failing(ACTION, day)
        assert not learned.is_failing(ACTION, day - timedelta(days=1))


@pytest.mark.parametrize(
    ("asked", "ends"),
    [
        ([("a",)], False),
        ([("a",), ("b",)], True),
        ([("a", "b")], True),
        ([()], True),
    ],
    ids=["one item", "two items", "a list", "the account"],
)
def test_an_item_that_fails_on_every_day_costs_no_other_item(path, asked, ends):
    now_s = 0.0
    learned = Learned(path, TODAY, clock_s=lambda: now_s)
    for nth, items in enumerate(asked * 2 * MAX_FAILURES):
        learned.note_failure(ACTION, DAY - timedelta(days=nth % 5), items)
    now_s = LONGEST_FAILURE_S
    assert learned.is_failing(ACTION, DAY - timedelta(days=9)) is ends


def test_few_failures_over_minutes_are_no_failing_action(path):
    now_s = 0.0
    learned = Learned(path, TODAY, clock_s=lambda: now_s)
    for nth in range(MAX_FAILURES - 1):
        learned.note_failure(ACTION, DAY + timedelta(days=nth))
        now_s += LONGEST_FAILURE_S
    assert not learned.is_failing(ACTION, DAY)


def test_a_lack_of_permission_is_of_the_action_if_no_item_is_allowed(path):
    learned = Learned.load(path, TODAY)
    assert learned.is_denied(ACTION, [])  # nothing that it could be of
    assert not learned.is_denied(ACTION, ["a", "b", "c", "d"])  # a list is asked in parts first
    for item, is_denied in {"a": False, "b": False, "c": True}.items():
        learned.note_denied(ACTION, item)
        learned.note_denied(ACTION, item)
        assert learned.is_denied(ACTION, [item]) is is_denied


def test_a_lack_of_permission_is_of_its_item_once_another_was_answered(path):
    learned = Learned.load(path, TODAY)
    learned.note_answer(ACTION)
    for item in "abcdef":
        learned.note_denied(ACTION, item)
        assert not learned.is_denied(ACTION, [item])
    assert learned.is_denied("another", [])


def test_a_longer_list_is_tried_again_once_after_a_week(path):
    refused(path)
    for days in (0, 6):
        learned = Learned.load(path, TODAY + timedelta(days=days))
        assert [learned.list_limit(ACTION) for _ in range(2)] == [20, 20]
    week = Learned.load(path, TODAY + timedelta(days=7))
    assert [week.list_limit(ACTION) for _ in range(3)] == [None, 20, 20]
    week.save()
    assert Learned.load(path, TODAY + timedelta(days=13)).list_limit(ACTION) == 20
    assert Learned.load(path, TODAY + timedelta(days=14)).list_limit(ACTION) is None


def test_a_longer_list_that_is_answered_ends_the_limit_and_one_that_is_not_renews_it(path):
    refused(path)
    week = Learned.load(path, TODAY + timedelta(days=7))
    assert week.list_limit(ACTION) is None
    week.learn_list_limit(ACTION, 10)
    assert week.list_limit(ACTION) == 10
    week.note_answer(ACTION, 10)
    assert week.list_limit(ACTION) == 10
    week.note_answer(ACTION, 40)
    week.save()
    assert Learned.load(path, TODAY + timedelta(days=7)).list_limit(ACTION) is None


def test_a_limit_of_an_earlier_version_has_no_day_and_is_tried_again(path):
    path.parent.mkdir(parents=True)
    facts = {"day": TODAY.isoformat(), "list_limits": {ACTION: 20}, "refused": {}}
    path.write_bytes(sealed.seal(facts))
    learned = Learned.load(path, TODAY)
    assert [learned.list_limit(ACTION) for _ in range(2)] == [None, 20]
