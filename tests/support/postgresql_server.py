"""A PostgreSQL server of a test run, on a free port of 127.0.0.1, with passwords."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "qK8-server-Password-27"


@dataclass(frozen=True)
class Database:
    """A database of the server, which belongs to the role `publisher`."""

    port: int
    name: str

    @property
    def url(self) -> str:
        return f"postgresql://publisher@127.0.0.1:{self.port}/{self.name}"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What another client sees, by another driver, in a transaction of its own."""
        import psycopg2

        connection = psycopg2.connect(self.url, password=PASSWORD)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int

    def database(self, name: str) -> Database:
        """A new, empty database."""
        import psycopg2

        connection = psycopg2.connect(
            f"postgresql://postgres@127.0.0.1:{self.port}/postgres", password=PASSWORD
        )
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} OWNER publisher")
        connection.close()
        return Database(self.port, name)


def _programs() -> Path | None:
    """The folder of initdb and pg_ctl; Debian does not have it on the PATH."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).parent] if on_path else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in found if (folder / "initdb").exists()), None)


@contextmanager
def running() -> Iterator[Server]:
    """A server, ended after the block. Skips the test where there is none, or no driver."""
    pytest.importorskip("adbc_driver_postgresql")
    psycopg2 = pytest.importorskip("psycopg2")
    programs = _programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed (Debian: postgresql)")
    # PostgreSQL refuses to run as root, and pytest's own folders are root's alone.
    is_root = os.geteuid() == 0
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if is_root else {}
    with tempfile.TemporaryDirectory(prefix="livestats-postgresql-") as made:
        folder, secret = Path(made) / "data", Path(made) / "password"
        secret.write_text(PASSWORD)
        if is_root:
            for path in (Path(made), secret):
                shutil.chown(path, "postgres", "postgres")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]

        def call(program: str, *words: str) -> None:
            subprocess.run(
                [programs / program, "-D", folder, *words], check=True, cwd=made, **user,
                stdout=subprocess.DEVNULL,
            )  # fmt: skip

        call("initdb", "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret}", "--no-sync")
        options = (
            f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        )
        call("pg_ctl", "-o", options, "-l", f"{made}/log", "-w", "start")
        try:
            admin = psycopg2.connect(
                f"postgresql://postgres@127.0.0.1:{port}/postgres", password=PASSWORD
            )
            with admin, admin.cursor() as cursor:
                cursor.execute(f"CREATE ROLE publisher LOGIN PASSWORD '{PASSWORD}'")
            admin.close()
            yield Server(port)
        finally:
            call("pg_ctl", "-m", "immediate", "stop")
