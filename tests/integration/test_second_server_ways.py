"""Other ways to the same tables of the second server: small pages, another zone, derived series, files."""

import hashlib
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources.api.catalog import DATASETS, ENDPOINTS
from tests.second_server import usage
from tests.second_server.choices import Choices
from tests.second_server.query import Query
from tests.second_server.times import DAY_S
from tests.support import second_series
from tests.support.archives import NOW, failures
from tests.support.second_account import second_lab, wrong_tables
from tests.support.second_series import day_start

pytestmark = pytest.mark.slow

DAYS = [date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20)]
"""Settled, and older than the days that are asked again: a derived series needs that."""

PLAIN = Choices(rate_limits=False)
OTHER = Choices(
    end_inclusive=True,
    zero_slots="left_out",
    empty_list="null",
    offset="Z",
    echo=False,
    push_match="start",
    rough_count_extra=7,
    rate_limits=False,
)
LISTS = (
    *("push_stream_info", "closed_stream_info", "transcode_info", "top_play", "callback"),
    *("log_file", "batch_stream_traffic", "batch_stream_session", "batch_stream_transcode"),
)
FIRST = ("domain", "isp", "region")


@pytest.mark.parametrize("choices", [PLAIN, OTHER], ids=["plain", "other"])
def test_lists_on_many_small_pages_are_whole(choices, tmp_path, monkeypatch):
    for endpoint in ENDPOINTS.values():
        if endpoint.paging is not None:
            small = replace(endpoint.paging, size=max(endpoint.paging.smallest, 7))
            monkeypatch.setitem(endpoint.__dict__, "paging", small)
    with second_lab(tmp_path / "home", choices) as (whole, server):
        lab = whole.only(*FIRST, *LISTS)
        assert failures(lab.capture(DAYS)) == []
        lab.load()
        pages = Counter(
            one.action for one in server.asked if one.params.get("PageNum") not in ("1", 1)
        )
        assert pages["DescribeLiveCallbackData"] > 3
        assert pages["DescribeLiveLogData"] > 12
        assert pages["DescribeClosedStreamInfoByPage"] > 3
        assert wrong_tables(lab, server, DAYS, (*FIRST, *LISTS)) == {}


@pytest.mark.parametrize("choices", [PLAIN, OTHER], ids=["plain", "other"])
def test_an_archive_of_another_zone_has_its_own_days(choices, tmp_path, monkeypatch):
    """Its days begin at 08:00 of the vendor; slots of a day still begin at the vendor's midnight."""
    monkeypatch.setattr(second_series, "ZONE_S", 0)
    names = (
        *FIRST,
        *LISTS,
        *("edge_stat", "stream_session_account", "traffic", "p95_peak_bandwidth", "transcode"),
        *("snapshot", "audit", "time_shift", "pull_to_push", "record", "batch_push_stream_metrics"),
    )
    with second_lab(tmp_path / "home", choices, LIVESTATS_TIME_ZONE="UTC") as (whole, server):
        lab = whole.only(*names)
        assert failures(lab.capture(DAYS)) == []
        lab.load()
        assert wrong_tables(lab, server, DAYS, names) == {}


@pytest.mark.parametrize("choices", [PLAIN, OTHER], ids=["plain", "other"])
def test_series_of_the_account_made_of_split_answers_are_those_of_the_server(choices, tmp_path):
    derived = [name for name, one in DATASETS.items() if one.derived_from]
    sources = {one.derived_from[-1] for one in DATASETS.values() if one.derived_from}
    days = [day - timedelta(days=4) for day in DAYS]
    with second_lab(tmp_path / "home", choices) as (whole, server):
        assert failures(whole.only(*FIRST, *sources).capture(days)) == []
        asked = len(server.asked)
        lab = whole.only(*FIRST, *sources, *derived)
        assert failures(lab.capture(days)) == []
        assert len(server.asked) == asked
        lab.load()
        assert wrong_tables(lab, server, days, derived) == {}


def test_log_files_are_kept_byte_for_byte(tmp_path):
    with second_lab(tmp_path / "home", LIVESTATS_LOG_FILES="keep") as (lab, _):
        words = ["backfill", "--from", str(DAYS[0]), "--to", str(DAYS[-1]), "--dataset", "log_file"]
        result = CliRunner().invoke(main, words, env=dict(lab.archive.environ))
        assert result.exit_code == 0, result.output
        kept = Counter(
            (str(path.relative_to(lab.root / "logs")).split("/")[1], path.read_bytes())
            for path in (lab.root / "logs").rglob("*.gz")
        )
        for path in (lab.root / "logs").rglob("*.gz"):
            assert (
                hashlib.sha256(path.read_bytes()).hexdigest().startswith(path.name.split(".")[-2])
            )
    query = Query(
        day_start(DAYS[0]), day_start(DAYS[-1]) + DAY_S, now_s=int(NOW.timestamp()) - 3600
    )
    expected: Counter = Counter()
    for kind in ("pull", "push", "source", "relay"):
        for row in usage.log_files(query, kind):
            domain, _, part = row["LogName"].partition("_")
            number = int(part.removesuffix(".gz").rsplit("_", 1)[1])
            content = usage.log_content(kind, domain, row["DateTime"], number, query.now_s)
            assert len(content) == row["LogSize"]
            expected[kind, content] += 1
    assert expected == kept
