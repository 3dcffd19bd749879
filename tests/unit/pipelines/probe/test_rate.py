"""The rate of an action."""

import pytest

from pipelines.probe.rate import NothingToAsk, rate_of
from resources.config import Settings
from resources.simulator import Simulator
from tests.support.archives import NOW, no_wait
from tests.support.probes import ACCOUNT


def found(folder, rate):
    with Simulator(ACCOUNT, clock=lambda: NOW, rate=rate) as simulator:
        settings = Settings(home=folder / "home", api_url=simulator.url, calls_per_second=None)
        finding = rate_of(
            "DescribeLiveISPData", settings, simulator.credentials, None, NOW, sleep=no_wait
        )
        return finding, simulator.refused["FlowLimitExceeded"]


def test_it_stops_at_the_first_step_that_is_throttled(tmp_path):
    finding, refused = found(tmp_path, 10)
    assert (finding.answer, finding.details["per_s"]) == ("throttled", 15)
    assert 1 <= refused <= 16  # those that were under way


def test_without_a_limit_it_ends_at_twice_the_documented_rate(tmp_path):
    finding, refused = found(tmp_path, None)
    assert (finding.answer, finding.details["per_s"], refused) == ("more", 60, 0)


def test_what_cannot_be_asked_is_an_error_for_the_user():
    assert "cannot" in str(NothingToAsk("cannot"))
    with pytest.raises(NothingToAsk):
        raise NothingToAsk
