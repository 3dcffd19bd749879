"""Two lines in a notebook give a frame of the served copy, which no load disturbs."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import duckdb
import pandas as pd
import pytest

import livestats
from resources.serving.publish import NothingServed
from resources.warehouse.connection import record_commit
from tests.support.archives import DAYS, lab

PAGE = Path(livestats.__file__).with_name("docs") / "notebook.md"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """An archive of one day, loaded and served."""
    with lab(tmp_path_factory.mktemp("notebook") / "home") as usual:
        found = usual.only("domain", "isp", "stream_count")
        found.backfill(DAYS[:1])
        yield found


@pytest.fixture
def stats(archive):
    with livestats.open(archive.root) as found:
        yield found


def published(archive):
    """Publishes a copy that differs."""
    with archive.archive.writing() as connection:
        record_commit(connection)
    archive.archive.publish()


def test_two_lines_give_a_frame(archive, monkeypatch):
    monkeypatch.setenv("LIVESTATS_HOME", str(archive.root))
    frame = livestats.open().sql("FROM stream_count").df()
    assert len(frame) > 0
    assert str(frame["slot_start_at"].dt.tz) == "Asia/Shanghai"


def test_an_answer_is_arrow_and_python_as_well(stats):
    answer = stats.sql("SELECT count(*) AS n FROM isp")
    ((n,),) = answer.fetchall()
    assert answer.to_arrow_table().to_pylist() == [{"n": n}]
    assert n > 5


def test_an_answer_is_a_polars_frame_where_that_is_installed(stats):
    answer = stats.sql("SELECT 1 AS n")
    try:
        import_module("polars")
    except ModuleNotFoundError:
        with pytest.raises(ModuleNotFoundError, match="polars"):
            answer.pl()
    else:
        assert answer.pl().rows() == [(1,)]


@pytest.mark.parametrize("value", ["telecom", "x'); DROP TABLE isp; --", "", "推流"])
def test_values_are_no_sql(stats, value):
    assert stats.sql("SELECT $isp AS v", isp=value).fetchall() == [(value,)]
    assert stats.sql("FROM isp WHERE isp = $isp", isp=value).fetchall() in (
        [],
        [("telecom", "电信")],
    )


def test_a_frame_of_the_caller_can_be_joined_by_its_name(stats):
    contracts = pd.DataFrame({"isp": ["telecom"], "contract": ["A"]})
    joined = stats.sql("SELECT isp_name, contract FROM isp JOIN contracts USING (isp)")
    assert joined.fetchall() == [("电信", contracts["contract"][0])]


def test_nothing_can_be_changed(stats):
    with pytest.raises(duckdb.Error, match="read-only"):
        stats.sql("DELETE FROM isp")


def test_tables_and_columns_are_listed_with_what_they_mean(stats):
    tables = {name: (columns, comment) for name, columns, comment in stats.tables().fetchall()}
    assert {"isp", "stream_count", "ledger"} <= set(tables)
    assert [name for name, (columns, comment) in tables.items() if not (columns and comment)] == []
    for name, (columns, _) in tables.items():
        found = stats.columns(name).fetchall()
        assert len(found) == columns
        assert all(comment for *_, comment in found), name


@pytest.mark.parametrize(
    ("typo", "nearest"), [("stream_counts", "did you mean stream_count?"), ("%", "All: .tables()")]
)
def test_columns_of_a_table_that_is_not_there_name_the_nearest(stats, typo, nearest):
    """An empty frame would pass for a table without columns."""
    with pytest.raises(livestats.UnknownTable, match=re.escape(nearest)):
        stats.columns(typo)


def test_what_is_open_stays_as_it_was_until_it_is_refreshed(archive, stats):
    before = stats.copy
    assert stats.is_newest
    assert not stats.refresh()
    published(archive)
    assert (stats.copy, stats.is_newest) == (before, False)
    assert stats.refresh()
    assert stats.is_newest
    assert stats.copy != before
    assert stats.sql("SELECT count(*) > 0 FROM isp").fetchall() == [(True,)]


def test_a_load_goes_on_while_the_copy_is_open(archive, stats):
    for _ in range(3):
        published(archive)
        assert stats.sql("SELECT count(*) > 0 FROM stream_count").fetchall() == [(True,)]


def test_another_open_one_sees_the_newest(archive, stats):
    published(archive)
    with livestats.open(archive.root) as other:
        assert other.is_newest
        assert other.copy != stats.copy


def test_the_zone_is_that_of_the_archive_whatever_is_set(archive, monkeypatch, tmp_path):
    (tmp_path / "livestats.toml").write_text('[archive]\ntime_zone = "UTC"\n')
    monkeypatch.chdir(tmp_path)
    with livestats.open(archive.root) as found:
        assert found.sql("SELECT current_setting('TimeZone')").fetchall() == [("Asia/Shanghai",)]


def test_it_tells_what_it_is(archive, stats):
    assert str(archive.root) in repr(stats)
    assert stats.copy in repr(stats)


def test_a_home_without_a_served_copy_is_told(tmp_path):
    with pytest.raises(NothingServed, match="livestats backfill"):
        livestats.open(tmp_path)


def test_importing_it_opens_nothing_and_needs_no_dagster(tmp_path):
    code = "import livestats, sys; print('dagster' in sys.modules)"
    environ = {"LIVESTATS_HOME": str(tmp_path / "none"), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, cwd=tmp_path, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout == "False\n"
    assert [*tmp_path.iterdir()] == []


def test_the_page_about_it_can_be_followed_line_by_line(archive, monkeypatch):
    monkeypatch.setenv("LIVESTATS_HOME", str(archive.root))
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert len(blocks) > 4
    names = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert len(names["answer"].df()) == 2
    names["stats"].close()
