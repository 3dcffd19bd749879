"""`livestats status` on archives of all kinds: what it says, writes, and ends with."""

import json
import os
from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources.api.catalog import DATASETS
from resources.fs import sealed
from resources.home.layout import Home
from resources.lake import parquet
from resources.ledger import states
from resources.raw import tombstones
from resources.raw.captures import CaptureName
from resources.raw.erasures import Erasures
from resources.raw.tombstones import Tombstone

NOW = "2026-11-22T12:00:00+08:00"
EDGE = DATASETS["edge_stat"]
FIRST, TODAY = date(2026, 11, 18), date(2026, 11, 22)


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture
def run(home, tmp_path):
    def call(*words, first=FIRST, **more):
        environ = {
            "LIVESTATS_HOME": str(home.root),
            "LIVESTATS_NOW": NOW,
            "LIVESTATS_FIRST_DAY": first.isoformat(),
            "HOME": str(tmp_path),
            "COLUMNS": "200",
            **more,
        }
        return CliRunner().invoke(main, ["status", "--dataset", "edge_stat", *words], env=environ)

    return call


def capture(home, day, hour=1, *, normalised=True):
    """A captured day, as far as names of files and the foot of the lake file tell."""
    name = CaptureName(f"20261122T{hour:02}0000000000Z-7-0123456789abcdef")
    (home.raw / EDGE.name / day.isoformat() / name.text).mkdir(parents=True)
    if normalised:
        path = parquet.path_of(home.lake, EDGE.name, day)
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = parquet.LakeWriter(path, EDGE, day)
        writer.seal(name, 1)
        writer.commit()


def fail(home, day, error="HTTP 503"):
    """A day that was tried and is not complete."""
    folder = home.raw / EDGE.name / day.isoformat()
    folder.mkdir(parents=True)
    (folder / states.PARTIAL).write_bytes(sealed.seal({"error": error}))


@pytest.fixture
def complete(home):
    """The archive with every day that has settled."""
    for i in range(4):
        capture(home, FIRST + timedelta(days=i))


# What needs attention, and what does not ----------------------------------------------------------


@pytest.mark.usefixtures("complete")
def test_a_complete_archive_ends_with_0(run):
    result = run()
    assert result.exit_code == 0, result.output
    assert "Every day that the API still has is captured." in result.stdout


@pytest.mark.usefixtures("complete")
def test_lost_restated_and_stale_days_are_told_and_end_with_0(run, home):
    capture(home, FIRST, hour=2, normalised=False)  # the lake file is of the capture before
    result = run(first=FIRST - timedelta(days=400))
    lost = "Lost: edge_stat 2025-10-14 to 2025-11-21: expired day by day from 2026-10-15 00:00 to 2026-11-22 00:00."  # fmt: skip
    assert lost in result.stdout
    result = run()
    assert result.exit_code == 0, result.output
    assert "Restated: 1 dataset-day has more than one capture. What changed: livestats diff edge_stat 2026-11-18" in result.stdout  # fmt: skip
    assert "Rows from another version: 1 dataset-day, such as edge_stat 2026-11-18. To repair: livestats replay" in result.stdout  # fmt: skip


def test_days_that_are_only_lost_end_with_0(run):
    """They cannot be captured any more, so they need no attention."""
    result = run("--to", "2025-11-20", first=date(2025, 11, 19))
    assert result.exit_code == 0, result.output
    assert "Lost: edge_stat 2025-11-19 to 2025-11-20" in result.stdout


def test_what_expires_soon_is_told_with_the_time_and_ends_with_1(run):
    result = run("--to", "2025-12-31", first=date(2025, 11, 22))
    assert result.exit_code == 1
    assert "Expires on 2026-11-23 00:00: edge_stat of 2025-11-22." in result.stdout
    assert "In all, 7 dataset-days expire within 7 days." in result.stdout


def test_days_that_expire_together_are_told_as_a_range(run):
    now = {"LIVESTATS_NOW": "2026-11-30T12:00:00+08:00"}
    words = ("--dataset", "p95_peak_bandwidth", "--to", "2025-12-31")
    result = run(*words, first=date(2025, 12, 1), **now)
    assert "p95_peak_bandwidth of 2025-12-01 to 2025-12-31" in result.stdout


def test_a_day_that_was_tried_is_told_with_the_reason(run, home):
    fail(home, FIRST, "HTTP 503 \x1b[31m[red]")
    result = run()
    assert result.exit_code == 1
    assert r"Tried and not complete: edge_stat 2026-11-18: HTTP 503 \x1b[31m[red]" in result.stdout


def test_a_suspect_day_is_told_shown_and_ends_with_1(home, run, tmp_path):
    for name in ("batch_stream_session", "push_stream_info", "edge_stat"):
        for i in range(4):
            rows = 0 if (name, i) == ("edge_stat", 2) else 7
            folder = home.raw / name / (FIRST + timedelta(days=i)).isoformat()
            (folder / f"20261122T010000000000Z-{rows}-0123456789abcdef").mkdir(parents=True)
    result = run()
    assert result.exit_code == 1
    assert "##%#" in result.stdout
    assert "Suspect (other datasets or the answer itself contradict it): edge_stat 2026-11-20." in (
        result.stdout
    )
    assert "livestats accept DATASET DAY" in result.stdout
    told = json.loads(run("--json").stdout)
    assert told["needs_attention"] == {"suspect": {"edge_stat": ["2026-11-20"]}}
    assert [day["is_suspect"] for day in told["datasets"][0]["days"][:4]] == [0, 0, 1, 0]
    page = tmp_path / "page.html"
    run("--html", str(page))
    assert "2026-11-20: suspect: other" in page.read_text("utf-8")
    alone = run("--from", "2026-11-20", "--to", "2026-11-20")
    assert "% " in alone.stdout


def test_datasets_with_the_same_days_share_a_line_and_many_lines_are_counted(home, run):
    names = ("edge_stat", "top_play", "source_traffic", "stream_count", "play_status_code")
    for i, name in enumerate(names):
        missing = {FIRST + timedelta(days=min(i, 3) + 1)}
        for day in {FIRST + timedelta(days=n) for n in range(6)} - missing:
            folder = home.raw / name / day.isoformat() / "20261122T010000000000Z-7-0123456789abcdef"
            folder.mkdir(parents=True)
    words = [f"--dataset={name}" for name in names]
    lines = run(*words, LIVESTATS_NOW="2026-11-26T12:00:00+08:00").stdout.splitlines()
    assert "Missing between captured days: edge_stat 2026-11-19." in lines
    assert "Missing between captured days: days of 2 more datasets." in lines
    lines = run(*words[-2:], "--to", "2026-11-23", LIVESTATS_NOW="2026-11-26T12:00:00+08:00").stdout
    assert "days: edge_stat 2026-11-19." in lines
    assert "days: stream_count, play_status_code 2026-11-22." in lines


# For programs ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("complete")
def test_json_has_the_same_facts(run, home):
    capture(home, FIRST, hour=2, normalised=False)
    fail(home, date(2025, 11, 24))
    found = json.loads(run("--json", first=date(2025, 11, 20)).stdout)
    assert found["lost"] == [
        {
            "datasets": ["edge_stat"],
            "days": ["2025-11-20", "2025-11-21"],
            "since": "2026-11-21T00:00:00+08:00",
            "until": "2026-11-22T00:00:00+08:00",
        }
    ]
    assert found["restated"] == [{"dataset": "edge_stat", "day": "2026-11-18", "captures": 2}]
    assert found["stale"] == {"edge_stat": ["2026-11-18"]}
    assert found["expiry_warning_days"] == 7
    assert [e["day"] for e in found["expiring"]] == [f"2025-11-{d}" for d in range(22, 29)]
    assert found["expiring"][0]["askable_until"] == "2026-11-23T00:00:00+08:00"
    days = {d["day"]: d for d in found["datasets"][0]["days"]}
    assert days["2025-11-24"]["problem"] == "HTTP 503"
    assert days["2026-11-18"]["problem"] is None


# The page ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("complete")
def test_the_page_is_written_instead_of_the_calendar(run, tmp_path):
    file = tmp_path / "it's <coverage>.html"
    result = run("--html", str(file))
    assert result.exit_code == 0, result.output
    assert "####~" not in result.stdout
    assert "Newest capture: edge_stat 2026-11-21" in result.stdout
    assert f"Written: {file}" in result.stderr
    assert file.read_text("utf-8").startswith("<!DOCTYPE html>")


def test_the_page_of_an_archive_that_needs_a_person_ends_with_1(run, home, tmp_path):
    fail(home, FIRST)
    assert run("--html", str(tmp_path / "page.html")).exit_code == 1
    assert "needs attention" in (tmp_path / "page.html").read_text("utf-8")


def test_page_and_json_go_together(run, tmp_path):
    result = run("--html", str(tmp_path / "page.html"), "--json")
    assert json.loads(result.stdout)["datasets"]
    assert (tmp_path / "page.html").is_file()


def test_a_page_that_is_there_is_replaced_and_a_link_to_it_stays(run, tmp_path):
    (tmp_path / "page.html").write_text("old")
    (tmp_path / "link.html").symlink_to("page.html")
    run("--html", str(tmp_path / "link.html"))
    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "page.html").read_text("utf-8") != "old"
    assert sorted(p.name for p in tmp_path.glob("*page*")) == ["page.html"]


def test_a_page_can_be_piped(run, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        result = run("--html", str(pipe))
        assert result.exit_code == 0, result.output
        assert os.read(reader, 9) == b"<!DOCTYPE"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_a_page_for_a_folder_that_is_not_there_is_refused(run, tmp_path):
    result = run("--html", str(tmp_path / "reports" / "page.html"))
    assert result.exit_code == 2
    assert f"there is no folder {tmp_path / 'reports'}" in result.stderr
    assert run("--html", str(tmp_path)).exit_code == 2


def test_a_home_with_a_hostile_path_is_text_in_the_page(run, tmp_path):
    file = tmp_path / "page.html"
    run("--html", str(file), LIVESTATS_HOME=str(tmp_path / "<script>alert(1)<" / "script>"))
    text = file.read_text("utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_a_capture_that_an_erasure_took_and_is_back_is_named(home, run):
    capture(home, FIRST, 1)
    capture(home, FIRST, 2, normalised=False)
    folder = home.raw / EDGE.name / FIRST.isoformat()
    name = sorted(path.name for path in folder.iterdir())[1]
    stone = Tombstone(
        erasure="1", kind="domain", at="", capture=name, sha256="0", became="", rows=1
    )
    tombstones.add(folder, stone)
    Erasures().write(home.raw)
    said = run().output
    assert f"Erased, and back: raw/edge_stat/{FIRST}/{name}." in said
    assert "livestats erase" in said
    (day,) = [d for d in json.loads(run("--json").output)["datasets"][0]["days"]
              if d["day"] == str(FIRST)]  # fmt: skip
    assert (day["captures"], day["erased"]) == (1, [name])
