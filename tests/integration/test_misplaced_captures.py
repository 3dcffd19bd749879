"""Folders of raw/ that were moved or copied by hand exchange no figures: the true day is asked again."""

import json
import shutil
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from pipelines.backfill import plan, replay, run
from pipelines.cli import main
from pipelines.doctor import home as of_home
from resources.api.catalog import DATASETS
from resources.findings import Severity
from resources.raw import captures
from resources.simulator import Account
from resources.verify.findings import FindingKind
from resources.verify.run import Verification
from tests.support.archives import DAYS, SMALL, lab
from tests.support.suites import mostly_slow

NAME = "source_traffic"
NAMES = ("domain", "isp", NAME)
DAY, OTHER = DAYS
ALL = f"FROM {NAME}"
FIGURES = f"{ALL} ORDER BY ALL"


@contextmanager
def two_days(home, account=SMALL):
    """A home of two days, loaded and served."""
    with lab(home, account) as found:
        only = found.only(*NAMES)
        only.archive.home.prepare(only.archive.settings, only.archive.now())
        backfilled(only)
        yield only


def copied(captured, home):
    shutil.copytree(captured.root, home, symlinks=True)
    return captured.with_(LIVESTATS_HOME=str(home)).only(*NAMES)


@pytest.fixture(scope="module")
def captured(tmp_path_factory):
    with two_days(tmp_path_factory.mktemp("usual") / "home") as found:
        yield found


@pytest.fixture
def usual(captured, tmp_path):
    return copied(captured, tmp_path / "home")


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


# Captures of another home --------------------------------------------------------------------------


def id_of(usual):
    return json.loads(usual.archive.home.identity_file.read_bytes())["id"]


def edited(usual, **facts):
    """What a person writes into archive.json, as docs/recovery.md says."""
    path = usual.archive.home.identity_file
    told = json.loads(path.read_bytes())
    kept = {name: told[name] for name in ("format", "time_zone", "first_day", "id")}
    path.write_text(json.dumps({**kept, **facts}))


def reopened(usual):
    return usual.with_().only(*NAMES)


@pytest.fixture(scope="module")
def captured_of_other(tmp_path_factory):
    account = Account(domains=2, streams_per_domain=3, deleted=0)
    with two_days(tmp_path_factory.mktemp("other") / "home", account) as found:
        yield found


@pytest.fixture
def other(captured_of_other, tmp_path):
    """The home of an account of another size."""
    return copied(captured_of_other, tmp_path / "other" / "home")


PUT = {
    "a day of raw": [f"raw/{NAME}/{DAY}"],
    "raw": ["raw"],
    "a day of raw and lake": [f"raw/{NAME}/{DAY}", f"lake/{NAME}/day={DAY}"],
    "raw and lake": ["raw", "lake"],
}


@pytest.mark.parametrize("what", mostly_slow(PUT, "a day of raw", "raw and lake"))
def test_captures_of_another_home_are_never_served(usual, other, what):
    before = usual.rows(FIGURES)
    assert before != other.rows(FIGURES)
    for layer in PUT[what]:
        shutil.rmtree(usual.root / layer)
        shutil.copytree(other.root / layer, usual.root / layer)
    fresh = reopened(usual)
    result = CliRunner().invoke(main, ["publish"], env={**fresh.archive.environ})
    assert fresh.rows(FIGURES) == before
    assert f"another home ({id_of(other)})" in " ".join(
        [result.output, *(f.text for f in run_verify(fresh))]
    )
    fresh.archive.home.warehouse.unlink()
    backfilled(fresh)
    assert fresh.rows(FIGURES) == before
    assert fresh.archive.behind() == []


def test_a_home_that_lost_its_identity_takes_it_from_its_captures(usual):
    before, ours = usual.rows(FIGURES), id_of(usual)
    usual.archive.home.identity_file.unlink()
    fresh = reopened(usual)
    assert backfilled(fresh).captured == 0
    assert id_of(fresh) == ours
    assert fresh.rows(FIGURES) == before
    assert list(run_verify(fresh)) == []


def test_homes_of_one_account_can_be_joined(usual, other):
    """As docs/recovery.md says it."""
    shutil.rmtree(folder(usual, DAY))
    shutil.copytree(folder(other, DAY), folder(usual, DAY))
    edited(usual, homes=[id_of(other)])
    fresh, requests = reopened(usual), usual.requests
    backfilled(fresh)
    assert fresh.requests == requests
    assert fresh.rows(f"{ALL} WHERE business_date = DATE '{DAY}' ORDER BY ALL") == (
        other.rows(f"{ALL} WHERE business_date = DATE '{DAY}' ORDER BY ALL")
    )
    assert "sha256" in json.loads(fresh.archive.home.identity_file.read_bytes())
    assert list(run_verify(fresh)) == []


def run_verify(usual):
    """What is read back: whose captures count decides nothing in how tables are made of them."""
    return Verification(usual.archive, [DATASETS[name] for name in NAMES]).findings()
