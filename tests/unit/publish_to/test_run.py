"""Publications that a run makes by itself, and the note of what became of them."""

import pytest

from resources.errors import LivestatsError
from resources.home.layout import Home
from resources.publish_to import iceberg, run
from resources.publish_to.errors import NotPublished
from resources.publish_to.result import Result
from resources.serving.publish import NothingServed
from tests.support.archives import DAYS, lab


@pytest.fixture(scope="module")
def captured(tmp_path_factory):
    with lab(tmp_path_factory.mktemp("runs") / "home") as found:
        account = found.only("domain", "isp", "top_play")
        account.backfill(DAYS[:1])
        yield account.set(publish_to="iceberg", publish_datasets=("top_play",)).archive


def done(archive):
    return run.publish_if_set(archive.home, archive.settings, archive.now())


def test_without_a_place_nothing_is_published(captured, monkeypatch):
    monkeypatch.setattr(run, "publish", None)
    settings = captured.settings.__class__()
    assert run.publish_if_set(captured.home, settings, captured.now()) is None


def test_what_is_published_is_what_the_settings_name(captured, monkeypatch):
    given = []

    def publish(served, home, namespace, now, engine):
        assert engine is None
        given.append(({table.name for table in served.tables}, home, namespace, now))
        return Result(where="there", schema=namespace, tables=1)

    monkeypatch.setattr(iceberg, "publish", publish)
    assert done(captured) == run.Outcome(place="Iceberg tables", problem="")
    ((tables, home, namespace, _),) = given
    assert "top_play" in tables
    assert (home, namespace) == (captured.home, "livestats")


def test_a_failure_is_noted_until_it_is_mended_and_ends_no_run(captured, monkeypatch):
    def broken(*_):
        raise NotPublished("Iceberg: the store is down")

    with monkeypatch.context() as patched:
        patched.setattr(iceberg, "publish", broken)
        failed = done(captured)
        assert failed == run.Outcome(place="Iceberg tables", problem="Iceberg: the store is down")
        assert run.last_outcome(captured.home, captured.settings) == failed
        with pytest.raises(LivestatsError, match="the store is down"):  # asked for by a command
            run.publish(captured.home, captured.settings, "iceberg", (), captured.now())
    monkeypatch.setattr(iceberg, "publish", lambda *_: Result(where="", schema="", tables=1))
    assert done(captured) == run.Outcome(place="Iceberg tables", problem="")


def test_an_error_that_nobody_expects_ends_no_run_either(captured, monkeypatch):
    """The libraries of a place raise ValueErrors and errors of their own."""

    def broken(*_):
        raise ValueError("Mismatch in fields")

    monkeypatch.setattr(iceberg, "publish", lambda *_: Result(where="", schema="", tables=1))
    done(captured)
    monkeypatch.setattr(iceberg, "publish", broken)
    told = run.Outcome(place="Iceberg tables", problem="ValueError: Mismatch in fields")
    assert done(captured) == told
    assert run.last_outcome(captured.home, captured.settings) == told  # so it is alarmed


def test_a_note_of_another_place_or_a_damaged_one_is_none(captured):
    run._note(captured.home, run.Outcome(place="postgresql://elsewhere/bi", problem="x"))
    assert run.last_outcome(captured.home, captured.settings) is None
    (captured.home.state / "published-to.json").write_text("{")
    assert run.last_outcome(captured.home, captured.settings) is None


def test_a_place_is_named_without_its_user():
    assert run.place_of("postgresql://me@db:5432/bi?sslmode=require") == "postgresql://db:5432/bi"


def test_a_home_that_is_not_there_is_told_and_none_is_made(captured, tmp_path):
    home = Home(tmp_path / "home")
    with pytest.raises(NothingServed, match="livestats backfill"):
        run.publish(home, captured.settings, "iceberg", (), captured.now())
    assert not home.root.exists()
