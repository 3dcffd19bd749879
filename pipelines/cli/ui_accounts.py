"""`livestats ui --accounts`: one page and one daemon, and a code server for each account.

The fault of one account, such as settings that cannot be or a server that ends, leaves the others at work.
Not here: what an account is (accounts/account_file.py), one account alone (ui.py, read it first).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pipelines.accounts import account_file
from pipelines.accounts.account_file import Account
from pipelines.backfill.orphans import END_GROUPS_WITH_STDIN
from pipelines.cli import screen, ui_parts
from pipelines.cli.options import Refused
from pipelines.orchestration import accounts
from pipelines.orchestration.instance import make_tables
from resources.archive import Archive
from resources.errors import LivestatsError
from resources.fs import atomic

_LOOK_S = 0.5  # between looks at what has ended
_AGAIN_S = 30.0  # before a code server that has ended is started again
_SERVES_S = 60.0  # to begin to serve, before the page starts without an account


@dataclass
class _Code:
    """The code server of one account."""

    account: Account
    socket: str
    process: subprocess.Popen[bytes] | None = None
    began_s: float = 0.0


@dataclass
class _Servers:
    """The processes of a page. All are ended together."""

    guard: subprocess.Popen[bytes]
    history: Path
    codes: list[_Code]
    shared: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, words: Sequence[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """A process that leads a group, and ends when this one is killed."""
        return subprocess.Popen(
            words, env=environ, start_new_session=True, cwd=ui_parts.CHECKOUT,
            preexec_fn=partial(ui_parts.name_to, self.guard),  # noqa: PLW1509 - writes one line
        )  # fmt: skip

    def serve(self, code: _Code) -> None:
        """Start the code server of an account."""
        Path(code.socket).unlink(missing_ok=True)
        words = ui_parts.command("code", code.socket, "", 0, name=code.account.name)
        code.process = self.start(
            words, accounts.environ_of(code.account, os.environ, self.history)
        )
        code.began_s = time.monotonic()

    def serve_again(self) -> None:
        """Start code servers that have ended, each some time after it began."""
        for code in self.codes:
            if code.process is not None and code.process.poll() is not None:
                ui_parts.end([code.process])  # what it has left behind
                code.process = None
                screen.note(
                    f"The code server of {code.account.name} has ended by itself; its own message is "
                    "above. It is started again, and the others go on."
                )
            if code.process is None and time.monotonic() - code.began_s >= _AGAIN_S:
                self.serve(code)

    def end(self) -> None:
        """End all; the code servers last, which wait for those that ask them."""
        ui_parts.end([*self.shared.values()])
        ui_parts.end([code.process for code in self.codes if code.process is not None])
        self.guard.kill()
        self.guard.wait()


def run(folder: Path, history: Path, host: str, port: int, web: Sequence[str]) -> None:
    """Serve the accounts of a folder until a signal comes, or daemon or page end. Raises SettingsError."""
    found = account_file.read(folder)
    accounts.write_config(history, len(found))
    make_tables(history)
    for one in found:
        _prepare(one, history)
    with tempfile.TemporaryDirectory(prefix="livestats-") as temporary:
        codes = [_Code(one, f"{temporary}/{one.name}.sock") for one in found]
        file = Path(temporary, "workspace.yaml")
        sockets = {code.account.name: code.socket for code in codes}
        atomic.write_atomically(file, accounts.workspace(sockets).encode())
        # Daemon and page get no variable of an account, and so no key.
        nobody = Account("", {account_file.HOME_VARIABLE: str(history)})
        environ = accounts.environ_of(nobody, os.environ, history)
        guard = subprocess.Popen(
            [sys.executable, "-c", END_GROUPS_WITH_STDIN], stdin=subprocess.PIPE,
            start_new_session=True, env=environ,
        )  # fmt: skip
        servers = _Servers(guard, history, codes)
        try:
            for code in codes:
                servers.serve(code)
            _await_sockets(codes)
            for only in ("daemon", "web"):
                words = ui_parts.command(only, None, host, port, web, file)
                servers.shared[only] = servers.start(words, environ)
            while all(part.poll() is None for part in servers.shared.values()):
                servers.serve_again()
                time.sleep(_LOOK_S)
            ended = next(n for n, part in servers.shared.items() if part.poll() is not None)
            raise Refused(f"Dagster's {ended} has ended by itself; its own message is above.")
        finally:
            servers.end()


def _prepare(account: Account, history: Path) -> None:
    """Make the home of an account. What is wrong is told, and the page shows the account as broken."""
    try:
        archive = Archive.open(
            accounts.environ_of(account, os.environ, history),
            ui_parts.CHECKOUT,
            leave_out_broken_cuts=True,
        )
        archive.home.prepare(archive.settings, archive.now())
    except (LivestatsError, OSError, ValueError) as error:
        screen.note(f"{account.name} cannot be used, while the others go on: {error}")


def _await_sockets(codes: Sequence[_Code]) -> None:
    """Wait until each account is served, or its server has ended: the others would log that it is not."""
    until_s = time.monotonic() + _SERVES_S
    while time.monotonic() < until_s and not all(map(_is_settled, codes)):
        time.sleep(_LOOK_S)


def _is_settled(code: _Code) -> bool:
    has_ended = code.process is None or code.process.poll() is not None
    return has_ended or Path(code.socket).exists()
