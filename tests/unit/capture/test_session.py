"""The connection that settings and environment describe: key, host, home, waits that can be ended."""

import threading
from datetime import date, timedelta

import pytest

from resources.api.catalog import DATASETS
from resources.api.errors import FixSetup, TryLater
from resources.api.retry import RetryPolicy
from resources.api.server_clock import ServerClock
from resources.capture.result import Outcome
from resources.capture.session import RunCancelled, _Wait, capturer, rates
from resources.config import Settings, SettingsError
from resources.ledger.states import settles_at
from resources.simulator import Account, Faults
from tests.support.archives import lab

ACTION = "DescribeLiveISPData"
TINY = Account(domains=1, streams_per_domain=1, deleted=0)


@pytest.fixture
def found(tmp_path):
    with lab(tmp_path / "home", TINY) as opened:
        yield opened


def open_it(found, **environ):
    settings, usual = found.archive.settings, dict(found.archive.environ)
    return capturer(settings, {k: v for k, v in (usual | environ).items() if v})


def test_it_asks_nothing_and_prepares_the_home(found):
    with open_it(found) as one:
        assert one.home.identity is not None
        assert one.client.calls == {}
    assert found.requests == 0


def test_without_a_key_it_says_which_variables_to_set(found):
    with pytest.raises(FixSetup, match="VOLC_ACCESSKEY"), open_it(found, VOLC_ACCESSKEY=""):
        pass


def test_a_home_of_another_time_zone_is_refused(found):
    with open_it(found):
        pass
    other = found.set(time_zone="UTC")
    with pytest.raises(SettingsError, match="keeps days of Asia/Shanghai"), open_it(other):
        pass


def test_a_clock_that_is_set_is_for_drills_and_marks_no_real_archive(found):
    real = found.set(api_url="https://live.volcengineapi.com")
    moved = {"LIVESTATS_NOW": "2026-12-24T12:00:00+08:00"}
    with pytest.raises(FixSetup, match="unset LIVESTATS_NOW"), open_it(real, **moved):
        pass
    assert not real.archive.home.root.exists()
    with open_it(found, **moved):
        pass


def test_its_connections_close_with_the_block(found):
    with open_it(found) as one:
        one.client.call(ACTION, {})
    with pytest.raises((RuntimeError, RunCancelled)):
        one.client.call(ACTION, {})


def test_the_rate_of_an_action_is_the_documented_one():
    assert rates(Settings())("DescribeIpInfo") == 10
    assert rates(Settings())("NoSuchAction") is None


def test_a_raised_quota_raises_the_rate_of_every_action():
    assert rates(Settings(quota_factor=2.5))("DescribeIpInfo") == 25


def test_a_wait_ends_with_the_run():
    halt = threading.Event()
    halt.set()
    with pytest.raises(RunCancelled):
        _Wait(halt)(3600)


def test_a_wait_that_a_test_replaces_ends_with_the_run_too():
    waited = []
    wait = _Wait(sleep=waited.append)
    wait(3600)
    wait.halt.set()
    with pytest.raises(RunCancelled):
        wait(7)
    assert waited == [3600, 7]


def test_a_worker_in_a_retry_wait_ends_at_once(tmp_path):
    """The API asks for a pause of 50 s; the run is broken off meanwhile."""
    waits = []
    faults = Faults(first={"*": (99, "throttle")}, retry_after_s=50)
    with lab(tmp_path / "home", TINY, faults=faults) as found, found.capturing(sleep=None) as one:

        def call():
            try:
                one.client.call(ACTION, {})
            except RunCancelled as error:
                waits.append(error)

        worker = threading.Thread(target=call)
        worker.start()
        while not found.simulator.refused["FlowLimitExceeded"]:
            worker.join(0.01)
        one.halt.set()
        worker.join(30)
        assert not worker.is_alive()
    assert len(waits) == 1


def test_patience_can_be_set(tmp_path):
    faults = Faults(first={"*": (99, "internal")})
    with (
        lab(tmp_path / "home", TINY, faults=faults) as found,
        found.capturing(retries=RetryPolicy(fault_attempts=3)) as one,
        pytest.raises(TryLater, match="gave up at attempt 3"),
    ):
        one.client.call(ACTION, {})
    assert found.requests == 3


def test_a_clock_that_is_ahead_asks_for_no_day_before_the_vendor_has_it(tmp_path, monkeypatch):
    """It was captured too early, and green without its last minutes until it was read again."""
    day, name = date(2026, 11, 21), "batch_push_stream_metrics"
    settings = Settings(home=tmp_path)
    early = settles_at(DATASETS[name], day, settings.zone) + timedelta(minutes=5)
    names = ("domain", "isp", "region", name)
    with lab(tmp_path / "home", names=names, now=early) as one:
        with monkeypatch.context() as patched:
            ahead = property(lambda _: timedelta(minutes=6), lambda *_: None)
            patched.setattr(ServerClock, "lead", ahead, raising=False)
            *_, found = one.capture([day])
        assert (found.dataset, found.outcome) == (name, Outcome.SETTLING)
        assert one.simulator.calls[DATASETS[name].endpoint.action] == 0
        *_, found = one.capture([day])
        assert found.outcome is Outcome.CAPTURED
