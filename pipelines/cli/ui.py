"""`livestats ui`: starts Dagster's web interface, daemon and code server on this archive.

What Dagster loads is in pipelines/definitions.py. Read next: orchestration/webserver.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.backfill.orphans import END_GROUPS_WITH_STDIN
from pipelines.cli import screen
from pipelines.cli.options import Refused, opened
from pipelines.cli.signals import FAREWELL
from pipelines.cli.ui_parts import CHECKOUT, command, end, name_to
from pipelines.orchestration import location
from resources.fs import atomic

if TYPE_CHECKING:
    from resources.archive import Archive

_LOOK_S = 0.5  # between looks at whether a part has ended
_STOPPED = (
    "Stopped. What is captured stays captured; nothing is captured by itself until `livestats ui` "
    "runs again."
)
_SECRETS = ("VOLC_ACCESSKEY", "VOLC_SECRETKEY", "VOLC_SESSION_TOKEN", "LIVESTATS_ALERT_WEBHOOK")
"""Only the code server asks the API and sends alarms: the other parts do not get these."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=3000, show_default=True, help="Port of the web interface.")
@click.option("--socket", metavar="PATH", help="Unix socket to listen on instead, for a proxy.")
@click.option(
    "--allow-host",
    multiple=True,
    metavar="NAME",
    help="Name by which browsers call the page, beside localhost and --host. Can be repeated.",
)
@click.option("--read-only", is_flag=True, help="Show everything, start and change nothing.")
@click.option(
    "--login-header",
    metavar="NAME",
    help="Header in which a login proxy names the user: with --socket or LIVESTATS_UI_SECRET only.",
)
@click.option(
    "--only",
    type=click.Choice(["web", "daemon", "code"]),
    help="One part in this process, for services and containers. Default: all, until Ctrl-C.",
)
@click.option(
    "--code",
    metavar="ADDRESS",
    help="HOST:PORT or path of the socket of `--only code`, for all three parts.",
)
@click.option(
    "--accounts",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="FOLDER",
    help="Several accounts on one page: a file NAME.env for each, with its home and key.",
)
@click.option(
    "--history",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="With --accounts: where Dagster keeps the run history of all of them.",
)
def ui(
    host: str,
    port: int,
    socket: str | None,
    allow_host: tuple[str, ...],
    read_only: bool,
    login_header: str | None,
    only: str | None,
    code: str | None,
    accounts: Path | None,
    history: Path | None,
) -> None:
    r"""Start Dagster's web interface and its schedules.

    It shows the graph of all tables, runs and schedules, and starts backfills on click. Pages of other
    sites and other host names than those allowed are refused. /healthz answers 503 if the code or
    the daemon is not well.

    The run history is in the home, in dagster/. The schedules run as long as this command runs. To run
    its parts as services, docs/operating.md has systemd units, a compose file and a login.

    \b
    Examples:
      livestats ui
      livestats ui --port 3001 --read-only
      livestats ui --only daemon
      livestats ui --accounts /etc/livestats/accounts --history /srv/livestats-dagster
    """
    from pipelines.orchestration.guard import is_loopback
    from pipelines.orchestration.instance import dagster_home
    from resources.config import FILE, FILE_VARIABLE

    web = _web_options(host, port, socket, allow_host, read_only, login_header)
    if only in (None, "web") and not (socket or login_header or is_loopback(host)):
        screen.note("The page has no login: everybody who reaches this address can start runs.")
    page = socket or f"http://{host}:{port}"
    if accounts or history:
        _several(accounts, history, bool(only or code), page, (host, port, web))
        return
    server = workspace(code) if code else ""
    archive = _without_broken_cuts()
    folder = dagster_home(archive)
    file = folder / "workspace.yaml" if code and only in ("web", "daemon") else None
    words = command(only, code, host, port, web, file) if only else []
    if file is not None:
        atomic.write_atomically(file, server.encode())
    _tidy_history(archive, only, code if code and "/" in code else port)
    environ = surroundings(os.environ, archive.home.root, folder)
    if not environ.get(FILE_VARIABLE) and Path(FILE).is_file():
        environ[FILE_VARIABLE] = str(Path(FILE).resolve())
    where = f"Dagster's {only or 'web interface and daemon'} on {archive.home.root}"
    seen = f": {page} in about 15 s" if only in (None, "web") else ""
    screen.note(f"{where}{seen}, until Ctrl-C")
    os.chdir(CHECKOUT)
    if only:
        os.execve(sys.executable, words, _of_part(only, environ, code))  # noqa: S606 - no shell is wanted
    click.get_current_context().meta[FAREWELL] = _STOPPED
    _run_all(host, port, web, environ)


def _without_broken_cuts() -> Archive:
    """The archive; cuts that cannot be are told."""
    archive = opened(leave_out_broken_cuts=True)
    for reason in archive.settings.broken_cuts.values():
        screen.note(f"Left out, while all else goes on: {reason}")
    return archive


def _tidy_history(archive: Archive, only: str | None, server: str | int) -> None:
    """End runs of command lines that were killed, and those of a code server that is started anew."""
    from pipelines.orchestration.instance import instance
    from pipelines.orchestration.run_launcher import end_orphans

    with instance(archive) as history:
        location.carry_over(history)
        if only == "code":
            end_orphans(history, server)


def _several(
    accounts: Path | None,
    history: Path | None,
    has_part: bool,
    page: str,
    web: tuple[str, int, Sequence[str]],
) -> None:
    """One page for several accounts. Raises Refused for options that do not go together."""
    from pipelines.cli import ui_accounts

    if accounts is None or history is None:
        raise Refused("--accounts and --history go together: where the accounts are, and the runs.")
    if has_part:
        raise Refused("--accounts starts all parts by itself: leave out --only and --code.")
    where = f"Dagster's page of the accounts in {accounts}"
    screen.note(f"{where}: {page} in about 20 s, until Ctrl-C")
    ui_accounts.run(accounts.resolve(), history.resolve(), *web)


def _web_options(
    host: str,
    port: int,
    socket: str | None,
    allow_host: Sequence[str],
    read_only: bool,
    login_header: str | None,
) -> list[str]:
    """The options of the web server. Raises Refused for a login that anybody could send."""
    from resources.api.credentials import secret_of
    from resources.config.loader import UI_SECRET

    if login_header and not socket and not secret_of(os.environ, UI_SECRET):
        raise Refused(
            f"--login-header is trusted with --socket, or with {UI_SECRET}: otherwise anybody could "
            "send the header."
        )
    words = ["--socket", socket] if socket else ["--host", host, "--port", str(port)]
    words += [word for name in allow_host for word in ("--allow-host", name)]
    words += ["--read-only"] * read_only
    return words + (["--login-header", login_header] if login_header else [])


def workspace(code: str) -> str:
    """What Dagster reads to find the code server: the same name everywhere, for runs hold it.

    Raises Refused if `code` is no address.
    """
    if "/" in code:
        where: dict[str, str | int] = {"socket": code}
    else:
        host, _, port = code.rpartition(":")
        if not host or not port.isdecimal():
            raise Refused(f"--code {code!r} is not an address. Write it like code:4000, or a path.")
        where = {"host": host, "port": int(port)}
    return json.dumps({"load_from": [{"grpc_server": {**where, "location_name": location.NAME}}]})


def surroundings(environ: Mapping[str, str], home: Path, folder: Path) -> dict[str, str]:
    """The environment of Dagster. Paths are absolute because it runs in the checkout."""
    from pipelines.orchestration import start_status
    from pipelines.orchestration.instance import surroundings as of_dagster
    from resources.config.loader import SCHEDULES_VARIABLE

    ours = {"LIVESTATS_HOME": str(home.resolve()), SCHEDULES_VARIABLE: start_status.RUN}
    ours |= of_dagster(folder.resolve())
    return {**environ, **ours}


def _of_part(only: str, environ: Mapping[str, str], code: str | None) -> dict[str, str]:
    """The environment of a part; without a code server of its own, web and daemon do its work."""
    if only == "code" or code is None:
        return {**environ}
    secrets = {f"{name}{end}" for name in _SECRETS for end in ("", "_FILE")}
    return {name: value for name, value in environ.items() if name not in secrets}


def _run_all(host: str, port: int, web: Sequence[str], environ: Mapping[str, str]) -> None:
    """Run all three parts until one ends or a signal comes; then end the others."""
    with tempfile.TemporaryDirectory(prefix="livestats-") as folder:
        code, file = f"{folder}/code.sock", Path(folder, "workspace.yaml")
        file.write_text(workspace(code))
        parts: dict[str, subprocess.Popen[bytes]] = {}
        guard = subprocess.Popen(
            [sys.executable, "-c", END_GROUPS_WITH_STDIN], stdin=subprocess.PIPE,
            start_new_session=True, env=_of_part("daemon", environ, code),
        )  # fmt: skip
        try:
            for only in ("code", "daemon", "web"):
                words = command(only, code, host, port, web, file)
                # Each leads a group: the code server and the daemon start processes of their own.
                parts[only] = subprocess.Popen(
                    words, env=_of_part(only, environ, code), start_new_session=True,
                    preexec_fn=partial(name_to, guard),  # noqa: PLW1509 - writes one line
                )  # fmt: skip
                # The others would log that nobody serves the code yet.
                while parts["code"].poll() is None and not Path(code).exists():
                    time.sleep(_LOOK_S)
            while all(part.poll() is None for part in parts.values()):
                time.sleep(_LOOK_S)
            ended = next(name for name, part in parts.items() if part.poll() is not None)
            raise Refused(f"Dagster's {ended} has ended by itself; its own message is above.")
        finally:
            end([*parts.values()])
            guard.kill()  # the numbers of its groups may be those of others by now
            guard.wait()
