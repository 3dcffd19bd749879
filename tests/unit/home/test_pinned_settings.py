"""Settings that the first captured day of a dataset fixes."""

import json
import shutil

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.doctor.machine import settings_found
from resources.config import DatasetOverrides, ResolvedSettings, Settings, SettingsError
from resources.fs import sealed
from resources.home.layout import Home
from resources.verify.run import Verification
from tests.support.archives import DAYS, SMALL, failures, lab
from tests.support.recovery_page import follow

DAY = DAYS[-1]


def refused(call, *args):
    with pytest.raises(SettingsError) as caught:
        call(*args)
    return str(caught.value)


@pytest.fixture(scope="module")
def captured(tmp_path_factory):
    names = ("domain", "isp", "batch_stream_traffic", "stream_count")
    with lab(tmp_path_factory.mktemp("captured") / "home", SMALL) as plain:
        one = plain.only(*names)
        one.backfill([DAY], names=names)
        yield one


@pytest.fixture
def small(captured, tmp_path):
    """One day of little, captured as usual, and loaded."""
    shutil.copytree(captured.root, tmp_path / "home", symlinks=True)
    names = captured.archive.settings.datasets
    return captured.with_(LIVESTATS_HOME=str(tmp_path / "home")).only(*names)


CHANGED = {"stream_count": DatasetOverrides(bucket_seconds=60)}


def test_a_verification_under_another_meaning_is_refused(small):
    assert "One table cannot hold both" in refused(Verification, small.set(own=CHANGED).archive)


def test_another_meaning_is_refused_before_anything_is_asked(small):
    changed, asked_before = small.set(own=CHANGED), small.requests
    said = refused(changed.capture, [DAYS[0]])
    assert str(small.root) in said
    assert "bucket_seconds = 60" in said
    assert "remove bucket_seconds" in said
    assert "livestats backfill --dataset stream_count" in said
    assert small.requests == asked_before


@pytest.mark.parametrize("command", ["plan", "backfill", "status", "publish"])
def test_every_command_refuses_it(command, small, tmp_path):
    file = tmp_path / "other.toml"
    file.write_text("[dataset.stream_count]\nbucket_seconds = 60\n")
    environ = {**small.archive.environ, "LIVESTATS_SETTINGS": str(file)}
    asked_before = small.requests
    result = CliRunner().invoke(main, [command], env=environ)
    assert result.exit_code != 0
    assert "captured with these settings: the defaults" in result.output
    assert small.requests == asked_before


def test_settings_that_are_removed_again_are_refused_as_well(small):
    other = small.beside("other").set(own=CHANGED)
    other.capture([DAY], ["domain", "stream_count"])
    assert "set [dataset.stream_count] back (bucket_seconds = 60)" in refused(
        other.set(own={}).capture, [DAYS[0]]
    )
    assert failures(other.capture([DAYS[0]], ["stream_count"])) == []


def test_how_often_a_day_is_asked_again_may_change_at_any_time(small):
    own = {"stream_count": DatasetOverrides(reread_days=9)}
    assert failures(small.set(own=own).capture([DAYS[0]], ["stream_count"])) == []


def test_a_dataset_that_is_off_may_have_any_settings(small):
    off = small.only("domain", "isp", "batch_stream_traffic").set(own=CHANGED)
    assert failures(off.capture([DAYS[0]], ["batch_stream_traffic"])) == []


def test_what_is_off_keeps_its_meaning_for_when_it_is_on_again(small):
    other = small.beside("other").set(own=CHANGED)
    other.capture([DAY], ["domain", "stream_count"])
    other.set(own={}).only("domain", "batch_stream_traffic").capture([DAY], ["domain"])
    assert "bucket_seconds = 60" in refused(other.set(own={}).capture, [DAYS[0]])


def test_another_home_takes_the_new_meaning(small):
    other = small.beside("other").set(own=CHANGED)
    assert failures(other.capture([DAY], ["domain", "isp", "stream_count"])) == []


def test_the_settings_do_not_fit_the_home_and_a_dataset_is_begun_anew(small, tmp_path):
    """And as docs/recovery.md says. Nothing of the old meaning is left in the tables."""
    file = tmp_path / "other.toml"
    off = json.dumps([*small.archive.settings.datasets_off])
    file.write_text(f"[datasets]\noff = {off}\n[dataset.stream_count]\nbucket_seconds = 60\n")
    changed = small.with_(LIVESTATS_SETTINGS=str(file), LIVESTATS_FIRST_DAY=str(DAYS[0]))
    told = follow(changed, "The settings do not fit the home", {"NAME": "stream_count"})
    assert "2 dataset-days" in told
    assert (small.root.parent / "home.old" / "raw" / "stream_count" / str(DAY)).is_dir()
    assert small.rows(
        "SELECT DISTINCT slot_seconds, business_date FROM stream_count ORDER BY 2"
    ) == [(60, day) for day in DAYS]
    assert small.rows("SELECT count(*) > 0 FROM batch_stream_traffic") == [(True,)]
    new = changed.set(own=CHANGED)
    assert [*Verification(new.archive).findings()] == []
    assert "bucket_seconds = 60" in refused(small.capture, [DAYS[0]])


def test_settings_of_a_dataset_without_days_may_change_at_will(small):
    other = small.beside("other")
    for own in (CHANGED, {"stream_count": DatasetOverrides(domains=("pull*",))}, {}):
        other.set(own=own).capture([], ["domain"])
    assert "datasets" not in Home(other.root).identity
    assert Home(other.root).identity["format"] == 3  # it was captured into


def test_a_home_that_was_identified_by_hand_learns_from_the_captures(small):
    other = small.beside("other").set(own=CHANGED)
    other.capture([DAY], ["domain", "stream_count"])
    by_hand = {"format": 1, "time_zone": "Asia/Shanghai", "first_day": "2026-11-18"}
    other.archive.home.identity_file.write_text(json.dumps(by_hand))
    assert failures(other.capture([DAYS[0]], ["stream_count"])) == []
    assert Home(other.root).identity["datasets"] == {"stream_count": {"bucket_seconds": 60}}


def test_a_run_that_began_with_other_settings_meanwhile_is_noticed(small):
    """Both looked while nothing was pinned."""
    one, two = small.beside("other").archive, small.beside("other").archive
    first, second = Home(one.home.root), Home(two.home.root)
    assert first.identity is None
    assert second.identity is None
    first.prepare(Settings(own=CHANGED), one.now())
    second.prepare(Settings(own={"stream_count": DatasetOverrides(bucket_seconds=3600)}), two.now())
    assert Home(one.home.root).identity["datasets"] == {"stream_count": {"bucket_seconds": 3600}}


def test_patterns_that_fit_no_domain_are_no_empty_day(small):
    (result,) = (
        small.beside("other")
        .set(own={"batch_stream_traffic": DatasetOverrides(domains=("nobody.*",))})
        .capture([DAY], ["domain", "batch_stream_traffic"])[1:]
    )
    assert not result.outcome.is_complete
    assert "fits none of the account's" in result.message
    assert "dataset.batch_stream_traffic.domains" in result.message


def test_a_plan_says_so_before_anything_is_asked(small, tmp_path):
    other = small.beside("other")
    other.capture([], ["domain"])
    file = tmp_path / "slip.toml"
    file.write_text("[dataset.batch_stream_traffic]\ndomains = ['nobody.*']\n")
    environ = {**other.archive.environ, "LIVESTATS_SETTINGS": str(file)}
    asked_before = small.requests
    result = CliRunner().invoke(main, ["plan", "--from", str(DAY), "--to", str(DAY)], env=environ)
    assert result.exit_code == 1, result.output
    assert "fits none of the account's" in result.output
    assert small.requests == asked_before


WIDE = {"stream_session_by_domain": DatasetOverrides(bucket_seconds=3600)}


def test_a_width_that_marts_would_be_wrong_with_is_refused_with_a_cut_in_its_place(small, tmp_path):
    new = small.with_(LIVESTATS_HOME=str(tmp_path / "new"))
    for one in (new, small):  # with and without an archive
        said = refused(one.archive.home.check, Settings(own=WIDE))
        assert "peaks of the account by about a tenth" in said
        assert "[cut.stream_session_by_domain]" in said
    assert not new.root.exists()


def test_an_archive_that_has_such_a_width_goes_on(small):
    identity = json.loads(small.archive.home.identity_file.read_bytes())
    identity["datasets"] = {"stream_session_by_domain": {"bucket_seconds": 3600}}
    del identity["sha256"]
    small.archive.home.identity_file.write_bytes(sealed.seal(identity))
    wide = small.with_().set(own=WIDE, datasets_off=())
    wide.archive.home.check(wide.archive.settings)
    found = [*settings_found(ResolvedSettings(wide.archive.settings, {}, None))]
    assert any("minutes of viewing by a fifth" in finding.text for finding in found)
