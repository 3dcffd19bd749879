"""A host that takes accounts in turn: which commands it starts for each, and how it goes on after them.

Each account is a process of its own. Not here: whose turn it is (accounts/turns.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from pipelines.accounts import account_file
from pipelines.accounts.account_file import Account
from pipelines.accounts.turns import Turns
from pipelines.backfill.orphans import END_GROUPS_WITH_STDIN
from pipelines.cli import screen
from pipelines.cli.ui_parts import CHECKOUT, end, name_to
from resources.config import SettingsError, load
from resources.errors import LivestatsError
from resources.home import lease_server
from resources.home.layout import Home
from resources.monitoring import webhook
from resources.verify import saved_result

_LOOK_S = 1.0  # between looks at what has ended, and at what is due
_VERIFIED_FOR = timedelta(days=7)
_COMMAND = "import sys; sys.argv[0] = 'livestats'; from pipelines.cli import main; main()"


def run(folder: Path, every_s: float, at_once: int, *, once: bool) -> bool:
    """Work on the accounts of a folder until a signal comes, or, with `once`, until each had its turn.

    Returns whether one of them was not brought up to date.
    """
    with subprocess.Popen(
        [sys.executable, "-c", END_GROUPS_WITH_STDIN], stdin=subprocess.PIPE,
        start_new_session=True, cwd=CHECKOUT,
    ) as guard:  # fmt: skip
        host = _Host(folder, Turns(every_s), at_once, guard, once=once)
        try:
            host.work()
        finally:
            host.end()
            guard.kill()
    return bool(host.failed)


@dataclass
class _Turn:
    """What is done for one account, one command after the other."""

    account: Account
    left: list[list[str]]  # words of the commands that follow
    process: subprocess.Popen[bytes]
    began_s: float
    code: int | None = None  # of the first command, once it has ended


@dataclass
class _Host:
    """This host, with the accounts that it works on."""

    folder: Path
    turns: Turns
    at_once: int
    guard: subprocess.Popen[bytes]
    once: bool
    failed: set[str] = field(default_factory=set)
    _running: dict[str, _Turn] = field(default_factory=dict)
    _accounts: dict[str, Account] = field(default_factory=dict)
    _told: dict[str, str] = field(default_factory=dict)  # what was said last, by account

    def work(self) -> None:
        """Go on for ever, or, with `once`, until each account had its turn."""
        had: set[str] = set()
        while True:
            self._read_again()
            self.turns.set_accounts([*self._accounts], time.monotonic())
            for name in [*self._running]:
                self._look_after(name)
            while len(self._running) < self.at_once and (next_one := self._due(had)):
                had.add(next_one)
                self._take(self._accounts[next_one])
            if self.once and not self._running and had >= self._accounts.keys():
                return
            time.sleep(_LOOK_S)

    def _due(self, had: Collection[str]) -> str | None:
        busy = {*self._running} | ({*had} if self.once else set())
        return self.turns.due(time.monotonic(), busy)

    def _read_again(self) -> None:
        try:
            self._accounts = {one.name: one for one in account_file.read(self.folder)}
        except SettingsError as error:
            self._tell("", f"The accounts stay as they were: {error}")
        else:
            self._told.pop("", None)

    def _take(self, account: Account) -> None:
        """Begin the turn of an account, unless another host works on it or its settings cannot be."""
        name = account.name
        commands: list[list[str]] = []
        try:
            commands = self._commands(account)
            process = self._started(account, commands[0]) if commands else None
        except (LivestatsError, OSError, ValueError) as error:
            self._tell(name, f"{name} cannot be taken, while the others go on: {error}")
            self.failed.add(name)
            process = None
        if process is None:
            self.turns.ended(name, 2, time.monotonic())
            return
        self._told.pop(name, None)
        self._running[name] = _Turn(account, commands[1:], process, time.monotonic())

    def _commands(self, account: Account) -> list[list[str]]:
        """What is to be done for an account now; nothing if it is another host's."""
        environ = account.environ(os.environ)
        settings = load(environ, CHECKOUT, leave_out_broken_cuts=True)
        home = Home(settings.home)
        last = lease_server.last_holder(home, settings, environ)
        if last is not None and self.turns.is_anothers(last):
            self._tell(account.name, f"{account.name} is left to {last.host}, which has it.")
            return []
        found = [["backfill", "--reread"]]
        if home.identity is None:
            return found  # nothing to look at yet
        if webhook.address(environ):
            found.append(["alarms", "--send"])
        if settings.scale_cold:
            found.append(["cold"])
        verified = saved_result.read(home).at
        if verified is None or datetime.now(UTC) - verified >= _VERIFIED_FOR:
            found.append(["verify"])
        return found

    def _started(self, account: Account, words: Sequence[str]) -> subprocess.Popen[bytes]:
        """A command of an account: a process that leads a group, and ends when this one is killed."""
        screen.note(f"{account.name}: livestats {' '.join(words)}")
        return subprocess.Popen(
            [sys.executable, "-c", _COMMAND, *words], env=account.environ(os.environ), cwd=CHECKOUT,
            stdin=subprocess.DEVNULL, start_new_session=True,
            preexec_fn=partial(name_to, self.guard),  # noqa: PLW1509 - writes one line
        )  # fmt: skip

    def _look_after(self, name: str) -> None:
        """Go on to the next command of an account whose command has ended, or end its turn."""
        turn = self._running[name]
        code = turn.process.poll()
        if code is None:
            return
        end([turn.process])  # what it has left behind
        turn.code = code if turn.code is None else turn.code
        if code:
            self.failed.add(name)
        if turn.left:
            turn.process = self._started(turn.account, turn.left.pop(0))
            return
        del self._running[name]
        now_s = time.monotonic()
        again_s = self.turns.ended(name, turn.code, now_s)
        then = "" if self.once else f"; again in {screen.span(again_s)}"
        screen.note(
            f"{name}: backfill ended with {turn.code}, {screen.span(now_s - turn.began_s)} in all{then}"
        )

    def _tell(self, name: str, text: str) -> None:
        """Say something about an account, unless it was said last time."""
        if self._told.get(name) != text:
            self._told[name] = text
            screen.note(text)

    def end(self) -> None:
        """End what runs, as Ctrl-C would."""
        end([turn.process for turn in self._running.values()])
