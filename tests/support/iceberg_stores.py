"""Iceberg catalogs for tests: a folder with SQLite, or an object store with PostgreSQL."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

KEY, SECRET = "an-access-key-of-tests", "aStore-Secret-key-41"
PREFIX = "PYICEBERG_CATALOG__LIVESTATS__"


@contextmanager
def object_store() -> Iterator[dict[str, str]]:
    """An S3-compatible store in memory; the variables that point pyiceberg at it."""
    pytest.importorskip("moto")
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    reader = None
    try:
        url = ""
        for line in server.stderr or ():  # it names its port when it serves
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                url = found[0]
                break
        assert url, "the store did not start"
        # A pipe that is full would stop the server.
        reader = Thread(target=lambda: deque(server.stderr or (), maxlen=0), daemon=True)
        reader.start()
        import boto3

        boto3.client(
            "s3", endpoint_url=url, aws_access_key_id=KEY, aws_secret_access_key=SECRET,
            region_name="us-east-1",
        ).create_bucket(Bucket="livestats")  # fmt: skip
        yield {
            f"{PREFIX}S3__ENDPOINT": url,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            f"{PREFIX}S3__REGION": "us-east-1",
            f"{PREFIX}WAREHOUSE": "s3://livestats/warehouse",
        }
    finally:
        server.kill()
        server.wait()
        if reader:
            reader.join()
        if server.stderr:
            server.stderr.close()
