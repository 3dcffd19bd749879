"""The picture of the last months that Dagster shows with the served copy."""

import base64
import re
from datetime import date, timedelta
from xml.etree import ElementTree as ET

import dagster as dg
import pytest

from assets import coverage_image, warehouse
from resources.ledger.states import Entry, State
from tests.support.archives import DAYS, lab

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    with lab(tmp_path_factory.mktemp("picture") / "home") as usual:
        some = usual.only("domain", "isp", "edge_stat", "stream_count")
        some.backfill(DAYS)
        yield some


def drawn(value):
    """The document inside of the Markdown."""
    packed = re.fullmatch(r"!\[.*\]\(data:image/svg\+xml;base64,([^)]+)\)", value.md_str)
    return ET.fromstring(base64.b64decode(packed[1]))


def bars(document, state):
    """Rows and widths in days of the bars of a state, without the legend."""
    wide = [
        r for r in document.iter(f"{SVG}rect") if r.get("fill") == coverage_image._COLOURS[state]
    ]
    return [int(r.get("width")) // coverage_image._DAY for r in wide if r.get("width") != "11"]


def test_it_shows_each_dataset_with_its_days(found):
    document = drawn(coverage_image.picture(found.archive))
    words = [t.text for t in document.iter(f"{SVG}text")]
    assert {"edge_stat", "stream_count", "2026-11", "captured", "missing"} <= {*words}
    assert "isp" not in words  # the present state, which has no days
    assert bars(document, State.CAPTURED) == [2, 2]
    assert bars(document, State.MISSING) == [(DAYS[0] - found.archive.first_day).days] * 2


def test_days_in_one_state_are_one_bar_and_every_state_has_its_colour():
    states = [*State, State.LOST]
    lines = [
        Entry(dataset="edge_stat", day=DAYS[0] + timedelta(days=at), state=state)
        for at, state in enumerate(sorted(states, key=[*State].index))
    ]
    document = ET.fromstring(coverage_image.svg({"edge_stat": lines}))
    assert bars(document, State.LOST) == [2]
    assert sum(len(bars(document, state)) for state in State) == len(State)


def test_the_names_of_months_do_not_lie_on_each_other():
    def shown(first):
        days = [
            Entry(dataset="a", day=first + timedelta(days=n), state=State.LOST) for n in range(40)
        ]
        words = ET.fromstring(coverage_image.svg({"a": days})).iter(f"{SVG}text")
        return [t.text for t in words if t.text.startswith("2026")]

    assert shown(date(2026, 9, 20)) == ["2026-09", "2026-10"]
    assert shown(date(2026, 9, 25)) == ["2026-10", "2026-11"]


def test_an_archive_without_daily_datasets_has_an_empty_one():
    assert "<text" not in coverage_image.svg({})


@pytest.mark.slow
def test_the_served_copy_has_it(found):
    definitions = warehouse.table_assets(found.archive.settings.datasets)
    result = dg.materialize(
        definitions, selection=[warehouse.SERVED], resources={"archive": found.archive}
    )
    (event,) = result.asset_materializations_for_node("served__livestats")
    assert isinstance(event.metadata["days"], dg.MarkdownMetadataValue)
