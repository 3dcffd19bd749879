"""Files of a home outside of its layers that hold an item."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.erase import leftovers
from resources.home.layout import Home
from resources.raw.erasures import ItemKind, PlainItem

DOMAIN = PlainItem.parse(ItemKind.DOMAIN, "a.example")
STREAM = PlainItem.parse(ItemKind.STREAM, "a.example/live/one")


@pytest.fixture
def home(tmp_path):
    found = Home(tmp_path)
    for name in (
        "out/mine.csv",
        "out/script.sh",
        "archive.json",
        "dagster/log",
        "state/told",
        "state/remembered/items",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("domain,app,stream\nA.example,live,one\n")
    (tmp_path / "out/other.csv").write_text("x.a.example,live,one a.example.org\n")
    (tmp_path / "out/book.xlsx").write_bytes(b"PK")
    pq.write_table(pa.table({"domain": ["a.example"], "app": ["live"], "stream": ["one"]}),
                   tmp_path / "out/mine.parquet")  # fmt: skip
    return found


def test_files_of_the_iceberg_tables_are_no_exports(home):
    """One that is deleted by itself breaks its table; the next publication removes the item."""
    for name in ("stats/t/data/one.parquet", "stats/t/metadata/one.json"):
        path = home.root / "iceberg" / name
        path.parent.mkdir(parents=True)
        path.write_bytes((home.root / "out/mine.parquet").read_bytes())
    found = [*leftovers.exports(home, DOMAIN), *leftovers.not_erased(home, DOMAIN)]
    assert not [path for path in found if path.is_relative_to(home.root / "iceberg")]


@pytest.mark.parametrize("item", [DOMAIN, STREAM])
def test_each_kind_of_file_is_found(home, item):
    names = lambda paths: sorted(p.name for p in paths)  # noqa: E731
    assert names(leftovers.exports(home, item)) == ["mine.csv", "mine.parquet"]
    assert names(leftovers.not_erased(home, item)) == ["archive.json", "log", "script.sh"]
    assert names(leftovers.notes_of_state(home, item)) == ["told"]
    assert names(leftovers.not_searched(home)) == ["book.xlsx"]
    leftovers.forget_caches(home)
    assert not [*home.file_index.iterdir()]
