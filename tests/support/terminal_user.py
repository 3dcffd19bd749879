"""A user at a terminal with a simulated account: commands of the pages, run one after the other."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from click.testing import CliRunner

from pipelines.cli import main
from resources.simulator import Account, Simulator
from tests.support.archives import NOW, moving

ACCOUNT = Account(domains=1, streams_per_domain=2, deleted=0)
PRINTED_PORT = "8190"  # of `livestats simulate`; a test takes any free one
_OURS = ("LIVESTATS_", "VOLC_", "DAGSTER_")


@dataclass
class Terminal:
    """A folder and an environment in which commands are typed."""

    folder: Path
    simulator: Simulator
    environ: dict[str, str]

    def run(self, command: str, **environ: str | None) -> tuple[str, int]:
        """What `livestats ...` prints, stderr in its place, and its exit code.

        `simulate` announces the simulator that runs already; `ui` ends where it would become Dagster.
        """
        words = shlex.split(command, comments=True)
        assert words[0] == "livestats", command
        given = {name: None for name in os.environ if name.startswith(_OURS)}
        given |= {**self.environ, "HOME": str(self.folder), **environ}

        def serve(_account: object, *, announce: object, **_options: object) -> None:
            announce(self.simulator)

        def execve(*_: object) -> None:
            raise SystemExit(0)

        with (
            chdir(self.folder),
            mock.patch("resources.simulator.serve", serve),
            mock.patch("os.execve", execve),
            mock.patch("pipelines.cli.ui._run_all", execve),
        ):
            result = CliRunner().invoke(main, words[1:], env=given, prog_name="livestats")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return self._as_printed(result.output), result.exit_code

    def export(self, lines: str) -> None:
        """Take the variables of `export NAME=value` lines."""
        for line in lines.splitlines():
            words = shlex.split(line)
            if words[:1] == ["export"]:
                self.environ |= dict(word.partition("=")[::2] for word in words[1:])

    def _as_printed(self, text: str) -> str:
        port = self.simulator.url.rpartition(":")[2]
        return text.replace(f":{port}", f":{PRINTED_PORT}").replace(str(self.folder), "/home/me")


@contextmanager
def terminal(folder: Path, account: Account = ACCOUNT, **options: object) -> Iterator[Terminal]:
    """An empty folder, a simulated account that is served, and an environment without a key.

    The clock stands at `archives.NOW`. `options` are those of `Simulator`.
    """
    folder.mkdir(exist_ok=True)
    with Simulator(account, **{"rate": None, "clock": moving(NOW), **options}) as simulator:
        found = Terminal(folder, simulator, {"LIVESTATS_NOW": NOW.isoformat()})
        found.environ["LIVESTATS_CALLS_PER_SECOND"] = "none"
        yield found
