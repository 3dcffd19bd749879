"""Databases and caches go; the raw archive, budgets and keys stay."""

from resources.erasure import databases
from resources.home.layout import Home
from tests.support.archives import NOW, SMALL, contents, lab


def test_warehouse_and_every_copy_are_deleted_and_made_again(tmp_path):
    with lab(tmp_path / "home", SMALL, names=["domain"]) as found:
        found.backfill([])
        home, raw = found.archive.home, contents(found.archive.home.raw)
        assert found.rows("FROM domain")
        databases.remove(home)
        assert [*home.root.rglob("*.duckdb*")] == []
        assert contents(home.raw) == raw
        found.load()
        assert found.rows("FROM domain")


def test_notes_go_but_budgets_keys_and_what_is_kept(tmp_path):
    home = Home(tmp_path)
    for path in (
        home.budget / "a",
        home.keys,
        home.learned,
        home.file_index / "b",
        home.state / "c" / "d",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(NOW))
    databases.forget_notes(home, [home.state / "c"])
    kept = {str(path.relative_to(home.state)) for path in home.state.rglob("*") if path.is_file()}
    assert kept == {"budget/a", "keys", "c/d"}
