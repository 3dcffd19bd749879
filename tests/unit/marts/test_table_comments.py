"""What tables and columns say in the database: put on what is there, which stays as it is."""

import re
import shutil
from dataclasses import replace

import pyarrow as pa
import pytest

from pipelines.backfill import plan, run
from resources.api.catalog import DATASETS
from resources.lake import parquet
from resources.marts import table_comments
from resources.system_tables.registry import META_TABLES, OWN_TABLES
from resources.verify.run import Verification
from resources.warehouse import load_state
from tests.support.aged_archive import NAMES
from tests.support.archives import DAYS
from tests.support.suites import slow

RELATIONS = """
SELECT schema_name || '.' || table_name, comment FROM duckdb_tables() WHERE NOT internal
UNION ALL SELECT schema_name || '.' || view_name, comment FROM duckdb_views() WHERE NOT internal
UNION ALL SELECT schema_name || '.' || function_name, comment FROM duckdb_functions()
WHERE NOT internal
"""
COLUMNS = """
SELECT table_name || '.' || column_name, comment FROM duckdb_columns()
WHERE NOT internal AND schema_name = 'main'
"""


@pytest.fixture
def lab(past, tmp_path):
    """A copy of the archive, to change."""
    shutil.copytree(past.root, tmp_path / "home", symlinks=True)
    return past.with_(LIVESTATS_HOME=str(tmp_path / "home"))


def said(lab):
    """What every table, view, macro and column of the served copy says."""
    return dict(lab.rows(RELATIONS)), dict(lab.rows(COLUMNS))


def held(lab):
    """All rows of the warehouse's tables, but the count of changes."""
    with lab.archive.writing() as connection:
        names = connection.execute(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT internal"
        ).fetchall()
        return {
            name: sorted(connection.execute(f"FROM {name}").fetchall(), key=repr)
            for (name,) in names
            if name != "meta.state"
        }


@pytest.fixture
def other_words(monkeypatch):
    """Another livestats, which says all of it in other words."""
    real = table_comments.comments_of

    def described(language, marts=None):
        return {
            name: replace(
                one,
                comment=f"It's new: {one.comment}",
                columns={c: f"New: {text}" for c, text in one.columns.items()},
            )
            for name, one in real(language, marts).items()
        }

    monkeypatch.setattr(table_comments, "comments_of", described)


@pytest.mark.slow  # words
def test_everything_that_can_be_read_says_what_it_is(past):
    relations, columns = said(past)
    assert {f"main.{name}" for name in (*NAMES, *OWN_TABLES)} <= set(relations)
    assert {f"meta.{name}" for name in META_TABLES} <= set(relations)
    assert {"main.top_streams", "main.dim_domain", "main.stream_traffic_daily"} <= set(relations)
    assert [name for name, text in columns.items() if not text] == []
    assert {name for name, text in relations.items() if not text} == {
        "meta.revision_schema",
        *(f"meta.{name}_listed" for name in NAMES if DATASETS[name].dedup_keep),
    }


@pytest.mark.slow
@pytest.mark.usefixtures("other_words")
def test_other_words_are_put_on_what_is_there_and_nothing_is_made_anew(lab):
    before, (relations, columns) = held(lab), said(lab)
    assert not lab.archive.is_described()
    loaded = [*lab.archive.sync_tables(DATASETS[name] for name in NAMES)]
    assert [one.days for one in loaded] == [[]] * len(NAMES)
    made = lab.archive.sync_marts()
    assert not any(one.is_redefined or one.days for one in made)
    assert lab.archive.publish().is_new
    assert lab.archive.is_described()
    assert held(lab) == before
    now, of_columns = said(lab)
    assert now == {n: f"It's new: {text}" if text else None for n, text in relations.items()}
    assert of_columns == {n: f"New: {text}" for n, text in columns.items()}
    assert not lab.archive.publish().is_new


@pytest.mark.slow
@pytest.mark.usefixtures("other_words")
def test_tables_that_say_it_in_other_words_are_level_and_intact(lab):
    """Comments are not columns: there is nothing to mend."""
    assert lab.archive.behind() == []
    assert [*Verification(lab.archive).findings()] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("about", "intact"), [("comment", True), ("unit", False), slow("field", False)]
)
def test_a_lake_file_may_say_it_in_other_words_but_not_in_another_unit(
    about, intact, past, monkeypatch
):
    def another(dataset):
        told = [
            field.with_metadata({**field.metadata, about: "Another."}) for field in made(dataset)
        ]
        return pa.schema(told, metadata=made(dataset).metadata)

    made = parquet.schema
    monkeypatch.setattr(parquet, "schema", another)
    found = {finding.text for finding in Verification(past.archive).findings()}
    assert found == (set() if intact else {"its columns are not those that are declared now"})


@pytest.mark.parametrize("name", NAMES)
def test_a_table_that_was_made_for_another_key_is_not_as_declared(name, past):
    other = replace(DATASETS[name], key=(*DATASETS[name].key, "another"))
    with past.archive.reading() as connection:
        assert load_state.is_in_sync(connection, past.archive.home, DATASETS[name])
        assert not load_state.is_in_sync(connection, past.archive.home, other)


# The other language ------------------------------------------------------------------------------


def without_chinese(texts):
    return [name for name, text in texts.items() if text and not re.search("[\u4e00-\u9fff]", text)]


@pytest.mark.slow
def test_the_setting_puts_all_comments_into_chinese_and_back(lab, monkeypatch):
    """At the next publish; rows, days and revisions stay, and no lake file is read."""
    before, english = held(lab), said(lab)
    chinese = lab.set(language="zh").archive
    assert chinese.behind() == []
    assert not chinese.is_described()
    with monkeypatch.context() as without_lake:
        without_lake.setattr(
            parquet, "verified_provenance", None
        )  # with which every file is opened
        assert [one.days for one in chinese.sync_tables(DATASETS[n] for n in NAMES)] == [[]] * 6
        assert chinese.publish().is_new
    assert chinese.is_described()
    assert not chinese.publish().is_new
    relations, columns = said(lab)
    assert without_chinese(relations) == without_chinese(columns) == []
    assert set(columns) == set(english[1])
    assert (
        columns["top_play.peak_bandwidth_mbps"]
        == "当日峰值带宽。单位：Mbps。接口字段：PeakBandwidth。"
    )
    assert "参数：first_day（日期范围的第一天，按业务时区。）；" in relations["main.top_streams"]
    assert "字段：rank（名次" in relations["main.top_streams"]
    assert held(lab) == before
    assert [*Verification(chinese).findings()] == [*Verification(lab.archive).findings()] == []
    lab.archive.publish()
    assert said(lab) == english
    assert held(lab) == before


@pytest.mark.slow  # words
def test_a_table_that_is_made_anew_under_the_setting_is_in_chinese(lab):
    chinese = lab.set(language="zh")
    lab.archive.home.warehouse.unlink()
    chinese.load()
    relations, columns = said(chinese)
    assert without_chinese(relations) == without_chinese(columns) == []
    assert chinese.archive.behind() == []


@pytest.mark.slow
def test_a_backfill_with_nothing_to_ask_publishes_the_other_language(lab):
    before = lab.requests  # of the module's other tests
    for language, asked in (("zh", "域名。"), ("zh", "域名。"), ("en", "Domain name.")):
        archive = lab.set(language=language).archive
        run.run(archive, plan.plan(archive, *DAYS, NAMES), lambda _: None)
        assert said(lab)[1]["dim_domain.domain"] == asked
    assert lab.requests == before
