"""Answers of old days in an S3-compatible store: moved, killed at every request, read, erased, brought back."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources.raw import cold
from tests.support.archives import DAYS, contents, lab
from tests.support.cold_store import bodies
from tests.support.iceberg_stores import KEY, PREFIX, SECRET, bucket_of, object_store
from tests.support.killed_command import killed_before

pytestmark = pytest.mark.scale

ROOT = Path(__file__).parents[2]
LATER = "2027-04-01T12:00:00+08:00"
NAMES = ("domain", "isp", "region", "stream_count", "edge_stat", "push_stream_info", "ip_info")


@pytest.fixture(scope="module")
def store():
    with object_store() as variables:
        yield variables


@pytest.fixture(scope="module")
def past(tmp_path_factory, store):
    place = f"s3://{bucket_of(store)}/cold?region=us-east-1&endpoint_override={store[f'{PREFIX}S3__ENDPOINT']}"
    key = {name: store[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    with lab(tmp_path_factory.mktemp("scale") / "home", names=NAMES) as found:
        found.backfill(DAYS)
        yield found.with_(LIVESTATS_NOW=LATER, LIVESTATS_SCALE_COLD=place, **key)


@pytest.fixture
def archive(past, tmp_path):
    shutil.copytree(past.root, tmp_path / "home", symlinks=True)
    return past.with_(LIVESTATS_HOME=str(tmp_path / "home"))


@pytest.fixture
def listed(store):
    """The objects that hold answers: name -> size. Others are empty, or say that the store can be written."""
    import boto3

    client = boto3.client(
        "s3", endpoint_url=store[f"{PREFIX}S3__ENDPOINT"], aws_access_key_id=KEY,
        aws_secret_access_key=SECRET, region_name="us-east-1",
    )  # fmt: skip

    def objects():
        found = client.list_objects_v2(Bucket=bucket_of(store), Prefix="cold/").get("Contents", ())
        return {
            one["Key"]: one["Size"]
            for one in found
            if one["Size"] and not one["Key"].endswith("/is-writable")
        }

    yield objects
    for name in objects():
        client.delete_object(Bucket=bucket_of(store), Key=name)


def livestats(found, *words, expected=0):
    result = CliRunner().invoke(main, words, env={**os.environ, **found.archive.environ})
    assert result.exit_code == expected, result.output
    return result.output


def all_bodies(found):
    return [bodies(folder) for folder in sorted(found.archive.home.raw.glob("*/*"))]


def test_moved_read_and_brought_back(archive, listed, store, tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, archive.archive.environ[name])
    files, said = contents(archive.archive.home.raw), livestats(archive, "cold")
    assert f"Moved to s3://{bucket_of(store)}/cold: 8 files of 8 dataset-days" in said
    assert len(listed()) == 8
    assert "Everything is as it was written." in livestats(archive, "verify", "--deep")
    said += livestats(archive, "replay")
    livestats(archive, "backup", str(tmp_path / "copy"))
    copy = archive.with_(LIVESTATS_HOME=str(tmp_path / "copy")).archive.home.raw
    assert sorted(contents(copy).values()) == sorted(files.values())
    said += livestats(archive, "cold", "--back", f"{DAYS[0]}..{DAYS[1]}")
    assert listed() == {}
    assert contents(archive.archive.home.raw) == files
    written = [path for path in archive.root.rglob("*") if path.is_file()]
    for secret in (KEY, SECRET):
        assert secret not in said
        assert [path for path in written if secret.encode() in path.read_bytes()] == []


@pytest.mark.parametrize("words", [("cold",), ("cold", "--back", f"{DAYS[0]}..{DAYS[1]}")])
def test_killed_at_any_step_nothing_is_lost_or_left(archive, listed, monkeypatch, words):
    environ = {**os.environ, **archive.archive.environ}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, environ[name])

    files, before = contents(archive.archive.home.raw), all_bodies(archive)
    if len(words) > 1:
        livestats(archive, "cold")
    kills, step = 0, 0
    while (
        done := killed_before(step, words, environ)
    ).returncode == -signal.SIGKILL:  # each goes on from the one before
        kills, step = kills + 1, step + 1
        assert all_bodies(archive) == before, step
        noted = {f"cold/{one.key}" for path in archive.archive.home.raw.rglob(cold.NOTE)
                 for one in cold.noted(path.parent).values()}  # fmt: skip
        assert listed().keys() <= noted, step
    assert done.returncode == 0, done.stderr
    assert kills >= 10
    assert all_bodies(archive) == before
    assert len(listed()) == (8 if len(words) == 1 else 0)
    assert "Everything is as it was written." in livestats(archive, "verify", "--deep")
    livestats(archive, "cold", "--back", f"{DAYS[0]}..{DAYS[1]}")
    assert contents(archive.archive.home.raw) == files


def test_an_erasure_reaches_the_store(archive, listed, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, archive.archive.environ[name])
    ((stream, name),) = archive.rows(
        "SELECT domain || '/' || app || '/' || stream, stream FROM push_stream_info LIMIT 1"
    )
    livestats(archive, "cold")
    held = {*listed()}
    livestats(archive, "erase", "--stream", stream, "--yes")
    assert {*listed()} < held
    livestats(archive, "cold")
    assert [one for day in all_bodies(archive) for one in day if name.encode() in one] == []
    assert "Everything is as it was written." in livestats(archive, "verify", "--deep")
