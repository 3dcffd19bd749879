"""What is captured has its rows, whatever was killed between the two and whatever is run next."""

import pytest

from pipelines.backfill import plan, run
from resources.api.catalog import DATASETS
from resources.capture.result import Outcome
from resources.home import day_lock
from resources.lake import parquet
from resources.raw import captures
from tests.support import restated_captures
from tests.support.archives import DAYS, lab
from tests.support.restated_captures import TRAFFIC

NAME = "source_traffic"
EARLIER, LATER = DAYS
COUNTED = f"SELECT rows, (SELECT count(*) FROM {NAME} t WHERE t.business_date = l.business_date)"
COUNTED += f" FROM ledger l WHERE dataset = '{NAME}' AND business_date = ? AND state = 'captured'"


@pytest.fixture
def killed(tmp_path, monkeypatch):
    """An archive whose process was killed when a day's capture had its name, and its rows had not."""
    with lab(tmp_path / "home") as usual:
        found = usual.only("domain", "isp", NAME)
        found.capture([], ["domain", "isp"])
        with monkeypatch.context() as patch:
            patch.setattr(parquet.LakeWriter, "commit", lambda _: None)
            found.capture([EARLIER], [NAME])
        yield found


def path_of(killed):
    return parquet.path_of(killed.archive.home.lake, NAME, EARLIER)


def backfilled(killed, day):
    todo = plan.plan(killed.archive, day, day, [])
    return run.run(killed.archive, todo, lambda _: None)


def test_a_backfill_of_another_day_makes_the_rows_of_the_killed_one(killed):
    assert not path_of(killed).exists()
    assert backfilled(killed, LATER).is_complete
    ((said, found),) = killed.rows(COUNTED, EARLIER)
    assert said == found > 0


def test_so_does_a_publication_without_a_request(killed):
    before = killed.requests
    killed.load()
    ((said, found),) = killed.rows(COUNTED, EARLIER)
    assert said == found > 0
    assert killed.requests == before
    assert killed.archive.behind() == []


def test_rows_of_an_earlier_capture_are_made_anew_of_the_newest(tmp_path, monkeypatch):
    """Killed after a day was asked again: its file is there, and is what was said before."""
    with lab(tmp_path / "home") as usual:
        found = usual.only(TRAFFIC.name)
        archive = found.archive
        archive.home.prepare(archive.settings, archive.now())
        restated = {("a.example.com", "one"): (1.0, 2.0)}
        restated_captures.capture(
            archive.home, restated_captures.FIRST, {**restated, ("a", "two"): (3.0, 4.0)}
        )
        found.load()
        with monkeypatch.context() as patch:
            patch.setattr(parquet.LakeWriter, "commit", lambda _: None)
            restated_captures.capture(archive.home, restated_captures.SECOND, restated)
        assert archive.behind() == [TRAFFIC.name]
        found.load()
        assert found.rows(f"SELECT stream FROM {TRAFFIC.name}") == [("one",)]
        assert archive.behind() == []


def test_what_has_no_rows_is_behind_until_it_has(killed):
    killed.load()
    path_of(killed).unlink()
    assert killed.archive.behind() == [NAME]
    assert backfilled(killed, LATER).is_complete
    assert killed.archive.behind() == []
    assert path_of(killed).exists()


def test_a_day_that_is_being_captured_is_left_to_its_capture(killed):
    killed.load()
    path_of(killed).unlink()
    with day_lock.try_lock(killed.archive.home, DATASETS[NAME], EARLIER):
        assert killed.archive.behind() == []
        killed.load()
        assert not path_of(killed).exists()


def test_a_damaged_capture_stops_no_other_day_and_stays_told(killed, caplog):
    capture = captures.newest(killed.archive.home.raw / NAME / EARLIER.isoformat())
    answers = next(p for p in sorted(capture.folder.iterdir()) if p.suffix != ".json")
    answers.write_bytes(answers.read_bytes()[:-9])
    results = killed.capture([LATER], [NAME])
    assert {r.outcome for r in results} <= {Outcome.CAPTURED, Outcome.KEPT, Outcome.UNCHANGED}
    killed.load()
    assert f"{NAME} {EARLIER}" in caplog.text
    assert killed.archive.behind() == [NAME]
    assert killed.archive.days_without_lake_file(killed.archive.ledger(DATASETS[NAME], *DAYS)) == {
        EARLIER
    }
    ((said, found),) = killed.rows(COUNTED, LATER)
    assert said == found > 0
