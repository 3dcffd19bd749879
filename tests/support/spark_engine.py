"""An engine that speaks Spark Connect, for tests: Sail, or the Spark that SPARK_REMOTE names."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest


@contextmanager
def running(**environ: str) -> Iterator[str]:
    """The address of a server, which is ended afterwards; Sail has `environ` as well."""
    pytest.importorskip("pyspark")
    if given := os.environ.get("SPARK_REMOTE"):
        yield given
        return
    pytest.importorskip("pysail")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "pysail", "spark", "server", "--ip", "127.0.0.1", "--port", str(port)],
        env={**os.environ, "RUST_LOG": "info", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    said: deque[str] = deque(maxlen=100)
    assert server.stdout
    try:
        for line in server.stdout:  # it says so when it serves
            said.append(line)
            if "127.0.0.1" in line:
                break
        else:
            raise AssertionError(f"Sail did not start: {''.join(said)}")
        # A pipe that is full would stop the server.
        reader = Thread(target=lambda: said.extend(server.stdout or ()), daemon=True)
        reader.start()
        yield f"sc://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
