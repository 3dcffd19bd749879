"""The benchmark cannot rot: its smallest case runs, and asks, serves and keeps what it should.

No figure of time is looked at here; docs/performance.md has those.
"""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.backfill import beside, report
from benchmarks.backfill.cases import MATRIX, Case
from benchmarks.backfill.contenders import ROOT, Bench
from benchmarks.backfill.days import TEMPLATE, on_day
from benchmarks.backfill.load import Load, answer, api_of, day_of_requests
from benchmarks.backfill.serving import Server
from benchmarks.backfill.stamps import Library, as_template_day
from resources.api.parsing.parse import read_page

pytestmark = pytest.mark.slow

TINY = Load(domains=2, streams=2, hours=0.5)
MOST_MB = 1074  # a GiB
days = st.dates(date(2025, 1, 1), date(2027, 12, 31))


@pytest.fixture(scope="module")
def api():
    return api_of(TINY)


@pytest.fixture(scope="module")
def asked(api):
    return [*day_of_requests(api)]


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    scratch = tmp_path_factory.mktemp("bench")
    with Server(TINY.domains, TINY.streams, TINY.hours, scratch) as server:
        yield Bench(server, scratch)


def test_a_backfill_asks_what_the_plan_says_and_keeps_what_was_served(bench):
    case = Case(size="small", days=2)
    found = bench.livestats(case, 300)
    assert found.failed == ""
    plan = bench.server.plan["requests"]
    assert found.requests == sum(case.days if one["daily"] else 1 for one in plan)
    assert found.extra["served"].keys() == {one["table"] for one in plan}
    assert found.served_rows > 1000
    assert found.throttled == 0
    assert found.rss_mb < MOST_MB
    assert found.cpu_s > 0


def test_the_floors_are_of_the_same_requests_and_rows(bench):
    case = Case(size="small", days=2)
    plan = bench.server.plan["requests"]
    requests = bench.requests_floor(case, 100)
    assert requests.failed == ""
    assert requests.requests == sum(case.days if one["daily"] else 1 for one in plan)
    cpu = bench.cpu_floor(case, 100)
    daily = sum(requests.extra["served"][name] for name in {p["table"] for p in plan if p["daily"]})
    assert (cpu.failed, cpu.rows) == ("", daily)


def test_the_naive_script_brings_the_same_rows(bench):
    found = bench.naive(Case(size="small", days=1), 100)
    assert found.failed == ""
    assert found.rows == found.served_rows > 500


def test_a_contender_that_fails_is_told_and_is_no_crash(bench):
    bench.server.plan["requests"].append({**bench.server.plan["requests"][-1], "action": "None"})
    try:
        found = bench.requests_floor(Case(size="small", days=1), 100)
    finally:
        bench.server.plan["requests"].pop()
    assert "InvalidActionOrVersion" in found.failed
    cell = {"case": "small-1", "days": 1, "size": "small", "latency_ms": 0, "budget": False}
    told = {
        "machine": report.machine(),
        "hours": 2.0,
        "cells": [cell | {"measured": {"requests": found.told()}}],
        "skipped": ["large-1: no time"],
    }
    lines = [*report.figures(told)]
    assert any("ended with 1" in line and "InvalidActionOrVersion" in line for line in lines)
    assert any("large-1: no time" in line for line in lines)


def _cell(name, wall_s, **walls):
    case = Case.of(name)
    about = {"case": name, "days": case.days, "size": case.size}
    measured = {
        who: {"wall_s": w, "cpu_s": w, "cores": 1.0, "rss_mb": 100.0, "failed": "", "extra": {},
              "days": case.days, "requests": 1, "bytes": 1, "throttled": 0, "rows": 1}
        for who, w in {"livestats": wall_s, **walls}.items()
    }  # fmt: skip
    waits = {"latency_ms": case.latency_ms, "budget": case.budget}
    return about | waits | {"measured": measured}


def _told(**more):
    cells = [
        _cell("medium-3", 6.0, cpu=2.0, requests=0.1),
        _cell("medium-3-50ms", 7.0, requests=1.9),
        _cell("medium-3-200ms", 9.0, requests=8.0),
        _cell("medium-31", 62.0),
        _cell("medium-365", 800.0),
    ]
    machine = report.machine()
    return {"machine": machine, "hours": 2.0, "cells": cells, "skipped": [], **more}


def _verdicts(told):
    return {
        line.split("|")[1].strip(): line for line in report.figures(told) if line.count("|") == 4
    }


def test_only_cases_whose_requests_take_longer_than_their_bytes_count_as_bound_by_them():
    (line,) = (v for k, v in _verdicts(_told()).items() if k.startswith("wall ≤ 1.2"))
    assert "medium-3-200ms 1.12 ×" in line
    assert "50ms 3" not in line
    assert line.endswith("| met |")


def test_a_year_whose_days_take_longer_than_a_months_is_not_flat():
    (line,) = (v for k, v in _verdicts(_told()).items() if k.startswith("CPU of a day is flat"))
    assert line.endswith("| 2.00 s and 2.19 s | met |")
    told = _told()
    told["cells"][-1] = _cell("medium-365", 900.0)
    (line,) = (v for k, v in _verdicts(told).items() if k.startswith("CPU of a day is flat"))
    assert line.endswith("| **missed** |")


def test_start_up_growth_and_memory_stand_in_the_page():
    command = "`livestats backfill --from 2026-11-21 --to 2026-11-21 --force`, again"
    step = {"step": command, "peak_mb": 1100.0, "cpu_s": 2.0}
    steps = {"status": (0.4, 7), "publish, nothing new": (9.0, 8)}
    told = _told(
        startup={"--help": 0.1},
        growth={"1": steps, "1096": steps},
        memory={"answer": [step], "table": [step | {"peak_mb": 500.0}]},
    )
    found = _verdicts(told)
    assert found["`livestats --help` < 0.3 s"].endswith("| 0.10 s | met |")
    assert found["status: below seconds with three years of history"].endswith("| met |")
    assert "9.0 s CPU with 1096 days | **missed**" in " ".join(found.values())
    assert found["peak memory, an answer of 300 MB"].endswith("| 1,100 MB | **missed** |")
    assert found["peak memory, 100 million rows"].endswith("| 500 MB | met |")
    lines = [*report.figures(told)]
    assert "| status | 400 (7) | 400 (7) |" in lines
    assert "| `livestats backfill --force`, again | 1,100 | 2.0 |" in lines


def test_another_benchmark_writes_its_figures_for_the_page(tmp_path):
    found = beside.run("startup", tmp_path, ROOT)
    assert found["--help"] > 0


def test_a_benchmark_without_figures_is_an_error_and_no_figure(tmp_path, monkeypatch):
    monkeypatch.setitem(beside.PROGRAMS, "startup", ("benchmarks.none", 1.0))
    with pytest.raises(OSError, match=r"startup\.json"):
        beside.run("startup", tmp_path, ROOT)


def test_every_answer_is_the_simulators_own_and_livestats_reads_it(api, asked):
    library = Library(api)
    for one in asked:
        action = one.dataset.endpoint.action
        template, day = library.find(action, one.body)
        assert day == TEMPLATE
        assert template.table == one.dataset.name
        text = template.on(TEMPLATE)
        result = json.loads(text)["Result"]
        expected = json.loads(json.dumps(answer(api, action, one.body)))
        if one.dataset.name not in ("batch_push_stream_metrics", "transcode_info"):  # identifiers
            assert result == expected
        assert read_page(one.dataset, one.walk, text, 1).table.num_rows == template.rows


@given(day=days)
def test_an_answer_for_another_day_differs_in_its_times_only(day, api, asked):
    library = Library(api)
    one = next(a for a in asked if a.dataset.name == "push_stream_info")
    template, found = library.find(one.dataset.endpoint.action, on_day(one.body, day))
    assert found == day
    text = template.on(day).decode()
    assert f"{TEMPLATE}T" not in text or abs(day - TEMPLATE) <= timedelta(days=1)
    starts = [row["StartTime"] for row in json.loads(text)["Result"]["PushStreamInfoDataList"]]
    assert starts
    assert {start[:10] for start in starts} == {str(day)}


def test_pushes_of_different_days_have_different_identifiers_and_begin_on_their_day(api, asked):
    library = Library(api)
    one = next(a for a in asked if a.dataset.name == "batch_push_stream_metrics")
    seen = []
    for day in (TEMPLATE, TEMPLATE + timedelta(days=1)):
        template, _ = library.find(one.dataset.endpoint.action, on_day(one.body, day))
        streams = json.loads(template.on(day))["Result"]["StreamMetricList"]
        seen.append({s["SessionID"]: s["MetricList"][0]["StreamBeginTime"] for s in streams})
    first, second = seen
    assert not first.keys() & second.keys()
    assert [b - a for a, b in zip(first.values(), second.values(), strict=True)] == [
        86_400_000
    ] * len(first)


@given(day=days, other=st.integers(-2, 2))
def test_moving_a_request_to_a_day_and_back_changes_nothing(day, other):
    for at in (day, TEMPLATE + timedelta(days=other)):
        end = TEMPLATE + timedelta(days=1)
        body = f'{{"StartTime":"{TEMPLATE}T00:00:00+08:00","EndTime":"{end}T00:00:00+08:00"}}'
        assert as_template_day(on_day(body.encode(), at)) == (at, body.encode())


@pytest.mark.parametrize("case", MATRIX, ids=str)
def test_a_case_can_be_named(case):
    assert Case.of(case.name, case.who) == case


@pytest.mark.parametrize("text", ["medium", "tiny-1", "medium-0", "medium-1-fast", "medium-400"])
def test_a_name_that_is_none_says_how_one_is_made(text):
    with pytest.raises(ValueError, match="write it like medium-31"):
        Case.of(text)
