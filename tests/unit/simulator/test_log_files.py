"""Log files are what was listed, behind links that expire, and never for the account's key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import requests

from resources.simulator import Account, Simulator, log_files

START = datetime(2025, 6, 6, tzinfo=UTC)


def test_a_link_gives_the_listed_bytes_until_it_expires():
    now = [START + timedelta(days=2)]
    account = Account(domains=1, streams_per_domain=1, deleted=0)
    with Simulator(account, rate=None, clock=lambda: now[0], serves_files=True) as sim:
        file = log_files.LogFile("pull", "pull-1.sim.example", "a.gz", int(START.timestamp()), 7)
        link = file.link(sim.url, int(now[0].timestamp()))
        answer = requests.get(link, timeout=5)
        assert (answer.status_code, len(answer.content)) == (200, file.size)
        assert requests.get(link.replace("Lines=7", "Lines=8"), timeout=5).status_code == 403
        signed = {"Authorization": "HMAC-SHA256 ..."}
        assert requests.get(link, headers=signed, timeout=5).status_code == 400
        other = log_files.LogFile("pull", "none.example", "a.gz", 0, 7)
        gone = other.link(sim.url, int(now[0].timestamp()))
        assert requests.get(gone, timeout=5).status_code == 404
        now[0] += timedelta(seconds=log_files.LINK_S)
        assert requests.get(link, timeout=5).status_code == 403
        assert sim.calls[log_files.ACTION] == 5
        assert sim.refused["key-at-storage"] == 1
