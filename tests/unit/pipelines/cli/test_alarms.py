"""livestats alarms: lists, prints and posts."""

import json

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from tests.support.archives import DAYS, lab
from tests.support.webhooks import robot


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    with lab(tmp_path_factory.mktemp("alarms") / "home") as found:
        yield found


@pytest.fixture
def account(simulated, tmp_path):
    """Two datasets of an account that was begun two days ago; nothing is captured."""
    fresh = simulated.with_(LIVESTATS_HOME=str(tmp_path / "home"), LIVESTATS_FIRST_DAY="2026-11-20")
    fresh = fresh.only("domain", "isp", "edge_stat", "top_play")
    fresh.archive.home.prepare(fresh.archive.settings, fresh.archive.now())
    return fresh


def run(account, *words, **environ):
    environ = {**account.archive.environ, **environ}
    environ["LIVESTATS_FIRST_DAY"] = "2026-11-20"
    return CliRunner().invoke(main, ["alarms", *words], env=environ, prog_name="livestats")


def test_the_command_lists_alarms_with_their_remedies(account):
    result = run(account)
    assert result.exit_code == 1
    assert result.output.startswith("gap           ")
    assert "edge_stat, " in result.output
    assert "-> " in result.output
    listed = json.loads(run(account, "--json").stdout)
    assert {"kind", "subject", "text", "remedy"} <= set(listed[0])


def test_the_command_tells_the_robot_once(account):
    with robot() as (url, heard):
        for _ in range(2):
            assert run(account, "--send", LIVESTATS_ALERT_WEBHOOK=url).exit_code == 1
    assert len(heard) == 1
    assert "edge_stat, " in heard[0]["text"]


def test_a_test_message_can_be_sent(account):
    with robot() as (url, heard):
        assert run(account, "--test", LIVESTATS_ALERT_WEBHOOK=url).exit_code == 0
    assert "Test message" in heard[0]["text"]


def test_what_is_new_or_over_is_printed_once_for_a_mail(account):
    first, second = run(account, "--new"), run(account, "--new")
    assert (first.exit_code, second.exit_code) == (1, 1)
    assert "[gap] " in first.output
    assert second.output == ""
    account.backfill(DAYS)
    over = run(account, "--new").output.splitlines()[-1]
    assert over.startswith("[over] gap ")
    assert {"edge_stat", "top_play"} <= set(over.removeprefix("[over] gap ").split(", "))


def test_the_mail_and_the_robot_are_told_apart(account):
    with robot() as (url, heard):
        run(account, "--new")
        run(account, "--send", LIVESTATS_ALERT_WEBHOOK=url)
    assert len(heard) == 1


@pytest.mark.parametrize("words", [("--new", "--send"), ("--new", "--json"), ("--test", "--new")])
def test_words_that_do_not_go_together_are_refused(account, words):
    assert run(account, *words).exit_code == 2


@pytest.mark.parametrize("word", ["--send", "--test"])
def test_without_a_robot_the_command_says_how_to_name_one(account, word):
    result = run(account, word)
    assert result.exit_code == 2
    assert "LIVESTATS_ALERT_WEBHOOK" in result.output
