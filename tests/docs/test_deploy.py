"""The files of deploy/: what an image holds, who gets the key, and what a service may write."""

import configparser
import fnmatch
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = {path.stem: path for path in (DEPLOY / "systemd").glob("*.service")}
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
WORKERS = yaml.safe_load((DEPLOY / "compose.workers.yaml").read_text("utf-8"))["services"]
KUBERNETES = [*yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8"))]
CONTAINERFILE = (DEPLOY / "Containerfile").read_text("utf-8")
SERVICES = COMPOSE["services"]
KEY = re.compile(r"VOLC_|access_key|secret_key")
PLANTED = (
    ".env", ".env.production", ".git/config", ".venv/lib/x.py", ".venv-peers/x.py",
    ".superset/superset_config.py", ".volc/credentials", "livestats.toml", "data/archive.json",
    "home/raw/x/manifest.json.gz", "my-archive/archive.json", "some.duckdb", "deploy/environment",
    "deploy/secrets/secret_key", "deploy/accounts/acme.env", "deploy/store.env", "bi/.env", "bi/data/x.duckdb", "pipelines/.env", "assets/secrets/key",
    "resources/livestats.toml", "id_rsa", "server.pem", "resources/server.key", "assets/x.duckdb.wal",
    ".tmp_dagster_home_x/history/runs.db", "dagster.yaml", "tests/fixtures/x", "benchmarks/x",
    "pipelines/__pycache__/x.pyc",
)  # fmt: skip


def matches(pattern, path):
    """Whether a pattern of .dockerignore is about a path or a folder above it."""
    parts, names = pattern.strip("/").split("/"), path.split("/")
    return any(fits(parts, names[:end]) for end in range(1, len(names) + 1))


def fits(parts, names):
    if not parts:
        return not names
    if parts[0] == "**":
        return any(fits(parts[1:], names[start:]) for start in range(len(names) + 1))
    return bool(names) and fnmatch.fnmatchcase(names[0], parts[0]) and fits(parts[1:], names[1:])


def is_sent(path):
    """Whether a file of the checkout is in the build context: the last pattern that matches decides."""
    ignored = False
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        if line and not line.startswith("#") and matches(line.removeprefix("!"), path):
            ignored = not line.startswith("!")
    return not ignored


@pytest.mark.parametrize("path", PLANTED)
def test_no_secret_home_or_environment_gets_into_an_image(path):
    assert not is_sent(path)


def test_all_that_runs_gets_into_an_image():
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    of_use = ("assets/", "pipelines/", "resources/", "livestats.py", "hatch_build.py", "Makefile",
              "pyproject.toml", "requirements.lock", "workspace.yaml", "LICENSE")  # fmt: skip
    sent = [path for path in tracked if path and is_sent(path)]
    assert [path for path in tracked if path.startswith(of_use) and path not in sent] == []
    assert {path.split("/")[0] for path in sent} <= {name.rstrip("/") for name in of_use} | {
        "bi", "README.md",
    }  # fmt: skip


def test_the_image_runs_as_a_user_without_rights_and_looks_at_the_pages_health():
    assert re.search(r"^USER 1000:1000$", CONTAINERFILE, re.M)
    command = re.search(r"HEALTHCHECK .*\\\n\s+CMD (\[.*\])", CONTAINERFILE)
    assert "/healthz" in " ".join(json.loads(command[1]))
    assert "umask 027" in CONTAINERFILE
    assert not KEY.search(CONTAINERFILE)


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_can_write_its_volumes_and_nothing_else(name):
    one = SERVICES[name]
    assert one["read_only"]
    assert one["cap_drop"] == ["ALL"]
    assert one["user"] == "1000:1000"
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert one["tmpfs"] == ["/tmp"]
    assert [volume.split(":")[0] for volume in one["volumes"]] == ["data", "run"]


def test_only_the_process_that_asks_the_api_gets_the_key():
    """In containers and in units; and its server is on a socket that no network reaches."""
    assert [name for name in SERVICES if KEY.search(json.dumps(SERVICES[name]))] == ["code"]
    assert [name for name in UNITS if KEY.search(UNITS[name].read_text())] == ["livestats-code"]
    commands = [one["command"] for one in SERVICES.values()]
    commands += [unit(name)["ExecStart"].split()[1:] for name in UNITS]
    for words in commands:
        assert words[words.index("--code") + 1] == "/run/livestats/code.sock"
        assert words[words.index("--only") + 1] == "web" or "--host" not in words
    assert [name for name in SERVICES if "ports" in SERVICES[name]] == ["web"]
    assert SERVICES["web"]["ports"] == ["127.0.0.1:3000:3000"]
    assert not any("expose" in one for one in SERVICES.values())


def unit(name):
    """The section of a service; what is given twice is joined."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(UNITS[name])
    return parser["Service"]


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_locked_down(name):
    found = unit(name)
    expected = {
        "UMask": "0027", "ProtectSystem": "strict", "ReadWritePaths": "/srv/livestats",
        "CapabilityBoundingSet": "", "SystemCallFilter": "@system-service", "User": "livestats",
    }  # fmt: skip
    assert {key: found[key] for key in expected} == expected
    for key in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome", "LockPersonality",
                "ProtectKernelTunables", "ProtectControlGroups", "RestrictSUIDSGID"):  # fmt: skip
        assert found[key] == "true", key


def test_the_proxy_in_front_names_the_user_over_a_socket():
    proxy = (DEPLOY / "Caddyfile").read_text("utf-8")
    assert "basic_auth" in proxy
    assert re.search(r"reverse_proxy unix/(/\S+) \{", proxy)[1] in proxy.split("reverse_proxy")[0]
    assert "header_up X-Livestats-User {http.auth.user.id}" in proxy
    assert "--login-header X-Livestats-User" in proxy


def test_every_option_of_these_files_exists():
    from pipelines.cli.ui import ui

    known = {name for parameter in ui.params for name in parameter.opts}
    texts = [path.read_text("utf-8") for path in DEPLOY.rglob("*") if path.is_file()]
    asked = {word for text in texts for line in re.findall(r"(?:livestats ui|\[ui,|    --login).*", text)
             for word in re.findall(r"(?<!\S)--[a-z-]+", line)}  # fmt: skip
    assert asked >= {"--only", "--code", "--host"}
    assert asked <= known


@pytest.mark.parametrize("name", ["worker-1", "worker-2"])
def test_a_worker_can_write_its_own_homes_and_nothing_else(name):
    one = WORKERS[name]
    assert (one["read_only"], one["cap_drop"], one["user"]) == (True, ["ALL"], "1000:1000")
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert one["volumes"] == [
        f"{name}:/home/livestats/data",
        "./accounts:/etc/livestats/accounts:ro",
    ]
    assert one["hostname"] == name  # leases name it


def test_no_port_of_the_workers_or_of_what_they_share_is_published():
    assert [name for name, one in WORKERS.items() if "ports" in one or "expose" in one] == []
    assert not KEY.search(json.dumps([WORKERS[name] for name in ("worker-1", "worker-2")]))


def test_a_pod_has_no_rights_and_writes_its_own_disk_alone():
    (found,) = [one for one in KUBERNETES if one["kind"] == "StatefulSet"]
    pod = found["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (
        True,
        1000,
    )
    (worker,) = pod["containers"]
    assert worker["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    mounts = {one["name"]: one for one in worker["volumeMounts"]}
    assert [name for name, one in mounts.items() if not one.get("readOnly")] == [
        "data",
        "temporary",
    ]
    (disk,) = found["spec"]["volumeClaimTemplates"]
    assert (
        mounts[disk["metadata"]["name"]]["mountPath"]
        == WORKERS["worker-1"]["volumes"][0].split(":")[1]
    )
    assert not KEY.search(json.dumps(KUBERNETES))


@pytest.mark.parametrize("where", ["compose", "kubernetes"])
def test_the_command_of_a_worker_is_one(where, tmp_path):
    """It gets as far as the folder of accounts, which is not there."""
    from pipelines.cli import main

    pods = [one["spec"]["template"]["spec"] for one in KUBERNETES if one["kind"] == "StatefulSet"]
    words = (
        WORKERS["worker-1"]["command"] if where == "compose" else pods[0]["containers"][0]["args"]
    )
    result = CliRunner().invoke(main, words)
    assert "'/etc/livestats/accounts' does not exist" in result.output
    words = [str(tmp_path) if word.startswith("/etc") else word for word in words]
    assert "has no account" in CliRunner().invoke(main, words).output


@pytest.mark.slow  # a process; the history is not touched
def test_the_program_runs_from_a_folder_that_it_cannot_write(tmp_path):
    """As in a read-only image: another folder, no byte code, the home alone is writable."""
    home = tmp_path / "home"
    done = subprocess.run(
        [sys.executable, "-c",
         "import os; os.umask(0o027); from pipelines.cli import main; main(['status'])"],
        cwd="/", capture_output=True, text=True, check=False, timeout=120,
        env={"PYTHONPATH": str(ROOT), "LIVESTATS_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1",
             "PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1)
