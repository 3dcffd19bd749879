"""The simulated account of the demo."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from pipelines.cli import demo_account

ZONE = ZoneInfo("Asia/Shanghai")


def test_the_days_are_the_newest_that_have_settled_for_every_dataset():
    first, last = demo_account.days(datetime(2026, 11, 22, 12, tzinfo=ZONE), ZONE, 3)
    assert (first, last) == (date(2026, 11, 19), date(2026, 11, 21))
    _, earlier = demo_account.days(datetime(2026, 11, 22, 0, 1, tzinfo=ZONE), ZONE, 1)
    assert earlier == date(2026, 11, 20)
    assert demo_account.days(datetime(2026, 11, 22, 4, tzinfo=UTC), ZONE, 3) == (first, last)


def test_a_folder_is_claimed_once_and_used_again(tmp_path):
    folder = tmp_path / "a" / "demo"
    demo_account.claim(folder)
    demo_account.claim(folder)
    assert (folder / demo_account.MARKER).is_file()


def test_the_demo_of_another_version_is_named(tmp_path):
    (tmp_path / demo_account.MARKER).write_text("{}")
    with pytest.raises(demo_account.NotADemo, match="another version"):
        demo_account.claim(tmp_path)


def test_the_environment_is_of_the_simulator_and_nothing_of_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv("VOLC_ACCESSKEY", "AKREAL")
    found = demo_account.environment({"VOLC_ACCESSKEY": "AKSIM"}, tmp_path)
    assert found["VOLC_ACCESSKEY"] == "AKSIM"
    assert found["LIVESTATS_HOME"] == str(tmp_path)
