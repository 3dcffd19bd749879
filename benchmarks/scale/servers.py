"""Servers of the benchmark, each a process on a free port of this machine: a store, Sail, Spark."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.backfill.processes import descendants
from benchmarks.scale.figures import StepFailed

BUCKET = "livestats"
_CATALOG = "PYICEBERG_CATALOG__LIVESTATS__"
_KEY, _SECRET = "an-access-key", "a-secret-of-no-account"
_PATIENCE_S = 600


@dataclass(frozen=True)
class Server:
    """A process that serves."""

    pid: int
    port: int

    def cpu_s(self) -> float:
        """User and system time so far, with its children."""
        ticks = 0
        for pid in (self.pid, *descendants(self.pid)):
            with suppress(OSError):  # it has ended
                stat = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
                ticks += int(stat[11]) + int(stat[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def peak_mb(self) -> float:
        """The largest peak of any of its processes since `forget_peak`."""
        found = []
        for pid in (self.pid, *descendants(self.pid)):
            with suppress(OSError):
                said = Path(f"/proc/{pid}/status").read_text("ascii", errors="replace")
                found += [int(kb) for kb in re.findall(r"VmHWM:\s+(\d+)", said)]
        return max(found, default=0) / 1000

    def forget_peak(self) -> None:
        """Begin the peak anew."""
        for pid in (self.pid, *descendants(self.pid)):
            with suppress(OSError):
                Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")


@contextmanager
def _serving(
    command: Sequence[str], port: int, log: Path, environ: Mapping[str, str]
) -> Iterator[Server]:
    """Start a server, wait until it takes connections, and end it after the block."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **environ}, stdout=output, stderr=output, cwd=log.parent
        )
        try:
            _wait_for(process, port, log)
            yield Server(process.pid, port)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.2)
    said = log.read_text("utf-8", errors="replace")[-1000:]
    raise StepFailed(f"{process.args} does not serve: {said}")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def object_store(folder: Path) -> Iterator[dict[str, str]]:
    """An S3-compatible store with a bucket, and a catalog in SQLite; the variables that name both.

    Objects larger than 64 kB lie in files below `folder`, whatever memory there is.
    """
    import boto3

    kept = folder / "objects"
    kept.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    environ = {"TMPDIR": str(kept), "MOTO_S3_DEFAULT_KEY_BUFFER_SIZE": "65536"}
    with _serving(command, port, folder / "store.log", environ):
        boto3.client(
            "s3", endpoint_url=url, aws_access_key_id=_KEY, aws_secret_access_key=_SECRET,
            region_name="us-east-1",
        ).create_bucket(Bucket=BUCKET)  # fmt: skip
        yield {
            f"{_CATALOG}TYPE": "sql",
            f"{_CATALOG}URI": f"sqlite:///{folder / 'catalog.db'}",
            f"{_CATALOG}WAREHOUSE": f"s3://{BUCKET}",
            f"{_CATALOG}S3__ENDPOINT": url,
            f"{_CATALOG}S3__REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": _KEY,
            "AWS_SECRET_ACCESS_KEY": _SECRET,
        }


def bytes_in_store(variables: Mapping[str, str]) -> tuple[int, int]:
    """(Number of objects, their bytes) in the bucket."""
    from pyarrow import fs

    store = fs.S3FileSystem(
        access_key=_KEY, secret_key=_SECRET, region="us-east-1",
        endpoint_override=variables[f"{_CATALOG}S3__ENDPOINT"],
    )  # fmt: skip
    files = [
        one
        for one in store.get_file_info(fs.FileSelector(BUCKET, recursive=True))
        if one.type is fs.FileType.File
    ]
    return len(files), sum(one.size for one in files)


@contextmanager
def sail(folder: Path) -> Iterator[Server]:
    """Sail, which speaks Spark Connect."""
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "pysail",
        "spark",
        "server",
        "--ip",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with _serving(command, port, folder / "sail.log", {}) as server:
        yield server


@contextmanager
def spark(folder: Path, home: Path, memory: str) -> Iterator[Server]:
    """Spark itself on this machine's cores; `home` is SPARK_HOME, `memory` that of its heap, as 4g."""
    port = _free_port()
    command = [
        str(home / "bin" / "spark-submit"), "--master", "local[*]", "--driver-memory", memory,
        "--conf", f"spark.connect.grpc.binding.port={port}",
        "--conf", "spark.ui.enabled=false",
        "--conf", f"spark.local.dir={folder}",
        "--conf", f"spark.sql.warehouse.dir={folder / 'spark-warehouse'}",
        "--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal",
    ]  # fmt: skip
    environ = {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}
    with _serving(command, port, folder / "spark.log", environ) as server:
        yield server
