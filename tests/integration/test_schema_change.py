"""A catalog entry that changes makes past days anew from raw, and no revision of them."""

import pytest

from pipelines.backfill import plan, run
from resources.capture.capturer import Outcome
from resources.raw import captures
from tests.support.archives import DAYS, failures, lab
from tests.unit.lake.test_schema_version import EARLIER

NAME = "batch_stream_traffic"
DAY = DAYS[0]
FIGURES = f"SELECT count(*), sum(up_traffic_bytes) FROM {NAME}"


@pytest.fixture
def usual(tmp_path):
    with lab(tmp_path / "home") as found:
        only = found.only("domain", "isp", NAME)
        only.archive.home.prepare(only.archive.settings, only.archive.now())
        only.capture([], ["domain", "isp"])
        yield only


def captured_by(usual, dataset):
    with usual.capturing() as one:
        assert failures(one.capture(dataset, [DAY])) == []


def test_a_backfill_after_an_upgrade_makes_the_rows_without_a_request(usual):
    captured_by(usual, EARLIER["a column was added"])
    before = usual.requests
    run.run(usual.archive, plan.plan(usual.archive, DAY, DAY, []), lambda _: None)
    ((rows, total),) = usual.rows(FIGURES)
    assert rows > 0
    assert total > 0
    assert usual.requests == before
    assert usual.archive.behind() == []


@pytest.mark.parametrize("change", EARLIER)
def test_asking_again_after_an_upgrade_is_no_revision(usual, change):
    captured_by(usual, EARLIER[change])
    (result,) = usual.capture([DAY], [NAME], again=True)
    assert result.outcome is Outcome.UNCHANGED
    folder = captures.folder_of(usual.archive.home.raw, NAME, DAY)
    assert len(captures.captures_in(folder)) == 1
