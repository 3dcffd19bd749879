"""Iceberg catalogs for tests: a folder with SQLite, or an object store with PostgreSQL."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest

STORE = os.environ.get("TEST_STORE_URL", "")
"""An S3-compatible server that runs already, with the keys below; "": moto is started."""
KEY = os.environ.get("TEST_STORE_KEY", "an-access-key-of-tests")
SECRET = os.environ.get("TEST_STORE_SECRET", "aStore-Secret-key-41")
PREFIX = "PYICEBERG_CATALOG__LIVESTATS__"


@contextmanager
def object_store() -> Iterator[dict[str, str]]:
    """An S3-compatible store with a bucket of its own; the variables that point pyiceberg at it."""
    bucket = f"livestats-tests-{uuid4().hex[:12]}"
    with _moto() if not STORE else nullcontext(STORE) as url:
        client = _client(url)
        client.create_bucket(Bucket=bucket)  # fails if it is there
        try:
            yield {
                f"{PREFIX}S3__ENDPOINT": url,
                "AWS_ACCESS_KEY_ID": KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET,
                f"{PREFIX}S3__REGION": "us-east-1",
                f"{PREFIX}WAREHOUSE": f"s3://{bucket}/warehouse",
            }
        finally:
            if STORE:
                for name in _names(client, bucket):
                    client.delete_object(Bucket=bucket, Key=name)
                client.delete_bucket(Bucket=bucket)


def bucket_of(store: Mapping[str, str]) -> str:
    """The bucket of a store of `object_store`."""
    return store[f"{PREFIX}WAREHOUSE"].split("/")[2]


def _client(url: str) -> Any:
    import boto3

    return boto3.client(
        "s3", endpoint_url=url, aws_access_key_id=KEY, aws_secret_access_key=SECRET,
        region_name="us-east-1",
    )  # fmt: skip


def _names(client: Any, bucket: str) -> list[str]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [one["Key"] for page in pages for one in page.get("Contents", ())]


@contextmanager
def _moto() -> Iterator[str]:
    """A store in memory; its address."""
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
        yield url
    finally:
        server.kill()
        server.wait()
        if reader:
            reader.join()
        if server.stderr:
            server.stderr.close()
