"""A day with two captures, and an object store where its bodies may be moved."""

from datetime import UTC, date, datetime, timedelta

import pytest

from resources.api.catalog import DATASETS
from resources.fs import sealed
from resources.raw import captures
from resources.raw.capture_writer import CaptureWriter
from tests.support.cold_store import PLACE, in_folder

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
DAY = date(2026, 11, 21)
DATASET = DATASETS["stream_count"]


@pytest.fixture
def store(tmp_path, monkeypatch):
    return in_folder(tmp_path / "store", monkeypatch)


@pytest.fixture
def captured_day(tmp_path):
    """Its folder. The second capture holds other answers."""
    (tmp_path / "home" / "state").mkdir(parents=True)
    facts = {"id": "home", "cold": PLACE}
    (tmp_path / "home" / "archive.json").write_bytes(sealed.seal(facts))
    folder = tmp_path / "home" / "raw" / DATASET.name / DAY.isoformat()
    folder.mkdir(parents=True)
    for hours, texts in enumerate(((b"one", b"two", bytes(9000), b""), (b"later", b"answers"))):
        writer = CaptureWriter(folder, DATASET, DAY)
        for walk, body in enumerate(texts):
            packed = captures.pack(body)
            writer.add(captures.Response(walk, 1, {}, NOW.isoformat(), len(body), packed))
        writer.commit(writer.seal(NOW + timedelta(hours=hours), 3, None, {}))
    return folder
