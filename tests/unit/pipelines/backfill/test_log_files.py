"""Log files as a part of a backfill, by the command, and what status and alarms say of them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from pipelines.backfill import log_files
from pipelines.backfill.plan import plan
from resources import monitoring
from resources.logs import notes
from tests.support.archives import NOW
from tests.support.log_files import DAY, NEXT, SECRET, call, downloads, files_of, kept, log_lab

RANGE = ("--from", str(DAY), "--to", str(DAY), "--dataset", "log_file")
GONE = "file-status=404@domain=pull-1.sim.example"


@pytest.fixture
def account(tmp_path):
    with log_lab(tmp_path) as found:
        yield found


def at(days):
    return {"LIVESTATS_NOW": (NOW + timedelta(days=days)).isoformat()}


def test_a_backfill_downloads_what_lacks_and_then_asks_nothing(account):
    first = call(account, "backfill", *RANGE)
    assert first.exit_code == 0, first.output
    assert f"Downloaded {len(files_of(account))} log files" in first.output
    assert "Complete" in first.output
    before = account.requests
    again = call(account, "backfill", *RANGE)
    assert again.exit_code == 0
    assert account.requests == before
    assert SECRET.decode() not in first.output + again.output


def test_files_that_lack_are_told_and_the_command_ends_with_1(account):
    account.simulator.manners = [GONE]
    done = call(account, "backfill", *RANGE, "--json")
    assert done.exit_code == 1
    answer = json.loads(done.stdout)
    assert "answered 404" in answer["log_files"]["lacking"][str(DAY)]
    assert not answer["is_complete"]
    told = call(account, "backfill", *RANGE)
    assert f"Log files of {DAY} lack:" in told.output
    assert "Next: livestats backfill" in told.output


def test_a_bad_value_is_refused_before_anything_is_asked(account):
    before = account.requests
    done = call(account, "backfill", *RANGE, LIVESTATS_LOG_FILES="all")
    assert done.exit_code != 0
    assert "logs.files = 'all': one of list, keep, parse" in done.output
    assert account.requests == before


def test_without_the_setting_no_file_is_asked_for(account):
    done = call(account, "backfill", *RANGE, LIVESTATS_LOG_FILES="list")
    assert done.exit_code == 0
    assert downloads(account) == 0
    assert not account.archive.home.logs.exists()


def test_other_datasets_alone_download_nothing(account):
    todo = plan(account.archive, DAY, DAY, ["domain"])
    assert not log_files.are_due(account.archive, todo)


def test_days_that_grow_are_told_and_not_asked_for(account):
    account.capture([NOW.date() - timedelta(days=1)], ["log_file"])
    todo = plan(account.archive, NEXT, NOW.date() - timedelta(days=1), ["log_file"])
    found = log_files.download(account.archive, todo, print)
    assert found.growing == (NOW.date() - timedelta(days=1),)
    assert downloads(account) == 0


def test_status_is_not_green_before_all_is_kept(account):
    status = ("status", "--from", str(DAY), "--to", str(DAY), "--dataset", "log_file")
    before = call(account, *status)
    assert before.exit_code == 1
    assert "files lack" in before.output
    assert "Next: livestats backfill" in before.output
    kept(account)
    after = call(account, *status)
    assert after.exit_code == 0, after.output
    assert f"{len(files_of(account))} files kept" in after.output
    told = json.loads(call(account, *status, "--json").stdout)
    assert [(one["day"], one["state"], one["lacking"]) for one in told["log_files"]] == [
        (str(DAY), "kept", [])
    ]
    files_of(account)[0].unlink()
    assert call(account, *status).exit_code == 1
    growing = call(account, *status, LIVESTATS_NOW="2026-11-20T12:00:00+08:00")
    assert "not complete at the vendor yet" in growing.output


def test_alarms_come_before_files_are_dropped_and_once_they_are(account):
    def alarms(days):
        made = account.with_(**at(days)).only("domain", "log_file").set(log_files="keep")
        return {
            str(a.kind): a
            for a in monitoring.active_alarms(made.archive)
            if a.subject == "log files"
        }

    assert {n: [*alarms(n)] for n in (0, 2, 22, 28, 40)} == {
        0: ["gap"], 2: ["gap"], 22: ["expiring"], 28: ["lost"], 40: []}  # fmt: skip
    assert "livestats backfill" in alarms(22)["expiring"].remedy
    kept(account)
    assert alarms(2) == {}
    notes.folder_of(account.archive.home, DAY).joinpath(notes.NOTE).write_bytes(b"{}")
    assert "cannot be read" in alarms(2)["gap"].text


def test_lines_are_made_of_files_that_are_kept_without_a_request(account):
    call(account, "backfill", *RANGE)
    before = account.requests
    done = call(account, "backfill", *RANGE, LIVESTATS_LOG_FILES="parse")
    assert done.exit_code == 0, done.output
    assert "Lines of log files as Parquet: " in done.output
    assert account.requests == before
    assert (notes.folder_of(account.archive.home, DAY) / notes.LINES).is_file()
    assert "Parquet" not in call(account, "backfill", *RANGE, LIVESTATS_LOG_FILES="parse").output
