"""What the assets of tables and of the served copy tell."""

from datetime import date

from assets import warehouse
from resources.warehouse.load import Loaded


def test_a_load_tells_its_days_and_rows():
    days = [date(2026, 11, 1), date(2026, 11, 3)]
    loaded = Loaded(table="edge_stat", days=days, gone=[], rows=5, total_rows=9)
    assert warehouse._facts(loaded) == {
        "dagster/row_count": 9, "days_loaded": 2, "rows_loaded": 5,
        "from": "2026-11-01", "to": "2026-11-03",
    }  # fmt: skip


def test_days_whose_file_is_gone_are_named():
    loaded = Loaded(table="edge_stat", days=[], gone=[date(2026, 11, 2)], rows=0, total_rows=9)
    assert "from" not in warehouse._facts(loaded)
    found = warehouse._held(loaded)
    assert not found.passed
    assert found.metadata["days_without_lake_file"].value == ["2026-11-02"]


def test_the_copy_depends_on_every_table_that_is_switched_on():
    *_, served = warehouse.table_assets(["edge_stat", "isp"])
    assert {warehouse.key("edge_stat"), warehouse.key("isp")} <= {
        *served.keys_by_input_name.values()
    }
