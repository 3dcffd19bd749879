"""The note of the days that could not be loaded."""

from datetime import date

from resources.home.layout import Home
from resources.warehouse import days_set_aside

DAY, OTHER = date(2026, 11, 20), date(2026, 11, 21)


def test_days_are_replaced_by_dataset(tmp_path):
    home = Home(tmp_path)
    home.warehouse.parent.mkdir()
    assert days_set_aside.read(home) == {}
    days_set_aside.write(home, "top_play", {DAY: "damaged", OTHER: "gone"})
    days_set_aside.write(home, "edge_stat", {DAY: "damaged"})
    days_set_aside.write(home, "top_play", {OTHER: "gone"})
    assert days_set_aside.read(home) == {
        ("edge_stat", DAY): "damaged",
        ("top_play", OTHER): "gone",
    }
    days_set_aside.write(home, "edge_stat", {})
    days_set_aside.write(home, "top_play", {})
    assert days_set_aside.read(home) == {}


def test_a_damaged_note_says_nothing(tmp_path):
    home = Home(tmp_path)
    home.warehouse.parent.mkdir()
    days_set_aside.write(home, "top_play", {DAY: "damaged"})
    (path,) = home.warehouse.parent.iterdir()
    path.write_bytes(path.read_bytes()[:-9])
    assert days_set_aside.read(home) == {}
