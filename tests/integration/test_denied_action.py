"""A key that may call most actions: the others' datasets are captured all the same."""

from datetime import date

import pytest

from resources.api.catalog import DATASETS
from resources.capture.result import Outcome
from tests.support.archives import lab

DENIED = "DescribeLiveTopPlayData"
DAYS = [date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 21)]
SOME = ("edge_stat", "top_play", "stream_count")


def captured(account):
    """Results by dataset of a run over all of SOME, side by side."""
    account.capture(names=["domain", "isp"])
    with account.capturing() as capturer:
        due = {DATASETS[name]: DAYS for name in SOME}
        results = [*capturer.capture_all(due)]
    return {name: [r for r in results if r.dataset == name] for name in SOME}


@pytest.mark.parametrize("how", ["denied", "withdrawn"])
def test_one_action_that_cannot_be_called_holds_up_no_other(tmp_path, how):
    with lab(tmp_path / "home", **{how: [DENIED]}) as account:
        found = captured(account)
        calls = account.simulator.calls[DENIED]
    for name in ("edge_stat", "stream_count"):
        assert [r.outcome for r in found[name]] == [Outcome.CAPTURED] * 3
    assert [r.outcome for r in found["top_play"]] == [Outcome.FAILED] * 3
    assert all(DENIED in r.message for r in found["top_play"])
    assert calls <= account.archive.settings.workers, "a refusal is not asked for again"


def test_once_it_is_allowed_only_what_is_missing_is_asked_for(tmp_path):
    with lab(tmp_path / "home", denied=[DENIED]) as account:
        captured(account)
        account.simulator._service.denied = frozenset()
        before = account.requests - account.simulator.calls[DENIED]
        found = captured(account)
        assert [r.outcome for r in found["top_play"]] == [Outcome.CAPTURED] * 3
        assert [r.outcome for r in found["edge_stat"]] == [Outcome.KEPT] * 3
        assert account.requests - account.simulator.calls[DENIED] == before


def test_a_key_without_any_policy_is_told_at_once(tmp_path):
    """Domains come first, and without them there is nothing to ask for."""
    with lab(tmp_path / "home", denied=[d.endpoint.action for d in DATASETS.values()]) as account:
        results = account.capture(DAYS, ["domain", "edge_stat"])
        assert account.simulator.calls["DescribeLiveEdgeStatData"] == 0
    assert [r.outcome for r in results] == [Outcome.FAILED] * 4
    assert "LIVEReadOnlyAccess" in results[0].message
