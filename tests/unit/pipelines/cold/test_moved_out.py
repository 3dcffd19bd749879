"""A capture that was moved out of the home leaves neither a note nor an object behind it for ever."""

from datetime import timedelta

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.cold import run
from pipelines.doctor import Severity
from pipelines.doctor import home as of_home
from pipelines.erase import run as erase
from resources.raw import cold, cold_move
from resources.raw.erasures import ItemKind, PlainItem
from tests.support.archives import NOW
from tests.support.cold_store import lose
from tests.unit.pipelines.cold.test_run import (  # noqa: F401 - fixtures
    DAYS,
    old,
    past,
    store,
    stream,
)

ANEW = (NOW + timedelta(days=1)).isoformat()
NAME = f"push_stream_info/{DAYS[0]}"


def livestats(found, *words):
    return CliRunner().invoke(main, [*words], env=found.archive.environ)


def moved_out(found):
    """All is cold, and the capture of a day is moved out: where its folder was, and where it is."""
    run.move(found.archive)
    (folder,) = (found.archive.home.raw / NAME).glob("2*")
    away = found.root.parent / folder.name
    folder.rename(away)
    return folder, away


def of_it(objects):
    return [name for name in objects if NAME in name]


def test_it_is_neither_counted_nor_looked_for(old, store):  # noqa: F811
    moved_out(old)
    lose(store, NAME)
    assert len([*cold.files_of(old.archive.home.raw)]) == 5
    (found,) = of_home.cold_found(old.archive)
    assert (found.severity, found.text.partition(",")[0]) == (Severity.OK, "5 files")


def test_bringing_back_names_it_until_it_is_put_back(old, store):  # noqa: F811
    folder, away = moved_out(old)
    days = f"{DAYS[0]}..{DAYS[1]}"
    result = livestats(old, "cold", "--back", days)
    assert (result.exit_code, len(of_it(store.objects)), len(store.objects)) == (1, 1, 1)
    assert f"is of {folder}, which is not there any more. Put it back" in result.output
    away.rename(folder)
    assert livestats(old, "cold", "--back", days).exit_code == 0
    assert store.objects == {}


@pytest.mark.parametrize("words", [("cold",), ("cold", "--back", str(DAYS[0]))])
def test_once_the_day_is_captured_anew_it_is_deleted(old, store, words):  # noqa: F811
    folder, _ = moved_out(old)
    old.with_(LIVESTATS_NOW=ANEW).backfill(DAYS[:1])
    assert not folder.exists()
    result = livestats(old, *words)
    assert result.exit_code == 0, result.output
    assert "Deleted there: 1 file of captures that are not here any more" in result.output
    assert [name for name in store.objects if folder.name in name] == []
    assert cold.strays(folder.parent, cold.noted(folder.parent)) == {}


def test_what_an_older_version_left_is_found(old, store, monkeypatch):  # noqa: F811
    moved_out(old)
    old.with_(LIVESTATS_NOW=ANEW).backfill(DAYS[:1])
    with monkeypatch.context() as patch:
        patch.setattr(cold_move, "_replaced", lambda *_: set())
        run.move(old.archive)
    assert len(of_it(store.objects)) == 2
    assert run.move(old.archive).moved.dropped == 1
    assert len(of_it(store.objects)) == 1


def test_an_erasure_says_that_it_deletes_it_and_does(old, store):  # noqa: F811
    folder, _ = moved_out(old)
    item = PlainItem.parse(ItemKind.STREAM, "nobody.example/live/knows")
    plan = erase.plan(old.archive, item)
    assert (plan.strays, plan.is_empty) == ([folder], False)
    result = livestats(old, "erase", "--stream", item.text, "--yes")
    assert result.exit_code == 0, result.output
    assert f"{folder}: it is not there any more, and its answers in the store" in result.output
    assert of_it(store.objects) == []
    assert len(store.objects) == 5
    assert erase.plan(old.archive, item).is_empty


def test_an_erasure_reaches_what_was_put_back(old, store):  # noqa: F811
    folder, away = moved_out(old)
    away.rename(folder)
    plan = erase.plan(old.archive, stream(old))
    assert (plan.strays, plan.problems, len(store.objects)) == ([], [], 6)
    assert [one.day for one in plan.days if one.dataset == "push_stream_info"] == [*DAYS]
