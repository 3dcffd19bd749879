"""What a backfill would bring, and what the API forgets before its turn."""

import json
import re
from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.planning import forecast
from pipelines.planning.capture_plan import Chunk
from pipelines.planning.estimate import Estimate
from resources.api.catalog import DATASETS
from resources.api.rate_limiter import SHARE_OF_LIMIT
from resources.lake import parquet
from resources.ledger.states import expires_at
from resources.raw import captures as raw_captures
from tests.support.archives import DAYS, SMALL, lab

pytestmark = pytest.mark.slow

TRAFFIC, PUSHES = "batch_stream_traffic", "push_stream_info"
NAMES = ("domain", "isp", TRAFFIC)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Two days of a little."""
    with lab(tmp_path_factory.mktemp("forecast") / "home", SMALL) as one:
        one.capture(DAYS, NAMES)
        yield one


def plan(one, *words, **environ):
    return CliRunner().invoke(main, ["plan", *words], env={**one.archive.environ, **environ})


# Rows and bytes ----------------------------------------------------------------------------------


def test_a_day_to_come_is_taken_to_hold_what_captured_ones_do(small):
    home = small.archive.home
    captures = [raw_captures.newest(home.raw / TRAFFIC / str(day)) for day in DAYS]
    files = [path for one in captures for path in one.folder.iterdir()]
    files += [parquet.path_of(home.lake, TRAFFIC, day) for day in DAYS]
    found = forecast.captured(home, TRAFFIC).times(10)
    assert found.days == 10
    assert found.rows == pytest.approx(5 * sum(one.name.rows for one in captures))
    answers = [request["size"] for one in captures for request in one.manifest["requests"]]
    assert found.answer_bytes == pytest.approx(5 * sum(answers))
    assert found.disk_bytes == pytest.approx(5 * sum(path.stat().st_size for path in files))
    assert found.rows > 0


def test_only_the_last_days_count(small, monkeypatch):
    monkeypatch.setattr(forecast, "SAMPLE_DAYS", 1)
    newest = raw_captures.newest(small.archive.home.raw / TRAFFIC / str(DAYS[-1]))
    assert forecast.captured(small.archive.home, TRAFFIC).rows == newest.name.rows


def test_a_damaged_capture_is_passed_over(tmp_path):
    with lab(tmp_path / "home", SMALL) as one:
        one.capture(DAYS, NAMES)
        day = raw_captures.newest(one.archive.home.raw / TRAFFIC / str(DAYS[-1]))
        (day.folder / raw_captures.MANIFEST).write_bytes(b"x")
        assert forecast.captured(one.archive.home, TRAFFIC).days == 1
        assert plan(one).exit_code == 0


def test_plan_tells_rows_and_bytes_and_of_what_it_does_not_know_them(small):
    found = json.loads(plan(small, "--json").stdout)
    by_name = {line["dataset"]: line for line in found["datasets"]}
    per_day = forecast.captured(small.archive.home, TRAFFIC).times(1)
    days = by_name[TRAFFIC]["days"]
    assert by_name[TRAFFIC]["rows"] == round(per_day.rows * days)
    assert by_name[TRAFFIC]["disk_bytes"] == round(per_day.disk_bytes * days)
    assert by_name[PUSHES]["rows"] is None
    assert found["rows"] == by_name[TRAFFIC]["rows"]
    assert not found["is_volume_complete"]
    told = plan(small).stdout
    assert re.search(r"About \d+ rows in .*B of responses, .*B on disk", told)
    assert "Not included: the rows of " in told


def test_before_anything_is_captured_it_says_so(small, tmp_path):
    told = plan(small, LIVESTATS_HOME=str(tmp_path / "new"))
    assert "Rows and bytes: unknown until a first day is captured." in told.stdout
    found = json.loads(plan(small, "--json", LIVESTATS_HOME=str(tmp_path / "new")).stdout)
    assert (found["rows"], found["problem"]) == (None, None)


# A key that does not work ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"VOLC_SECRETKEY": "wrong-but-long-enough"}, "SignatureDoesNotMatch"),
        ({"VOLC_ACCESSKEY": "", "VOLC_SECRETKEY": ""}, "VOLC_ACCESSKEY"),
    ],
)
def test_a_plan_that_cannot_ask_for_the_domains_fails(environ, said, small, tmp_path):
    new = {"LIVESTATS_HOME": str(tmp_path / "new"), "HOME": str(tmp_path), **environ}
    told = plan(small, **new)
    assert told.exit_code == 1
    assert said in told.stdout
    assert "Next: livestats doctor" in told.stdout
    assert "Next: livestats backfill" not in told.stdout
    found = plan(small, "--json", **new)
    assert found.exit_code == 1
    assert said in json.loads(found.stdout)["problem"]


# What is forgotten -------------------------------------------------------------------------------

MONTH = [date(2025, 12, 1) + timedelta(days=i) for i in range(10)]


def outlook(small, chunks, calls_per_second, requests_per_day=100):
    archive = small.set(calls_per_second=calls_per_second).archive
    days = {}
    for chunk in chunks:
        for name in chunk.datasets:
            days[name] = days.get(name, 0) + chunk.days
    lines = [
        Estimate(
            dataset=n, days=d, requests=d * requests_per_day, basis="", calls_per_s=calls_per_second
        )
        for n, d in days.items()
    ]
    return archive, forecast.expiring_days(archive, chunks, lines)


def chunk(first, last, **more):
    return Chunk(datasets=(TRAFFIC,), first=first, last=last, **more)


def test_a_backfill_that_ends_today_loses_nothing(small):
    _, found = outlook(small, [chunk(MONTH[0], MONTH[-1])], calls_per_second=1)
    assert (found.in_time, found.too_late) == ({}, {})


def test_what_is_forgotten_while_it_runs_is_told_apart_by_its_turn(small):
    """A request takes 8.6 minutes, a day 14 hours, and a day is forgotten every 24."""
    today = small.archive.today
    oldest = today - timedelta(days=365)
    days = [oldest + timedelta(days=i) for i in range(10)]
    archive, found = outlook(small, [chunk(days[0], days[-1])], calls_per_second=0.00194)
    zone, now = archive.settings.zone, archive.now()
    mentioned = {*found.in_time.get(TRAFFIC, ()), *found.too_late.get(TRAFFIC, ())}
    seconds = 10 * 100 / (0.00194 * SHARE_OF_LIMIT)
    end = now + timedelta(seconds=seconds)
    until = {day: expires_at(DATASETS[TRAFFIC], day, zone) for day in days}
    assert mentioned == {day for day in days if until[day] <= end}
    assert 1 < len(mentioned) < 10
    assert not {*found.in_time.get(TRAFFIC, ())} & {*found.too_late.get(TRAFFIC, ())}


def test_the_slower_the_budget_the_more_is_too_late_and_the_oldest_chunk_first_saves_most(small):
    oldest = small.archive.today - timedelta(days=360)
    old = chunk(oldest, oldest + timedelta(days=9), expiring=True)
    young = chunk(small.archive.today - timedelta(days=20), small.archive.today - timedelta(days=9))
    lost = {}
    for calls in (1.0, 0.004, 0.002, 0.0005):
        _, first = outlook(small, [old, young], calls)
        _, last = outlook(small, [young, old], calls)
        lost[calls] = len(first.too_late.get(TRAFFIC, ()))
        assert lost[calls] <= len(last.too_late.get(TRAFFIC, ()))
    assert [*lost.values()] == sorted(lost.values())
    assert lost[1.0] == 0
    assert lost[0.0005] > 0


def test_days_that_are_asked_again_are_not_lost(small):
    oldest = small.archive.today - timedelta(days=360)
    again = chunk(oldest, oldest + timedelta(days=9), again=True)
    _, found = outlook(small, [again], calls_per_second=0.0005)
    assert (found.in_time, found.too_late) == ({}, {})


def test_plan_says_what_is_too_late_and_does_not_end_well(small):
    since = str(small.archive.today - timedelta(days=360))
    environ = {"LIVESTATS_FIRST_DAY": since, "LIVESTATS_CALLS_PER_SECOND": "0.0001"}
    told = plan(small, "--dataset", TRAFFIC, **environ)
    assert told.exit_code == 1
    assert "Too late: batch_stream_traffic" in told.stdout
    assert "within 7 days, so captured first" in told.stdout
    assert re.search(r"While it runs, \S+ of these dataset-days expire", told.stdout)
    found = json.loads(plan(small, "--dataset", TRAFFIC, "--json", **environ).stdout)
    first = found["forgotten_too_early"][TRAFFIC][0]
    assert first >= since
    assert found["forgotten_meanwhile"][TRAFFIC][0] == since
