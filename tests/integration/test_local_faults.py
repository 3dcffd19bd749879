"""A folder of one dataset that this user cannot use costs that dataset, and is named with its remedy."""

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.doctor import home as of_home
from resources.home import folders
from tests.support.archives import DAYS, lab
from tests.support.suites import slow

NAMES = ("domain", "isp", "edge_stat", "stream_count", "batch_stream_traffic")
BAD = "stream_count"


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    with lab(tmp_path_factory.mktemp("past") / "home") as found:
        one = found.only(*NAMES)
        one.backfill(DAYS[:1])
        yield one


@pytest.fixture
def home(past, tmp_path):
    """A copy, and the command line on it."""
    shutil.copytree(past.root, tmp_path / "home", symlinks=True)
    off = list(past.archive.settings.datasets_off)
    (tmp_path / "livestats.toml").write_text(f"[datasets]\noff = {off}\n")
    return past.with_(
        LIVESTATS_HOME=str(tmp_path / "home"), LIVESTATS_SETTINGS=str(tmp_path / "livestats.toml")
    )


def run(found, *words):
    return CliRunner().invoke(main, words, env=dict(found.archive.environ))


def deny(monkeypatch, *paths, mode=os.W_OK):
    """As the permissions of another user's folder do; tests may run as root, whom nothing stops."""
    usual = os.access

    def access(path, wanted, **options):
        is_denied = any(Path(path) == one for one in paths)
        return usual(path, wanted, **options) and not (is_denied and wanted & mode)

    monkeypatch.setattr(os, "access", access)


def a_file(home, _monkeypatch):
    path = home.root / "raw" / BAD
    shutil.rmtree(path)
    path.touch()
    return path


def of_root(home, monkeypatch):
    path = home.root / "raw" / BAD
    deny(monkeypatch, path)
    return path


def not_listed(home, monkeypatch):
    """Mode 0700 of another user: neither listed nor written."""
    path = home.root / "raw" / BAD
    deny(monkeypatch, path, mode=os.R_OK | os.W_OK | os.X_OK)

    def guarded(function, has_parents):
        def call(place=".", *words, **options):
            if isinstance(place, str | os.PathLike):
                there = (*Path(place).parents, *(() if has_parents else (Path(place),)))
                if path in there:
                    raise PermissionError(13, "Permission denied", str(place))
            return function(place, *words, **options)

        return call

    monkeypatch.setattr(os, "scandir", guarded(os.scandir, has_parents=False))
    monkeypatch.setattr(os, "listdir", guarded(os.listdir, has_parents=False))
    monkeypatch.setattr(os, "stat", guarded(os.stat, has_parents=True))
    return path


def lake_of_root(home, monkeypatch):
    path = home.root / "lake" / BAD
    deny(monkeypatch, path)
    return path


@pytest.mark.parametrize("harm", [a_file, slow(lake_of_root), slow(of_root), slow(not_listed)])
def test_the_others_are_captured_loaded_and_served(home, monkeypatch, harm):
    path = harm(home, monkeypatch)
    words = ("backfill", "--from", str(DAYS[0]), "--to", str(DAYS[1]))
    result = run(home, *words)
    assert result.exit_code == 1, result.output
    assert f"Failed: {BAD}: {path} " in result.output
    assert "Traceback" not in result.output
    for name in ("edge_stat", "batch_stream_traffic"):
        assert home.rows(f"SELECT count(DISTINCT business_date) FROM {name}") == [(2,)]
    assert home.rows("SELECT count(*) FROM ledger WHERE state = 'captured'")[0][0] >= 4
    again = run(home, *words)
    assert again.exit_code == 1
    assert f"Failed: {BAD}: {path} " in again.output


@pytest.mark.parametrize("harm", [slow(of_root), not_listed])
def test_what_is_served_of_it_stays(home, monkeypatch, harm):
    ledger = (
        f"SELECT business_date, state FROM ledger WHERE dataset = '{BAD}' AND state = 'captured'"
    )
    before, rows = home.rows(ledger), home.rows(f"FROM {BAD} ORDER BY ALL")
    assert before
    assert rows
    harm(home, monkeypatch)
    run(home, "backfill", "--from", str(DAYS[0]), "--to", str(DAYS[1]))
    assert home.rows(ledger) == before
    assert home.rows(f"FROM {BAD} ORDER BY ALL") == rows


def test_all_commands_go_on_with_the_others(home, monkeypatch):
    """Nothing of a folder that cannot be looked into is missing, lost or damaged."""
    path = not_listed(home, monkeypatch)
    assert run(home, "status").exit_code == 0
    told = json.loads(run(home, "status", "--json").stdout)
    assert BAD not in {name for names in told["needs_attention"].values() for name in names}
    replayed = run(home, "replay")
    assert (replayed.exit_code, f"Failed: {BAD}: {path} " in replayed.output) == (1, True)
    for words in (("plan",), ("alarms",), ("publish",)):
        assert run(home, *words).exit_code in (0, 1), words
    assert home.rows(f"SELECT count(*) > 0 FROM {BAD}") == [(True,)]


def test_publish_and_replay_go_on_with_the_others(home, monkeypatch):
    path = home.root / "lake" / BAD
    usual = os.scandir

    def scandir(place="."):
        if Path(str(place)) == path:
            raise PermissionError(13, "Permission denied", str(place))
        return usual(place)

    home.archive.home.warehouse.unlink()
    monkeypatch.setattr(os, "scandir", scandir)
    result = run(home, "publish")
    assert result.exit_code == 1, result.output
    assert f"Failed: {BAD}: not loaded: Permission denied ({path})" in result.output
    assert home.rows("SELECT count(DISTINCT business_date) FROM edge_stat") == [(1,)]
    monkeypatch.undo()
    assert run(home, "replay").exit_code == 0
    assert home.rows(f"SELECT count(DISTINCT business_date) FROM {BAD}") == [(1,)]


@pytest.mark.parametrize("harm", [a_file, of_root, not_listed, lake_of_root])
def test_the_doctor_names_the_folder_and_the_remedy(home, monkeypatch, harm):
    path = harm(home, monkeypatch)
    (finding,) = of_home.folders_found(home.archive)
    assert finding.severity == "problem"
    assert finding.text.startswith(f"{path} ")
    assert str(path) in finding.remedy
    assert finding.remedy.startswith(("Move", "Give it back: `sudo chown -R "))


@pytest.mark.parametrize("place", [f"raw/{BAD}/{DAYS[1]}", slow(f"lake/{BAD}/day={DAYS[1]}")])
def test_a_file_in_the_place_of_a_day_costs_that_day(home, place):
    path = home.root / place
    path.touch()
    words = ("backfill", "--from", str(DAYS[0]), "--to", str(DAYS[1]))
    told = f"{path} is a file, and a folder belongs there: move it out of the home"
    result = run(home, *words)
    assert (result.exit_code, "Errno" in result.output) == (1, False)
    assert told in result.output
    assert home.rows(f"SELECT count(DISTINCT business_date) FROM {BAD}") == [(1,)]
    assert home.rows("SELECT count(DISTINCT business_date) FROM edge_stat") == [(2,)]
    (finding,) = of_home.folders_found(home.archive)
    assert f"Move {path} out of the home" in finding.remedy
    path.rename(home.root.parent / "away")
    assert run(home, *words).exit_code == 0
    assert home.rows(f"SELECT count(DISTINCT business_date) FROM {BAD}") == [(2,)]


def test_a_file_in_the_place_of_a_captured_day_holds_up_no_other(home):
    path = home.root / "lake" / BAD / f"day={DAYS[0]}"
    shutil.rmtree(path)
    path.touch()
    words = ("backfill", "--from", str(DAYS[0]), "--to", str(DAYS[1]))
    run(home, *words)
    assert home.rows(f"SELECT max(business_date) FROM {BAD}") == [(DAYS[1],)]
    assert f"{path} is a file, and a folder belongs there" in run(home, "replay").output
    path.unlink()
    assert run(home, *words).exit_code == 0


def test_the_doctor_looks_into_days_and_names_few_of_many(home, monkeypatch):
    assert [f.severity for f in of_home.folders_found(home.archive)] == ["ok"]
    days = sorted(home.root.glob("raw/*/*")) + sorted(home.root.glob("lake/*/*"))
    deny(monkeypatch, *days)
    found = [*of_home.folders_found(home.archive)]
    assert [str(days[0]) in found[0].text, len(found)] == [True, 6]
    assert f"and {len(days) - 5} more" in found[-1].text


def test_a_user_without_a_name_is_told_by_number(home, monkeypatch):
    def getpwuid(number):
        raise KeyError(number)

    monkeypatch.setattr("pwd.getpwuid", getpwuid)
    deny(monkeypatch, home.root / "raw")
    (fault,) = folders.faults(home.archive.home)
    assert fault.text.startswith(f"{home.root / 'raw'} belongs to {os.getuid()} (mode ")
