"""`livestats verify` as a user calls it."""

import json
import shutil

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources.lake import parquet, row_equality
from tests.support.archives import DAYS, contents

TRAFFIC = "batch_stream_traffic"
HOME_COMMANDS = (
    *("verify", "verify --deep", f"verify --dataset {TRAFFIC}", "digest", "backup copy", "erase"),
    *(f"diff {TRAFFIC} {DAYS[0]}", "cold", "alarms", "metrics", "status", "report", "superset"),
    *("publish", "replay", "plan", "backfill", "gone", "query SELECT"),
)


@pytest.fixture
def lab(past, tmp_path):
    shutil.copytree(past.root, tmp_path / "home", symlinks=True)
    return past.with_(LIVESTATS_HOME=str(tmp_path / "home"))


def verify(lab, *words):
    environ = {**lab.archive.environ, "VOLC_ACCESSKEY": "", "VOLC_SECRETKEY": "", "COLUMNS": "80"}
    return CliRunner().invoke(main, ["verify", *words], env=environ)


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def lake_file(lab):
    return parquet.path_of(lab.archive.home.lake, TRAFFIC, DAYS[0])


def test_an_intact_archive_ends_with_0_and_says_what_was_read(past):
    result = verify(past)
    assert result.exit_code == 0, result.output
    assert "12 captures with 29 answers, 10 lake files with" in result.stdout
    assert result.stdout.endswith("Everything is as it was written.\n")


def test_damage_ends_with_1_and_is_told_with_its_remedy(lab):
    flip(lake_file(lab), 100)
    result = verify(lab)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == f"damaged: {lake_file(lab)}"
    assert lines[1].strip() == "has changed since it was written"
    assert f"livestats replay --from {DAYS[0]} --to {DAYS[0]} --dataset {TRAFFIC}" in lines[2]
    # What is made of the file cannot be compared either, and is not called damaged.
    others = [line for line in lines[3:-2] if not line.startswith("  ")]
    assert [line.partition(":")[0] for line in others] == ["not verified"] * 2
    assert lines[-1].startswith("3 problems, 2 of them not verified;")


def test_json_has_every_finding_for_programs(lab):
    flip(lake_file(lab), 100)
    result = verify(lab, "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["is_intact"] is False
    assert answer["checked"]["captures"] == 12
    finding, *others = answer["findings"]
    assert {one["kind"] for one in others} <= {"not verified"}
    assert finding == {
        "kind": "damaged",
        "path": str(lake_file(lab)),
        "what": "has changed since it was written",
        "way": "replay",
        "remedy": finding["remedy"],
        "dataset": TRAFFIC,
        "day": str(DAYS[0]),
    }


def test_a_range_and_a_dataset_leave_the_rest_unread(lab):
    flip(lake_file(lab), 100)
    assert verify(lab, "--dataset", "top_play").exit_code == 0
    assert verify(lab, "--from", str(DAYS[1])).exit_code == 0
    assert verify(lab, "--to", str(DAYS[0]), "--dataset", TRAFFIC).exit_code == 1


def test_a_damaged_identity_is_a_finding_and_the_rest_is_read(lab):
    flip(lab.archive.home.identity_file, 5)
    result = verify(lab)
    assert result.exit_code == 1
    assert f"damaged: {lab.archive.home.identity_file}" in result.stdout
    assert "12 captures" in result.stdout


@pytest.mark.parametrize("command", HOME_COMMANDS)
def test_a_wrong_zone_is_refused_and_nothing_is_written(lab, command, tmp_path, monkeypatch):
    """Only `doctor` says it in another way; nothing of a healthy archive is called damaged."""
    monkeypatch.chdir(tmp_path)
    before = contents(tmp_path)
    environ = {**lab.archive.environ, "LIVESTATS_TIME_ZONE": "UTC"}
    result = CliRunner().invoke(main, command.split(), env=environ)
    assert result.exit_code == 2
    assert result.output.startswith(f"Error: {lab.archive.home.root} keeps days of Asia/Shanghai")
    assert len(result.output.splitlines()) == 1
    assert contents(tmp_path) == before


def test_leftovers_of_a_killed_run_are_told_and_end_with_0(lab):
    (lake_file(lab).parent / ".making-rows.parquet-1-00").touch()
    result = verify(lab, "--dataset", TRAFFIC)
    assert result.exit_code == 0
    assert result.stdout.startswith("leftover: ")


@pytest.mark.slow  # how findings are shown
def test_of_many_findings_the_first_are_shown_and_the_rest_counted(lab):
    for i in range(30):
        (lab.archive.home.raw / f"copy {i:02}").mkdir()
    result = verify(lab)
    assert result.stdout.count("extra: ") == 20
    assert "... and 10 more" in result.stdout
    assert "30 problems;" in result.stdout


def test_names_of_files_cannot_steer_the_terminal(lab):
    (lab.archive.home.raw / "\x1b[31m\nx").touch()
    result = verify(lab)
    assert "\x1b" not in result.stdout
    assert r"\x1b[31m\nx" in result.stdout


def test_a_home_without_an_archive_does_not_pass_for_intact(past, tmp_path):
    """A slip in LIVESTATS_HOME must not make the nightly proof green for ever."""
    result = verify(past.with_(LIVESTATS_HOME=str(tmp_path / "new")))
    assert result.exit_code == 2, result.output
    assert "There is no archive in" in result.output
    assert not (tmp_path / "new").exists()


def test_the_deep_look_compares_rows(lab, monkeypatch):
    monkeypatch.setattr(row_equality, "same_rows", lambda *_: False)
    assert verify(lab, "--dataset", TRAFFIC).exit_code == 0
    result = verify(lab, "--deep", "--dataset", TRAFFIC)
    assert result.exit_code == 1
    assert "normalising its capture again gives other rows" in result.stdout


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--dataset", "edge_stats"], "did you mean edge_stat?"),
        (["--from", "2026-11-21", "--to", "2026-11-20"], "is after --to"),
        (["--from", "some day"], "Write it like"),
    ],
)
def test_wrong_words_are_refused(past, words, text):
    result = verify(past, *words)
    assert result.exit_code in (1, 2)
    assert text in result.output
