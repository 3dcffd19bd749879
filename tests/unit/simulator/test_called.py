"""Callbacks tell of the pushes of the account, and those that fail are tried again."""

from collections import Counter

from tests.support.small_world import PUSHES, rows

CALLBACK = "DescribeLiveCallbackData"


def test_each_push_of_some_streams_has_a_start_and_an_end():
    pushes = rows("DescribeLivePushStreamInfoData", DomainList=PUSHES)
    started = {(r["Stream"], r["StartTime"]) for r in pushes}
    ended = {(r["Stream"], r["EndTime"]) for r in pushes}
    found = [r for r in rows(CALLBACK, DomainList=PUSHES) if r["CallbackStatus"] == "success"]
    on = {r["Stream"] for r in found}
    assert on
    assert on < {stream for stream, _ in started}
    told = {(r["CallbackEventType"], r["Stream"], r["CallbackTime"]) for r in found}
    day = "2025-06-06"
    for kind, times in (("push_start", started), ("push_end", ended)):
        first = {(s, t) for e, s, t in told if e == kind}
        missing = {(s, t) for s, t in times if s in on and t.startswith(day)} - first
        failed = rows(CALLBACK, DomainList=PUSHES, CallbackStatus=["fail"])
        assert missing <= {(r["Stream"], r["CallbackTime"]) for r in failed}


def test_types_are_chosen_and_the_order_is_that_of_time():
    found = rows(CALLBACK, CallbackEventType=["push_end"])
    assert Counter(r["CallbackEventType"] for r in found).keys() == {"push_end"}
    assert [r["CallbackTime"] for r in found] == sorted(r["CallbackTime"] for r in found)
