"""The ledger of an account, by its settings and clock."""

from datetime import UTC, date, datetime

import pytest

from resources.api.catalog import DATASETS
from resources.config import load
from resources.home.layout import Home
from resources.ledger.reader import LedgerReader
from resources.ledger.states import State
from tests.support.lake_files import store

COUNT = DATASETS["stream_count"]
DAY = date(2026, 11, 20)


@pytest.fixture
def reader(tmp_path):
    home = Home(tmp_path / "home")
    environ = {"LIVESTATS_HOME": str(home.root), "LIVESTATS_FIRST_DAY": "2026-11-18"}
    return LedgerReader(
        load(environ, tmp_path), home, lambda: datetime(2026, 11, 22, 4, tzinfo=UTC)
    )


def test_there_is_a_line_for_each_day_both_ends_included(reader):
    found = reader.lines([COUNT, DATASETS["edge_stat"]], DAY, date(2026, 11, 22))
    assert [*found] == ["stream_count", "edge_stat"]
    for lines in found.values():
        assert [line.day.day for line in lines] == [20, 21, 22]
        assert [line.state for line in lines] == [State.MISSING, State.MISSING, State.SETTLING]
    assert reader.lines([COUNT], date(2026, 11, 22), DAY) == {"stream_count": []}


def test_what_captures_are_compared_with_is_read_again_when_the_lists_have_changed(reader):
    first = reader.coverage()
    assert reader.coverage() is first
    for name, row in (("domain", {"domain": "a"}), ("isp", {}), ("region", {})):
        store(reader.home.lake, DATASETS[name], DAY, [row])
        now = reader.coverage()
        assert now is not first
        assert reader.coverage() is now
        first = now


@pytest.mark.parametrize("name", ["archive.json", "erasures.json"])
def test_it_is_read_again_when_a_person_has_changed_what_is_gone_or_erased(reader, name):
    reader.home.root.mkdir(parents=True)
    first = reader.coverage()
    (reader.home.root / name).write_text("{}")
    assert reader.coverage() is not first


def test_days_are_asked_newest_first_but_for_those_that_are_soon_forgotten(reader):
    """An event is forgotten after 93 days, so since 22 August; the warning is a week."""
    days = [date(2026, 8, 27), date(2026, 11, 20), date(2026, 8, 25), date(2026, 11, 21)]
    found = reader.in_request_order(DATASETS["push_stream_info"], days)
    assert found == [date(2026, 8, 25), date(2026, 8, 27), date(2026, 11, 21), date(2026, 11, 20)]
    newest_first = sorted(days, reverse=True)
    assert reader.in_request_order(DATASETS["region"], days) == newest_first
    assert reader.in_request_order(COUNT, days) == newest_first
