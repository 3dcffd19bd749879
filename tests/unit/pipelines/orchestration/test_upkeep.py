"""The daily job finishes what commands and kills left."""

import pytest

from pipelines.definitions import definitions
from pipelines.erase import pending, run
from pipelines.orchestration.instance import instance
from pipelines.orchestration.upkeep import UPKEEP_JOB
from resources.raw.erasures import Erasures, ItemKind, PlainItem
from tests.support.archives import DAYS, SMALL, lab
from tests.support.cold_store import PLACE, Out, in_folder


@pytest.fixture(scope="module")
def broken_off(tmp_path_factory):
    """An erasure of which only the note is written."""
    with lab(tmp_path_factory.mktemp("upkeep") / "home", SMALL) as found:
        two = found.only("domain", "isp", "edge_stat")
        two.backfill(DAYS[:1])
        yield two


def upkeep(found):
    job = definitions(found.archive).resolve_job_def(UPKEEP_JOB)
    with instance(found.archive) as history:
        return job.execute_in_process(instance=history, raise_on_error=False)


@pytest.mark.slow  # the job calls what pipelines/erase/test_run.py tries
def test_an_erasure_that_was_broken_off_is_finished(broken_off, monkeypatch):
    ((domain,),) = broken_off.rows("SELECT min(domain) FROM edge_stat")

    def killed(_):
        raise KeyboardInterrupt

    item = PlainItem.parse(ItemKind.DOMAIN, domain)
    with monkeypatch.context() as patched:
        patched.setattr(run, "_await_captures", killed)
        with pytest.raises(KeyboardInterrupt):
            run.begin(broken_off.archive, item)
    assert upkeep(broken_off).success
    assert [one.is_finished for one in Erasures.of(broken_off.archive.home.raw).every] == [True]
    assert not broken_off.rows("SELECT domain FROM edge_stat WHERE domain = ?", domain)
    assert upkeep(broken_off).success  # nothing to do


def test_one_that_cannot_be_finished_fails_with_the_reason(broken_off):
    note = pending.path_of(broken_off.archive.home)
    note.write_text("{}")
    result = upkeep(broken_off)
    note.unlink()
    assert not result.success
    (failed,) = (e for e in result.all_events if e.is_step_failure)
    assert "delete it, and erase the item again" in str(failed.step_failure_data.error)


@pytest.mark.slow  # the job calls what pipelines/cold/test_run.py tries
def test_answers_of_old_days_are_moved_where_a_store_is_set_up(broken_off, tmp_path, monkeypatch):
    store = in_folder(tmp_path / "store", monkeypatch)
    later = broken_off.with_(LIVESTATS_NOW="2027-04-01T04:00:00Z", LIVESTATS_SCALE_COLD=PLACE)
    assert upkeep(broken_off).success
    assert store.objects == {}
    assert upkeep(later).success
    assert ["/edge_stat/" in name for name in store.objects] == [True]
    store.files = Out()
    result = upkeep(later)
    (failed,) = (e for e in result.all_events if e.is_step_failure)
    assert "s3://bucket/cold cannot be used" in str(failed.step_failure_data.error)
