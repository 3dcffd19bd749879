"""Folders of raw/ that were moved or copied by hand exchange no figures: the true day is asked again."""

import shutil

import pytest
from click.testing import CliRunner

from pipelines.backfill import plan, replay, run
from pipelines.cli import main
from pipelines.doctor import home as of_home
from resources.api.catalog import DATASETS
from resources.findings import Severity
from resources.raw import captures
from resources.verify.findings import FindingKind
from resources.verify.run import Verification
from tests.support.archives import DAYS, lab

NAME = "source_traffic"
DAY, OTHER = DAYS
FIGURES = f"FROM {NAME} ORDER BY ALL"


@pytest.fixture
def usual(tmp_path):
    with lab(tmp_path / "home") as found:
        only = found.only("domain", "isp", NAME)
        only.archive.home.prepare(only.archive.settings, only.archive.now())
        backfilled(only)
        yield only


def backfilled(usual):
    return run.run(usual.archive, plan.plan(usual.archive, DAY, OTHER, []), lambda _: None)


def folder(usual, day):
    return captures.folder_of(usual.archive.home.raw, NAME, day)


def swap(usual):
    folder(usual, DAY).rename(usual.root / "aside")
    folder(usual, OTHER).rename(folder(usual, DAY))
    (usual.root / "aside").rename(folder(usual, OTHER))


def test_swapped_days_are_asked_again_and_keep_their_figures(usual):
    before = usual.rows(FIGURES)
    swap(usual)
    summary = backfilled(usual)
    assert (summary.captured, summary.failed) == (2, [])
    assert usual.rows(FIGURES) == before
    assert len(captures.misplaced_in(folder(usual, DAY))) == 1, "nothing is moved or deleted"
    usual.archive.home.warehouse.unlink()
    usual.load()
    assert usual.rows(FIGURES) == before


def test_a_day_that_was_copied_to_a_missing_one_is_asked(usual):
    before, requests = usual.rows(FIGURES), usual.requests
    shutil.rmtree(folder(usual, OTHER))
    shutil.rmtree(usual.archive.home.lake / NAME / f"day={OTHER}")
    shutil.copytree(folder(usual, DAY), folder(usual, OTHER))
    assert backfilled(usual).captured == 1
    assert usual.requests > requests
    assert usual.rows(FIGURES) == before


def test_a_replay_names_the_day_and_leaves_its_rows(usual):
    swap(usual)
    days = replay.captured(usual.archive, [DATASETS[NAME]], None, None)
    results = [*replay.replay(usual.archive, days)]
    assert [(one.day, f"holds {NAME}" in one.problem) for one in results] == [
        (DAY, True),
        (OTHER, True),
    ]


def test_status_doctor_and_verify_name_it(usual):
    swap(usual)
    env = {**usual.archive.environ, "LIVESTATS_CONFIG": None}
    said = " ".join(CliRunner().invoke(main, ["status"], env=env).output.split())
    assert "In the wrong place: raw/source_traffic/" in said
    finding = of_home.captures_in_place(usual.archive)
    assert finding.severity is Severity.PROBLEM
    assert finding.text.startswith("2 in the wrong place")
    backfilled(usual)
    findings = [*run_verify(usual)]
    assert {(f.kind, f.subject.parent) for f in findings} == {
        (FindingKind.MISMATCH, folder(usual, day)) for day in DAYS
    }
    assert all("Move it back" in f.remedy for f in findings)


def run_verify(usual):
    return Verification(usual.archive).findings()
