"""What the assets of tables and of the served copy tell."""

from datetime import date

from assets import warehouse
from resources.warehouse.load import Loaded
from tests.support.archives import DAYS, lab


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


def test_what_became_of_a_publication_elsewhere_is_told_and_fails_nothing(tmp_path, monkeypatch):
    with lab(tmp_path / "home") as found:
        account = found.only("domain", "isp", "top_play")
        account.backfill(DAYS[:1])
        assert warehouse.published_elsewhere(account.archive) == {}
        failing = account.set(publish_to="postgresql://me@127.0.0.1:1/bi").archive
        said = warehouse.published_elsewhere(failing)
        assert said["published_to"] == "postgresql://127.0.0.1:1/bi"
        assert said["published_to_outcome"].startswith("not published: ")
        monkeypatch.setattr("resources.publish_to.iceberg.publish", lambda *_: None)
        said = warehouse.published_elsewhere(account.set(publish_to="iceberg").archive)
        assert said == {"published_to": "Iceberg tables", "published_to_outcome": "published"}
