"""Parts that several endpoints share."""

from resources.api.catalog import shared
from resources.api.catalog.model import ColumnType
from resources.api.catalog.parameters import WireType


def test_pages_are_numbered_from_one_and_travel_as_numbers_or_as_text():
    number, size = shared.page_parameters(1, 100, 20)
    assert (number.minimum, number.default, size.maximum) == (1, 1, 100)
    assert {p.wire_type for p in (number, size)} == {WireType.INTEGER}
    as_text = shared.page_parameters(1, 100, 20, as_text=True)
    assert {p.wire_type for p in as_text} == {WireType.INTEGER_TEXT}


def test_a_series_has_the_same_rows_plain_and_inside_of_a_split():
    field = shared.measure("Flow", "traffic_bytes", "byte", "Traffic.", shared.GB_TO_BYTES)
    plain, split = shared.time_series_layouts("Details", "Values", (), (shared.SLOT, field))
    assert plain.levels[-1] == split.levels[-1]
    assert [level.name for level in split.levels] == ["Details", "Values"]
    assert not split.levels[0].required


def test_kinds_of_fields():
    assert shared.count("N", "n", "requests", "x").kind is ColumnType.INTEGER
    assert shared.text("N", None, "x", required=False).column is None
    assert shared.instant("T", "seen_at", "x").kind is ColumnType.INSTANT
