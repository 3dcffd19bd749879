"""What a backfill will do, before anything is asked."""

from dataclasses import replace
from datetime import date

import pytest

from pipelines.backfill.plan import plan
from resources.archive import Archive

FIRST = date(2026, 11, 18)


@pytest.fixture
def archive(tmp_path):
    """A new archive of two datasets, at noon of the fifth day."""
    (tmp_path / "livestats.toml").write_text('[datasets]\noff = ["ip_info"]\n')
    environ = {
        "LIVESTATS_HOME": str(tmp_path / "home"),
        "LIVESTATS_NOW": "2026-11-22T12:00:00+08:00",
        "LIVESTATS_FIRST_DAY": str(FIRST),
    }
    return Archive.open(environ, tmp_path)


def test_without_a_range_all_days_since_the_first_are_due(archive):
    found = plan(archive, None, None, ["edge_stat"])
    assert found.due == {"edge_stat": 4}
    assert (found.days, found.kept, found.again) == (4, 0, False)
    assert "domain" in found.dimensions
    assert (found.lost, found.settling) == ({}, {})


def test_what_settles_of_a_range_without_a_last_day_does_not_lack(archive):
    """Before 7 in the morning, the day before is not complete for every dataset."""
    early = replace(
        archive, environ={**archive.environ, "LIVESTATS_NOW": "2026-11-22T00:05:00+08:00"}
    )
    first, last = date(2026, 11, 20), date(2026, 11, 21)
    open_range = plan(early, first, None, ["edge_stat"])
    assert open_range.settling == {"edge_stat": [last]}
    assert not open_range.lacks_settling
    assert plan(early, first, last, ["edge_stat"]).lacks_settling
    today = date(2026, 11, 22)
    assert plan(early, today, None, ["edge_stat"]).lacks_settling


def test_today_is_settling_if_it_is_named(archive):
    found = plan(archive, date(2026, 11, 21), date(2026, 11, 22), ["edge_stat"])
    assert found.due == {"edge_stat": 1}
    assert found.settling == {"edge_stat": [date(2026, 11, 22)]}


@pytest.mark.parametrize(
    ("first", "last", "names", "said"),
    [
        (date(2026, 11, 23), None, (), "lies in the future"),
        (date(1026, 11, 1), None, (), "more than ten years ago"),
        (date(2026, 11, 1), None, (), "before the archive's first day"),
        (date(2026, 11, 21), date(2026, 11, 20), (), "swap them"),
        (None, None, ("ip_info",), "switched off"),
        (None, None, ("edge_stats",), "edge_stat"),
    ],
)
def test_what_cannot_be_planned_is_refused(archive, first, last, names, said):
    with pytest.raises(ValueError, match=said):
        plan(archive, first, last, names)
