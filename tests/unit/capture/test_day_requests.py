"""A day asks about what the datasets list that it rests on; one that failed does not hold it up."""

from datetime import UTC, date, datetime

import pytest

from resources.api.catalog import DATASETS
from resources.capture.day_requests import failed_sources, plan_requests
from resources.capture.inventory import InventoryReader, PrerequisiteMissing
from resources.config import Settings
from resources.home.layout import Home
from resources.ledger import states
from resources.raw import captures
from tests.support.lake_files import store

EACH = DATASETS["push_stream_metrics"]
DAY = date(2026, 11, 20)
SOON, LATE = datetime(2026, 11, 23, tzinfo=UTC), datetime(2027, 12, 23, tzinfo=UTC)


@pytest.fixture
def home(tmp_path):
    found = Home(tmp_path)
    store(found.lake, DATASETS["domain"], DAY, [{"domain": "push.example", "domain_type": "push"}])
    return found


def captured(home, name):
    """A day of a source that lists one stream; its capture comes with the rows."""
    row = {"domain": "push.example", "app": "live", "stream": "one"}
    store(home.lake, DATASETS[name], DAY, [row])
    assert captures.captures_in(captures.folder_of(home.raw, name, DAY))


def tried(home, name):
    folder = captures.folder_of(home.raw, name, DAY)
    folder.mkdir(parents=True)
    (folder / states.PARTIAL).touch()


def planned(home, now=SOON):
    reader = InventoryReader(home.lake, Settings())
    return [one.payload["Stream"] for one in plan_requests(home, reader, EACH, DAY, now)]


def test_a_source_that_was_tried_and_failed_does_not_hold_up_what_others_list(home):
    first, *others = EACH.needs
    assert failed_sources(home, Settings(), EACH, DAY) == frozenset()
    for name in others:
        captured(home, name)
    with pytest.raises(PrerequisiteMissing):
        planned(home)  # it was not tried yet
    tried(home, first)
    assert failed_sources(home, Settings(), EACH, DAY) == {first}
    assert {*planned(home)} == {"one"}


def test_a_day_waits_while_no_source_is_captured(home):
    for name in EACH.needs:
        tried(home, name)
    assert failed_sources(home, Settings(), EACH, DAY) == frozenset()
    with pytest.raises(PrerequisiteMissing):
        planned(home)


def test_a_source_that_the_api_has_forgotten_does_not_hold_up_the_day(home):
    for name in EACH.needs[1:]:
        captured(home, name)
    assert {*planned(home, LATE)} == {"one"}
