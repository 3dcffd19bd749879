"""Observations about content where the whole probe does not reach; the others are in test_run.py."""

from types import SimpleNamespace

from pipelines.probe import of_content
from pipelines.probe.calls import Failure, Reply

EDGE, ISP = "DescribeLiveEdgeStatData", "DescribeLiveISPData"


def asked(*replies):
    return SimpleNamespace(caller=SimpleNamespace(replies=list(replies)))


def test_a_key_that_is_also_a_value_is_not_shown_as_a_field():
    rows = [{"Code": "Room", "Name": "", "Room": 1, "room-1": 2, "Quality": 3}]
    found = of_content.new_field(asked(Reply(ISP, {}, {"Result": {"ISPList": rows}})))
    assert (found.details["count"], found.note) == (3, "Quality")


def test_totals_are_not_held_against_a_plain_list_that_is_left_out():
    slot = {"TimeStamp": "2026-11-20T19:00:00+08:00", "Request": 1}
    result = {"EdgeStatDetailDataList": [{"EdgeStatDataList": [slot]}], "TotalRequest": 1}
    (found,) = of_content.sums(asked(Reply(EDGE, {}, {"Result": result})))
    assert found.answer == "open"


def test_an_action_that_fails_now_and_then_is_named():
    fails = Reply(EDGE, {}, failure=Failure("connection broken"))
    assert of_content.unsteady(asked(Reply(EDGE, {}), fails)).answer == "some"
    assert of_content.unsteady(asked(Reply(EDGE, {}, attempts=2))).answer == "some"
    assert of_content.unsteady(asked(fails)).answer == "none"  # it is told as an action


def test_an_answer_that_takes_long_is_named():
    assert of_content.slow(asked(Reply(EDGE, {}, seconds=11.0))).answer == "some"
    assert of_content.slow(asked(Reply(EDGE, {}, seconds=1.0))).answer == "none"
