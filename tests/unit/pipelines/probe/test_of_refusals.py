"""Observations about refusals where the whole probe does not reach; the others are in test_run.py."""

from tests.support.probes import probed


def test_windows_that_are_wrong_are_told_with_their_codes(tmp_path):
    found = {one.topic: one.words for one in probed(tmp_path).findings}
    for topic in ("too long", "too old", "future", "no span"):
        assert found[topic] == "refused with InvalidParam (400)"
    assert found["foreign"] == "refused with RequestForbidden.AccountIDNotAllow (403)"
