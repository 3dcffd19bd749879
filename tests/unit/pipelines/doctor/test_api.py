"""Checks of the API: its clock, the key, and whether it can be reached."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pipelines.doctor import Severity, api, examine
from resources.archive import Archive

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def archive(folder, **more):
    return Archive.open({"LIVESTATS_HOME": str(folder), **more}, folder)


@pytest.mark.parametrize(
    ("ahead_s", "verdict"),
    [
        (0, "ok"),
        (-59, "ok"),
        (61, "warning"),
        (-300, "warning"),
        (700, "problem"),
        (-901, "problem"),
    ],
)
def test_the_clock_may_be_a_minute_off_and_never_ten(ahead_s, verdict):
    told = format_datetime(NOW - timedelta(seconds=ahead_s), usegmt=True)
    assert api.judged_offset("http://api", told, NOW).severity == verdict


@pytest.mark.parametrize("header", [None, "", "yesterday"])
def test_a_server_without_a_date_is_no_problem(header):
    assert api.judged_offset("http://api", header, NOW).severity is Severity.OK


def test_the_key_is_never_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    environ = {"VOLC_ACCESSKEY": "AKMARKED", "VOLC_SECRETKEY": "SKMARKED"}
    _, finding = api.key_found(environ)
    assert finding.severity is Severity.OK
    assert "MARKED" not in repr(finding)
    _, finding = api.key_found({})
    assert finding.severity is Severity.PROBLEM
    assert "VOLC_ACCESSKEY" in finding.remedy


def test_an_api_that_is_not_there_is_one_problem(tmp_path):
    """Nothing listens on port 1; the key is then not tried as well."""
    environ = {
        "LIVESTATS_API_URL": "http://127.0.0.1:1",
        "VOLC_ACCESSKEY": "A",
        "VOLC_SECRETKEY": "S",
    }
    found = examine(archive(tmp_path, **environ), tmp_path)
    problems = [f for f in found if f.severity is Severity.PROBLEM and f.subject != "disk"]
    assert [f.subject for f in problems] == ["api"]
    assert "LIVESTATS_API_URL" in problems[0].remedy
