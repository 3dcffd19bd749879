"""A list with an approximate total: asked by GET, and whole in spite of it."""

from __future__ import annotations

from datetime import date, datetime

import pyarrow.parquet as pq
import pytest

from resources.capture.result import Outcome
from resources.lake import parquet
from resources.raw.captures import folder_of, newest
from resources.simulator import Account
from resources.simulator.manners import all_of
from tests.support.archives import lab

ACTION, NAME = "DescribeClosedStreamInfoByPage", "closed_stream_info"
DAY = date(2026, 11, 21)
BEGIN, END = (datetime.fromisoformat(f"2026-11-2{n}T00:00:00+08:00") for n in (1, 2))


@pytest.fixture
def account(tmp_path):
    with lab(tmp_path / "home", Account(domains=2, streams_per_domain=6, deleted=0)) as found:
        yield found.only("domain", NAME)


def captured(account):
    *_, result = account.capture([DAY], ["domain", NAME])
    rows = pq.read_table(account.archive.home.lake / NAME / f"day={DAY}" / parquet.FILE).to_pylist()
    return result.outcome, {(r["domain"], r["stream"], r["stream_ended_at"]) for r in rows}


def truth(account):
    found = account.simulator.truth(ACTION, {}, BEGIN, END)
    assert len(found) > 10
    return {(r["Domain"], r["Stream"], datetime.fromisoformat(r["EndTime"])) for r in found}


@pytest.mark.parametrize("counts", ["asked", "given"])
def test_a_server_that_gives_short_pages_loses_no_row(account, counts):
    account.simulator.manners = all_of([f"short-pages=7@counts={counts}@action={ACTION}"])
    assert captured(account) == (Outcome.CAPTURED, truth(account))


def test_a_day_is_two_requests_and_may_be_read_again(account):
    assert captured(account) == (Outcome.CAPTURED, truth(account))
    assert account.simulator.calls[ACTION] == 2  # the list, and the empty page behind it
    capture = newest(folder_of(account.archive.home.raw, NAME, DAY))
    assert [p["PageNum"] for *_, p, _ in capture.responses()] == [1, 2]
