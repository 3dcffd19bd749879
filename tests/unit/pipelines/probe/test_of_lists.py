"""Observations about lists where the whole probe does not reach; the others are in test_run.py."""

from types import SimpleNamespace

from pipelines.probe import of_lists
from pipelines.probe.calls import Failure, Reply
from resources.simulator import Account
from tests.support.probes import answers, probed


def test_an_account_that_lists_nothing_is_no_error(tmp_path):
    hidden = ",".join(f"{side}-{n}.sim.example" for side in ("pull", "push") for n in range(1, 6))
    found = answers(probed(tmp_path, manners=[f"late-domains={hidden}"]))
    assert found["domains"] == "open"
    assert found["list limit"] == "open"


def test_an_account_of_one_domain_has_no_split_to_look_at(tmp_path):
    with_one = probed(tmp_path, account=Account(domains=1, streams_per_domain=2, deleted=0))
    assert answers(with_one)["items"] == "open"


def test_a_split_without_the_series_of_all_together_is_named():
    slot = {"TimeStamp": "2026-11-20T19:00:00+08:00", "Request": 1}
    result = {"EdgeStatDetailDataList": [{"Domain": "a.example", "EdgeStatDataList": [slot]}]}
    action = "DescribeLiveEdgeStatData"
    evening = Reply(action, {}, {"Result": result})
    assert of_lists.whole(SimpleNamespace(evening=evening)).answer == "missing"
    evening = Reply(action, {}, {"Result": {**result, "EdgeStatDataList": [slot]}})
    assert of_lists.whole(SimpleNamespace(evening=evening)).answer == "there"


def test_an_answer_without_a_result_is_named_apart_from_an_action_that_never_has_one():
    pushes, tops = "DescribeLivePushStreamInfoData", "DescribeLiveTopPlayData"
    without = Failure("no Result", None, 200)
    replies = [
        Reply(pushes, {}, {"Result": {"PushStreamInfoDataList": [{}]}}),
        Reply(pushes, {"PageNum": 2}, failure=without),
        Reply(tops, {}, failure=without),
    ]
    found = of_lists.null_result(SimpleNamespace(caller=SimpleNamespace(replies=replies)))
    assert (found.answer, found.details) == ("missing", {"actions": (pushes,)})
