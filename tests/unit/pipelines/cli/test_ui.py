"""How livestats ui starts Dagster."""

import importlib.util
import subprocess
import sys

import pytest
from click.testing import CliRunner

from pipelines.cli import main, ui
from pipelines.cli.options import Refused
from pipelines.orchestration.dagster_internals import WorkspaceFileTarget
from resources.api import json_log

SECRETS = {
    "VOLC_ACCESSKEY": "a",
    "VOLC_SECRETKEY_FILE": "/run/secrets/b",
    "VOLC_SESSION_TOKEN": "c",
    "LIVESTATS_ALERT_WEBHOOK": "d",
}


@pytest.mark.parametrize(
    ("words", "started"),
    [
        (("web", None), "pipelines.orchestration.webserver -w workspace.yaml --read-only"),
        (("daemon", None), "dagster._daemon run -w workspace.yaml --log-level warning"),
        (("code", None), "dagster code-server start -f pipelines/definitions.py "
         "--working-directory . --location-name livestats --log-level warning "
         "--host 127.0.0.1 --port 3000"),
        (("code", "/run/c.sock"), "dagster code-server start -f pipelines/definitions.py "
         "--working-directory . --location-name livestats --log-level warning "
         "--socket /run/c.sock"),
    ],
)  # fmt: skip
def test_ui_can_run_one_part_alone(words, started):
    _, dash_m, *found = ui.command(*words, "127.0.0.1", 3000, ["--read-only"])
    assert (dash_m, " ".join(found)) == ("-m", started)
    (module, *_) = found
    assert importlib.util.find_spec(module)


@pytest.mark.parametrize("only", ["daemon", "code"])
def test_a_log_of_json_is_one_of_dagsters_processes_too(only, monkeypatch):
    monkeypatch.setattr(json_log, "is_on", lambda: True)
    words = ui.command(only, None, "127.0.0.1", 3000)
    assert words[words.index("--log-format") + 1] == "json"


@pytest.mark.parametrize("only", ["web", "daemon"])
@pytest.mark.parametrize(
    ("code", "server"),
    [("code:4000", {"host": "code", "port": 4000}), ("/run/c.sock", {"socket": "/run/c.sock"})],
)
def test_web_and_daemon_find_the_code_under_one_name(only, code, server, tmp_path):
    """A run that one starts and the other cannot find would stay in the queue."""
    file = tmp_path / "w.yaml"
    file.write_text(ui.workspace(code))
    words = ui.command(only, code, "127.0.0.1", 3000, (), file)
    assert words[words.index("-w") + 1] == str(file)
    (origin,) = WorkspaceFileTarget([str(file)]).create_origins()
    assert origin.location_name == "livestats"
    assert {name: getattr(origin, name) for name in server} == server


def test_ui_starts_without_a_cut_that_cannot_be_and_says_so(tmp_path, monkeypatch):
    """A daemon that does not start captures nothing at all."""
    started = []
    monkeypatch.setattr(ui.os, "execve", lambda *words: started.append(words))
    monkeypatch.setattr(ui.os, "chdir", lambda _folder: None)
    monkeypatch.setattr(ui, "_run_all", lambda *_words: None)
    file = tmp_path / "livestats.toml"
    file.write_text('[cut.odd]\nendpoint = "DescribeLiveEdgeStatData"\nwidth_s = 7\n')
    environ = {"LIVESTATS_HOME": str(tmp_path / "home"), "LIVESTATS_SETTINGS": str(file)}
    told = CliRunner().invoke(main, ["ui", "--only", "daemon"], env=environ)
    assert told.exit_code == 0, told.output
    assert "Left out, while all else goes on: cut.odd: width_s = 7" in " ".join(told.output.split())
    assert len(started) == 1


def test_ui_says_at_its_end_that_nothing_is_captured_by_itself(tmp_path, monkeypatch):
    def ended(*_words):
        raise KeyboardInterrupt

    monkeypatch.setattr(ui.os, "chdir", lambda _folder: None)
    monkeypatch.setattr(ui, "_run_all", ended)
    told = CliRunner().invoke(main, ["ui"], env={"LIVESTATS_HOME": str(tmp_path / "home")})
    assert told.exit_code == 130
    assert "Stopped." in told.output
    assert "run the same command again" not in told.output


@pytest.mark.parametrize("code", ["4000", "code:x", ":4000"])
def test_ui_refuses_what_is_no_address(code):
    with pytest.raises(Refused):
        ui.workspace(code)


def test_the_code_listens_on_a_socket_or_on_host_and_port():
    with pytest.raises(Refused):
        ui.command("code", "code:4000", "127.0.0.1", 3000)


@pytest.mark.parametrize(
    ("words", "has_secrets"),
    [
        (("code", "/c.sock"), True),
        (("code", None), True),
        (("web", "/c.sock"), False),
        (("daemon", "code:4000"), False),
        (("web", None), True),  # it runs the code itself
    ],
)
def test_only_what_asks_the_api_gets_the_key(words, has_secrets):
    found = ui._of_part(words[0], {**SECRETS, "LIVESTATS_HOME": "h"}, words[1])
    assert found["LIVESTATS_HOME"] == "h"
    assert found.keys() >= SECRETS.keys() if has_secrets else found.keys() == {"LIVESTATS_HOME"}


def test_a_login_by_header_needs_what_others_cannot_send(tmp_path):
    environ = {"LIVESTATS_HOME": str(tmp_path / "home"), "LIVESTATS_UI_SECRET": ""}
    done = CliRunner().invoke(main, ["ui", "--login-header", "X-User"], env=environ)
    assert done.exit_code == 2
    assert "--socket" in done.output
    assert not (tmp_path / "home").exists()


KILLED = """
import sys
from pipelines.cli import ui

def command(only, code, *_words):
    made = f"touch {code}; " if only == "code" else ""
    return ["sh", "-c", f"{made}echo started; sleep 600 & sleep 600"]

ui.command = command
ui._run_all("127.0.0.1", 3000, [], {})
"""


def test_the_parts_end_when_ui_is_killed():
    """Also what they have started: all of them hold the other end of the pipe that is read here."""
    with subprocess.Popen(
        [sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True, cwd=ui.CHECKOUT
    ) as parent:
        assert [parent.stdout.readline() for _ in range(3)] == ["started\n"] * 3
        parent.kill()
        rest, _ = parent.communicate(timeout=60)
    assert rest == ""
