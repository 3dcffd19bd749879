"""Captures are written aside; a supplement carries the answers of an earlier one by hard link."""

from __future__ import annotations

import errno
import os
from datetime import UTC, date, datetime, timedelta

import pytest

from resources.api.catalog import DATASETS
from resources.raw import captures
from resources.raw.capture_writer import CaptureWriter
from tests.support.archives import leftovers

DATASET, DAY = DATASETS["edge_stat"], date(2026, 11, 20)
NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path):
    found = captures.folder_of(tmp_path / "raw", DATASET.name, DAY)
    found.mkdir(parents=True)
    return found


def response(number, body):
    payload = {"DomainList": [f"d{number}.example.com"]}
    return captures.Response(number, 1, payload, NOW.isoformat(), len(body), captures.pack(body))


def written(folder, *bodies, carried=None, now=NOW):
    writer = CaptureWriter(folder, DATASET, DAY)
    if carried is not None:
        writer.carry(carried)
    for body in bodies:
        writer.add(response(writer.next_request, body))
    before = carried and carried.name
    return writer.commit(writer.seal(now, 1, before, {"time_zone": "Asia/Shanghai"}))


def bodies(capture):
    return [(number, bytes(body)) for number, _, _, body in capture.responses()]


def test_a_supplement_has_the_answers_of_both_and_no_second_copy(folder):
    first = written(folder, b"one", b"two")
    second = written(folder, b"three", carried=first, now=NOW + timedelta(days=1))
    third = written(folder, b"four", carried=second, now=NOW + timedelta(days=2))
    assert bodies(second) == [(0, b"one"), (1, b"two"), (2, b"three")]
    assert bodies(third) == [*bodies(second), (3, b"four")]
    assert (first.folder / captures.RESPONSES).stat().st_nlink == 3
    assert captures.newest(folder) == third
    times = {one["fetched_at"] for one in third.manifest["requests"]}
    assert times == {NOW.isoformat()}


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EPERM, errno.EMLINK])
def test_without_hard_links_the_answers_are_copied(folder, monkeypatch, code):
    first = written(folder, b"one")

    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("os.link", refuse)
    second = written(folder, b"two", carried=first)
    assert bodies(second) == [(0, b"one"), (1, b"two")]


def test_an_earlier_capture_that_is_gone_is_an_error_and_leaves_nothing(folder):
    first = written(folder, b"one")
    (first.folder / captures.RESPONSES).unlink()
    writer = CaptureWriter(folder, DATASET, DAY)
    with pytest.raises(FileNotFoundError):
        writer.carry(first)
    writer.abandon()
    assert leftovers(folder) == []


@pytest.mark.parametrize("name", ["carried-1.zst", captures.RESPONSES])
def test_a_changed_byte_of_either_file_is_found(folder, name):
    second = written(folder, b"two", carried=written(folder, b"one"))
    path = second.folder / name
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(captures.DamagedCapture, match=name):
        bodies(second)


def test_rejected_answers_lie_beside_the_captures_and_are_none(folder):
    writer = CaptureWriter(folder, DATASET, DAY)
    writer.add(response(0, b"<html>"))
    writer.commit_rejected(NOW, {"time_zone": "Asia/Shanghai", "reasons": ["no JSON"]})
    assert captures.captures_in(folder) == []
    (rejected,) = captures.rejected_in(folder)
    assert bodies(rejected) == [(0, b"<html>")]
    assert rejected.manifest["reasons"] == ["no JSON"]


def test_a_clock_that_was_set_back_cannot_hide_a_later_capture(folder):
    first = written(folder, b"one")
    second = written(folder, b"two", carried=first, now=NOW - timedelta(days=3))
    assert captures.newest(folder) == second
