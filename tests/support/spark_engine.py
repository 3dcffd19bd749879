"""Engines that speak Spark Connect, for tests: Sail, and Spark itself."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread, Timer

import pytest

ENGINES = ("Sail", "Spark")

_STARTS_WITHIN_S = 300


@contextmanager
def running(name: str, **environ: str) -> Iterator[str]:
    """The address of an engine, which is ended afterwards; Sail has `environ` as well.

    Spark is the one that SPARK_REMOTE names, or is started from SPARK_HOME, where `make test-scale`
    puts one if there is a Java. The test is skipped without either.
    """
    pytest.importorskip("pyspark")
    if name == "Sail":
        pytest.importorskip("pysail")
        command = [sys.executable, "-m", "pysail", "spark", "server", "--ip", "127.0.0.1"]
        port = _free_port()
        with _started([*command, "--port", str(port)], {"RUST_LOG": "info", **environ}, str(port)):
            yield f"sc://127.0.0.1:{port}"
    elif given := os.environ.get("SPARK_REMOTE"):
        yield given
    else:
        with _spark() as address:
            yield address


@contextmanager
def _spark() -> Iterator[str]:
    home = os.environ.get("SPARK_HOME")
    if not home:
        pytest.skip("needs Java 17 or newer, and SPARK_HOME: make test-scale")
    port = _free_port()
    command = [
        str(Path(home) / "bin" / "spark-submit"), "--master", "local[2]", "--driver-memory", "2g",
        "--conf", "spark.connect.grpc.binding.address=127.0.0.1",
        "--conf", f"spark.connect.grpc.binding.port={port}",
        "--conf", "spark.ui.enabled=false",
        "--conf", "spark.sql.shuffle.partitions=2",
        "--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal",
    ]  # fmt: skip
    with _started(command, {"SPARK_LOCAL_IP": "127.0.0.1"}, "Spark Connect server started at"):
        yield f"sc://127.0.0.1:{port}"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def _started(command: list[str], environ: dict[str, str], sign: str) -> Iterator[None]:
    """A server that says `sign` when it serves; it is killed afterwards."""
    said: deque[str] = deque(maxlen=100)
    with tempfile.TemporaryDirectory() as folder:  # Spark makes folders where it is started
        server = subprocess.Popen(
            command, env={**os.environ, **environ}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, cwd=folder,
        )  # fmt: skip
        assert server.stdout
        hangs = Timer(_STARTS_WITHIN_S, server.kill)
        hangs.daemon = True
        hangs.start()
        try:
            for line in server.stdout:
                said.append(line)
                if sign in line:
                    break
            else:
                raise AssertionError(f"{command[0]} did not start: {''.join(said)}")
            hangs.cancel()
            # A pipe that is full would stop the server.
            reader = Thread(target=lambda: said.extend(server.stdout or ()), daemon=True)
            reader.start()
            yield
        finally:
            server.kill()  # spark-submit has become Java itself
            server.wait()
            server.stdout.close()
