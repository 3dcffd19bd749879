"""The options of `livestats work`; what it does is in test_work_host.py."""

import pytest
from click.testing import CliRunner

from pipelines.cli import main


def work(*words):
    return CliRunner().invoke(main, ["work", *words])


def test_a_folder_without_accounts_is_refused(tmp_path):
    result = work("--accounts", str(tmp_path), "--once")
    assert (result.exit_code, "has no account" in result.output) == (2, True)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--accounts", "nowhere"],
        ["--accounts", ".", "--at-once", "0"],
        ["--accounts", ".", "--every-hours", "0"],
    ],
)
def test_options_that_cannot_be_are_refused(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert work(*words).exit_code == 2
