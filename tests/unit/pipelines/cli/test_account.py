"""livestats account: which keys a home knows."""

import json

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources.capture.account_guard import AccountGuard


@pytest.fixture
def account(tmp_path):
    def run(*words, key="AKONE"):
        environ = {
            "LIVESTATS_HOME": str(tmp_path / "home"),
            "LIVESTATS_NOW": "2026-11-22T12:00:00+08:00",
            "VOLC_ACCESSKEY": key,
            "VOLC_SECRETKEY": "the-secret",
            "HOME": str(tmp_path),
        }
        return CliRunner().invoke(main, ["account", *words], env=environ)

    return run


def test_a_key_is_new_to_a_home_until_it_is_accepted(account):
    assert account().exit_code == 1
    assert account("--accept").exit_code == 0
    assert "is known for this account" in account().output
    assert account(key="AKOTHER").exit_code == 1


def test_no_key_is_ever_shown(account):
    account("--accept")
    shown = account().output + account("--json").output
    assert "AKONE" not in shown
    assert "the-secret" not in shown
    assert json.loads(account("--json").stdout)["is_known"] is True


def test_names_from_the_api_are_shown_escaped(account, monkeypatch):
    names = frozenset(["a\x1b[2J.example", "b\n.example", "c\u202e.example"])
    monkeypatch.setattr(AccountGuard, "domains", lambda _: names)
    shown = account().output
    assert r"a\x1b[2J.example, b\n.example, c\u202e.example." in shown
    assert shown.replace("\n", "").isprintable()
