"""One page of several accounts: options that exclude each other, and a code server that ends."""

import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from pipelines.accounts.account_file import Account
from pipelines.backfill.orphans import END_GROUPS_WITH_STDIN
from pipelines.cli import main, ui_accounts


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--accounts", "."), "go together"),
        (("--history", "."), "go together"),
        (("--accounts", ".", "--history", ".", "--only", "web"), "leave out --only and --code"),
    ],
)
def test_options_that_do_not_go_together_are_refused(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["ui", *words])
    assert (result.exit_code, said in result.output) == (2, True)


def test_a_folder_without_accounts_starts_nothing(tmp_path):
    words = ["ui", "--accounts", str(tmp_path), "--history", str(tmp_path / "history")]
    result = CliRunner().invoke(main, words)
    assert (result.exit_code, "has no account" in result.output) == (2, True)
    assert not (tmp_path / "history").exists()


@pytest.fixture
def servers(tmp_path, monkeypatch):
    """Servers of two accounts, each a process that stands for one."""
    monkeypatch.setattr(
        ui_accounts.ui_parts, "command",
        lambda _only, socket, *_, name: ["sh", "-c", f"touch {socket}; exec sleep 600 # {name}"],
    )  # fmt: skip
    guard = subprocess.Popen(
        [sys.executable, "-c", END_GROUPS_WITH_STDIN], stdin=subprocess.PIPE, start_new_session=True
    )
    codes = [
        ui_accounts._Code(Account(name, {"LIVESTATS_HOME": f"/{name}"}), f"{tmp_path}/{name}.sock")
        for name in ("acme", "bolt")
    ]
    found = ui_accounts._Servers(guard, tmp_path, codes)
    for code in codes:
        found.serve(code)
    yield found
    found.end()
    guard.stdin.close()
    assert all(code.process.poll() is not None for code in codes if code.process)


def test_a_server_that_ends_is_started_again_and_the_others_go_on(servers, capsys):
    ui_accounts._await_sockets(servers.codes)
    acme, bolt = servers.codes
    before, other = acme.process, bolt.process
    before.kill()
    before.wait()
    servers.serve_again()
    assert "The code server of acme has ended by itself" in capsys.readouterr().err
    assert acme.process is None  # not at once: one that ends at its start would fill the log
    acme.began_s = time.monotonic() - ui_accounts._AGAIN_S
    servers.serve_again()
    assert acme.process.poll() is None
    assert acme.process is not before
    assert bolt.process is other
    assert other.poll() is None


def test_the_page_does_not_wait_for_a_server_that_has_ended(servers):
    acme, bolt = servers.codes
    acme.process.kill()
    acme.process.wait()
    ui_accounts._await_sockets([acme, bolt])
    assert all(map(ui_accounts._is_settled, servers.codes))


def test_a_home_that_cannot_be_used_is_told_and_nothing_else_ends(tmp_path, capsys):
    (tmp_path / "livestats.toml").write_text("[archive]\ntime_zone = 'Nowhere/X'\n")
    variables = {"LIVESTATS_HOME": str(tmp_path / "home"),
                 "LIVESTATS_SETTINGS": str(tmp_path / "livestats.toml")}  # fmt: skip
    ui_accounts._prepare(Account("crab", variables), tmp_path / "history")
    said = capsys.readouterr().err
    assert "crab cannot be used, while the others go on: " in said
    assert "Nowhere/X" in said
