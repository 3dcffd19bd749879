"""What a storage server does to downloads, and no answer of the API."""

from __future__ import annotations

import pytest
import requests

from resources.simulator import Account, Simulator
from resources.simulator.log_files import LogFile

ACCOUNT = Account(domains=1, streams_per_domain=1, deleted=0)


@pytest.fixture(scope="module")
def sim():
    with Simulator(ACCOUNT, rate=None, serves_files=True) as one:
        yield one


def get(sim, domain="pull-1.sim.example"):
    link = LogFile("pull", domain, "a.gz", 0, 5).link(sim.url, 4_000_000_000)
    return requests.get(link, timeout=5, allow_redirects=False)


@pytest.mark.parametrize(
    ("manner", "status"),
    [("file-status=404", 404), ("file-status", 403), ("file-redirect", 302), ("slow=0", 200)],
)
def test_a_download_is_answered_otherwise(sim, manner, status):
    sim.manners = [f"{manner}@domain=pull-1.sim.example"]
    assert get(sim).status_code == status
    assert get(sim, "push-1.sim.example").status_code == 200


def test_a_file_is_cut(sim):
    sim.manners = ["file-cut"]
    with pytest.raises(requests.exceptions.RequestException):
        get(sim)
