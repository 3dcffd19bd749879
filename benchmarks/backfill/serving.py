"""The benchmark's server as a child process: started, asked what it counted, ended."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class Server:
    """A server of one account; `plan` holds the requests of a day as `load.plan` gives them."""

    def __init__(self, domains: int, streams: int, hours: float, scratch: Path) -> None:
        self._words = ["--domains", str(domains), "--streams", str(streams), "--hours", str(hours)]
        self._plan_file = scratch / f"plan-{domains}-{streams}.json"
        self._process: subprocess.Popen[str]
        self.url = ""
        self.plan: dict[str, Any] = {}

    def __enter__(self) -> Self:
        module = [sys.executable, "-m", "benchmarks.backfill.server", *self._words]
        self._process = subprocess.Popen(
            [*module, "--plan", str(self._plan_file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            self.__exit__(None, None, None)
            raise RuntimeError(f"the server ended with {self._process.returncode}: see above")
        self.plan = json.loads(self._plan_file.read_text("utf-8"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.wait()

    def reset(self, **settings: float | bool) -> None:
        """Begin a new count; `settings` are those of `server.Count`."""
        self._call("reset", settings)

    def counted(self) -> dict[str, Any]:
        """What was served since the last reset."""
        return self._call("stats", {})

    def _call(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        data = json.dumps(body).encode()
        # No proxy of the environment stands between this machine and itself.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.url}/bench/{what}", data, timeout=60) as answer:
            told: dict[str, Any] = json.load(answer)
        return told
