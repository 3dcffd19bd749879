"""An object that the store lost costs its own day: it is told with its repair, and the rest goes on."""

from click.testing import CliRunner

from pipelines.backfill import replay
from pipelines.backup.copy import backup
from pipelines.cli import main
from pipelines.cold import run
from pipelines.erase import run as erase
from resources.api.catalog import DATASETS
from resources.raw import cold
from tests.support.cold_store import PLACE, Out, lose
from tests.unit.pipelines.cold.test_run import (  # noqa: F401 - fixtures
    DAYS,
    NAMES,
    findings,
    old,
    past,
    store,
    stream,
)

LOST = f"stream_count/{DAYS[0]}"


def livestats(found, *words):
    return CliRunner().invoke(main, [*words], env=found.archive.environ)


def test_what_the_store_lacks_is_told_and_the_rest_is_brought_back(old, store):  # noqa: F811
    run.move(old.archive)
    (key,) = lose(store, LOST)
    days = f"{DAYS[0]}..{DAYS[1]}"
    result = livestats(old, "cold", "--back", days)
    assert (result.exit_code, store.objects) == (1, {})
    assert result.output.count("Not moved: ") == 1
    assert f"Not moved: s3://bucket/cold has no {key}" in result.output
    assert "Brought back from s3://bucket/cold: 5 files of 5 dataset-days" in result.output
    assert "Cold now: 1 file" in result.output
    store.files = Out()
    result = livestats(old, "cold", "--back", days)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "s3://bucket/cold cannot be used" in result.output


def test_the_repair_that_is_told_works(old, store, tmp_path):  # noqa: F811
    backup(old.archive, tmp_path / "copy")
    run.move(old.archive)
    lose(store, LOST)
    (problem,) = run.back(old.archive, *DAYS).problems
    (copy,) = (tmp_path / "copy" / "raw" / LOST).glob("*/responses.zst")
    file = old.archive.home.raw / copy.relative_to(tmp_path / "copy" / "raw")
    assert f"Restore {file} from a backup" in problem
    copy.rename(file)
    assert run.back(old.archive, *DAYS).problems == []
    assert not cold.any_in(old.archive.home.raw)
    assert findings(old, deep=True) == []


def test_whatever_reads_answers_names_the_one_day(old, store, tmp_path):  # noqa: F811
    run.move(old.archive)
    (key,) = lose(store, LOST)
    told = findings(old, deep=True)
    days = replay.captured(old.archive, [DATASETS[name] for name in NAMES], None, None)
    told += [str(one.problem) for one in replay.replay(old.archive, days) if one.problem]
    told += erase.plan(old.archive, stream(old)).problems
    told += [text for _, text in backup(old.archive, tmp_path / "copy").problems]
    assert told.pop(0) == "is gone from s3://bucket/cold, where it was moved"  # with its own repair
    assert told.pop() == "its capture could not be copied, so it was left out"  # of its lake file
    assert {text.partition(" has no ")[2].partition(". ")[0] for text in told} == {key}
    assert all("Restore it from a backup, or move the capture's folder" in text for text in told)
    assert len(told) == 4  # a backup tries it again for the lake file


def test_one_lost_object_does_not_bind_to_the_way_to_the_store(old, store):  # noqa: F811
    run.move(old.archive)
    lose(store, next(cold.files_of(old.archive.home.raw))[0])
    again = PLACE.replace("nowhere", "elsewhere")
    assert run.move(old.with_(LIVESTATS_SCALE_COLD=again).archive).problems == []
