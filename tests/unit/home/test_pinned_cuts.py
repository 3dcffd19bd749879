"""Cuts that were captured: another meaning is refused, and what is removed stays readable."""

import json
import shutil

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.doctor.machine import settings_found
from resources.api.catalog import DATASETS
from resources.api.catalog.cuts import Cut
from resources.archive import Archive
from resources.config import FILE, ResolvedSettings, SettingsError
from resources.verify.run import Verification
from tests.support.archives import DAYS, SMALL, failures, lab

DAY = DAYS[-1]
CODES = "DescribeLivePlayStatusCodeData"
SECTION = f'[cut.codes]\nendpoint = "{CODES}"\nsplit = ["Domain"]\nwidth_s = 3600\n'
CUT = Cut(name="codes", endpoint=CODES, split=("Domain",), width_s=3600)
ON = ("domain", "cut_codes")


@pytest.fixture(scope="module")
def captured(tmp_path_factory):
    with lab(tmp_path_factory.mktemp("cuts") / "home", SMALL) as plain:
        one = plain.set(cuts={"codes": CUT}).only(*ON)
        one.backfill([DAY], names=ON)
        yield one


@pytest.fixture
def small(captured, tmp_path):
    """A day of a cut, and of nothing else."""
    shutil.copytree(captured.root, tmp_path / "home", symlinks=True)
    found = captured.with_(LIVESTATS_HOME=str(tmp_path / "home"))
    return found.set(cuts={"codes": CUT}).only(*ON)


def opened(small, said, **options):
    """The archive as a process opens it that knows nothing of cuts yet."""
    (small.root.parent / FILE).write_text(said, "utf-8")
    DATASETS.forget_cuts()
    return Archive.open(small.archive.environ, small.root.parent, **options)


def test_its_meaning_is_kept_with_the_archive(small):
    kept = json.loads(small.archive.home.identity_file.read_bytes())["datasets"]
    assert kept == {"cut_codes": CUT.meaning}


def test_another_meaning_is_refused_with_a_remedy_that_works(small):
    archive = opened(small, SECTION.replace("3600", "300"))
    with pytest.raises(SettingsError, match=r"such as \[cut\.codes_2\]: cut_codes then keeps"):
        archive.home.check(archive.settings)
    other = opened(small, SECTION.replace("3600", "300").replace("codes", "codes_2"))
    other.home.check(other.settings)
    assert "cut_codes" in DATASETS


def test_a_daemon_goes_on_with_all_else(small):
    archive = opened(small, SECTION.replace("3600", "300"), leave_out_broken_cuts=True)
    archive.home.check(archive.settings)
    assert "cut_codes" not in archive.settings.datasets
    assert "were captured as another cut" in archive.settings.broken_cuts["codes"]


def test_a_removed_cut_keeps_its_captures_and_its_table(small):
    archive = opened(small, "")
    assert "cut_codes" not in archive.settings.datasets
    without = small.with_()  # with the settings file as it is now
    without.load()
    (rows,) = without.rows("SELECT count(*) FROM cut_codes")
    assert rows[0] > 0
    assert [*Verification(without.archive, deep=True).findings()] == []
    environ = {**small.archive.environ, "LIVESTATS_SETTINGS": str(small.root.parent / FILE)}
    said = CliRunner().invoke(main, ["tables", "cut_codes"], env=environ).output
    assert "user_region" not in said
    assert "status_code" in said
    assert "cut_codes is captured no more: livestats.toml has no [cut.codes]." in said
    asked = CliRunner().invoke(main, ["backfill", "--dataset", "cut_codes"], env=environ)
    assert asked.exit_code != 0
    assert "no cut of the settings any more" in asked.output


def test_a_removed_cut_can_be_written_again(small):
    opened(small, "")
    again = opened(small, SECTION + 'description = "Of errors."\nreread_days = 0\n')
    again.home.check(again.settings)
    assert failures(small.capture([DAYS[0]], ["cut_codes"])) == []


def test_doctor_shows_what_the_cuts_say(small):
    found = [*settings_found(ResolvedSettings(small.archive.settings, {}, None))]
    (line,) = [one.text for one in found if one.text.startswith("cut.codes: ")]
    assert f"endpoint = {CODES}, split = Domain, width_s = 3600" in line
