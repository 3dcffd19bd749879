"""Captures of an earlier version that hold the rows of another window: named, and mended as told."""

import re
import shlex
import shutil
from datetime import timedelta

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources.api.catalog import DATASETS
from resources.api.parsing import parse, parse_batch
from resources.lake import parquet
from resources.monitoring.checks import active_alarms
from resources.raw import captures
from resources.simulator import Account
from tests.support.archives import DAYS, NOW, lab

NAME = "push_stream_info"
ODD, FINE = DAYS
ACCOUNT = Account(domains=2, streams_per_domain=1, deleted=0, audience=0.05)
MANNER = f"other-window=9@action=DescribeLivePushStreamInfoData@days={ODD}"


@pytest.fixture
def found(tmp_path, monkeypatch):
    """Two days, of which one was answered for another, as a version without the check took it."""
    settings = tmp_path / "livestats.toml"
    off = [name for name in DATASETS if name not in ("domain", "isp", NAME)]
    settings.write_text(f"[datasets]\noff = {off}\n")
    environ = {"LIVESTATS_SETTINGS": str(settings)}
    with lab(tmp_path / "home", ACCOUNT, manners=[MANNER], environ=environ) as one:
        with monkeypatch.context() as patch:
            patch.setattr(parse, "impossible", lambda *_: None)
            patch.setattr(parse_batch, "has_impossible", lambda *_: False)
            one.backfill()
        one.simulator.manners = []
        monkeypatch.setattr(parquet, "SCHEMA_VERSION", parquet.SCHEMA_VERSION + 1)
        for name, value in one.archive.environ.items():
            monkeypatch.setenv(name, value)
        yield one


def run(*words):
    return CliRunner().invoke(main, words)


def line(found):
    (dataset,) = [one for one in found.archive.daily if one.name == NAME]
    (its,) = found.archive.ledger(dataset, ODD, ODD)
    return its


def test_replay_names_it_and_goes_on_and_asking_again_mends_it(found):
    done = run("replay")
    assert done.exit_code == 1
    (told,) = [one for one in done.output.splitlines() if one.startswith("Failed")]
    assert f"{NAME} {ODD}" in told
    for day, is_current in ((ODD, False), (FINE, True)):
        origin = parquet.provenance_of(parquet.path_of(found.archive.home.lake, NAME, day))
        assert (origin.schema_version == parquet.SCHEMA_VERSION) is is_current
    assert line(found).is_suspect
    assert "answers are refused" in line(found).doubt
    assert "suspect" in {one.kind for one in active_alarms(found.archive)}
    (command,) = re.findall(r"`livestats (backfill [^`]*)`", told)
    assert run(*shlex.split(command)).exit_code == 0
    assert (line(found).is_suspect, line(found).captures) == (False, 2)
    assert run("replay").exit_code == 0


def test_a_plain_backfill_of_the_next_day_asks_again_too(found, monkeypatch):
    run("replay")
    monkeypatch.setenv("LIVESTATS_NOW", (NOW + timedelta(days=1)).isoformat())
    days = ("--from", str(ODD), "--to", str(ODD))
    assert run("backfill", *days, "--dataset", NAME).exit_code == 0
    assert (line(found).is_suspect, line(found).captures) == (False, 2)


def test_a_folder_that_is_moved_away_is_over(found, tmp_path):
    run("replay")
    folder = captures.folder_of(found.archive.home.raw, NAME, ODD)
    shutil.move(folder / line(found).capture, tmp_path / "away")
    assert not line(found).is_suspect
    assert run("backfill").exit_code == 0
    assert run("replay").exit_code == 0
    assert run("verify").exit_code == 0
