"""The simulator as an object: opened, changed while it runs, closed."""

import http.client

import pytest
import requests

from resources.simulator import Account, Simulator
from resources.simulator.server import serve
from tests.support.simulator_calls import ACTION, signed
from tests.support.small_world import DAY, HOUR

SMALL = Account(domains=1, streams_per_domain=1, deleted=0)


def status(sim, **changes):
    return requests.request(**signed(sim, **changes), timeout=10).status_code


def test_it_answers_at_its_address_until_it_is_left():
    with Simulator(SMALL, rate=None) as sim:
        assert sim.url.startswith("http://127.0.0.1:")
        assert status(sim) == 200
        assert sim.calls == {ACTION: 1}
    with pytest.raises(requests.exceptions.ConnectionError):
        status(sim)


def test_a_port_that_is_taken_is_an_error_of_the_system():
    with Simulator(SMALL) as sim, pytest.raises(OSError, match=r"."):
        Simulator(SMALL, port=int(sim.url.rpartition(":")[2]))


def test_manners_may_change_while_it_runs():
    with Simulator(SMALL, rate=None) as sim:
        sim.manners = [f"deny-key={ACTION}"]
        assert status(sim) == 403
        assert sim.refused == {"AccessDenied": 1}
        assert [one.name for one in sim.manners] == ["deny-key"]
        sim.manners = []
        assert status(sim) == 200


def test_withdrawn_and_denied_actions_are_refused():
    with Simulator(SMALL, denied=[ACTION], withdrawn=["DescribeLiveRegionData"]) as sim:
        assert [status(sim), status(sim, action="DescribeLiveRegionData")] == [403, 404]


def test_the_truth_is_what_is_answered():
    with Simulator(SMALL, rate=None) as sim:
        found = requests.request(**signed(sim), timeout=10).json()["Result"]["ISPList"]
        assert sim.truth(ACTION, {}, DAY, DAY + HOUR) == found


def test_serving_ends_with_an_interrupt_and_frees_the_port():
    seen = []

    def interrupted(sim):
        seen.append(sim.url)
        raise KeyboardInterrupt

    serve(SMALL, announce=interrupted)
    connection = http.client.HTTPConnection(seen[0].removeprefix("http://"), timeout=5)
    with pytest.raises(ConnectionError):
        connection.connect()
