"""The Chinese of tables and columns: complete, nothing left over, and saying what the English says."""

import re
from collections import Counter
from types import MappingProxyType

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.docgen import dictionary, readme
from pipelines.orchestration.asset_graph import all_assets
from pipelines.reports.usage import billing, cover, gaps, pushes, streams, whole, words
from pipelines.reports.usage.section import said
from pipelines.superset.bundle import bundle
from pipelines.superset.documents import Source
from pipelines.superset.joined import JOINED
from pipelines.superset.model import Column, Table
from resources import i18n
from resources.api.catalog.cuts import FILTER_COMMENTS
from resources.api.catalog.model import SPLITS
from resources.archive import Archive
from resources.marts import data_dictionary, table_comments
from resources.marts.definition import read
from resources.system_tables.registry import META_TABLES
from tests.support.each import each

CHINESE = i18n.chinese()
NOT_SAID = {"API"}
"""Names that Chinese has a word for."""
ADDED = {"IP", "ID", "CNAME"}
"""Names that Chinese uses where English has a word."""

HAN = "\u4e00-\u9fff"
each_text = each("english, chinese", CHINESE.items(), lambda english, _: english)


def declared():
    """Every text that something says of itself: English, and what says it."""
    for table in data_dictionary.tables():
        yield table["description"], table["table"]
        yield from ((c["comment"], f"{table['table']}.{c['name']}") for c in table["columns"])
    for mart in read().values():
        yield from ((p.meaning, f"{mart.name}({p.name})") for p in mart.parameters)
    yield from ((text, f"filter {name}") for name, text in FILTER_COMMENTS.items())
    yield from ((split.comment, f"split {split.name}") for split in SPLITS.values())
    yield from ((text, f"meta.{name}") for name, text in META_TABLES.items())
    yield from ((joined.comment, joined.name) for joined in JOINED)
    for texts in (words.PAGE, billing.TEXTS, cover.TEXTS, gaps.WHY):
        yield from ((text, f"report {key}") for key, text in texts.items())
    alone = (gaps.SUSPECT, gaps.NOT_CAPTURED, gaps.NO_MART, gaps.NO_PUSH_DOMAIN, pushes.NO_REASON)
    yield from ((text, "report") for text in (*billing.HEAD, *alone))


def names(text):
    """Words that are code, values or units: they are the same in every language."""
    found = re.findall(
        r"`[^`]+`|'[^' ]*'|\b\w+_\w+\b|\b[A-Z]{2,}\w*\b|\b[A-Z]\w*[a-z][A-Z]\w*\b", text
    )
    return {*found} - NOT_SAID


@pytest.fixture
def used(monkeypatch, tmp_path):
    """The texts that are looked for in Chinese by all that is shown in a chosen language."""
    asked = set()

    class Recorded(dict):
        def get(self, text, other=None):
            asked.add(text)
            return super().get(text, other)

    recorded = Recorded(CHINESE)
    monkeypatch.setattr(i18n, "chinese", lambda: recorded)
    monkeypatch.setenv("LIVESTATS_LANGUAGE", "zh")
    monkeypatch.chdir(tmp_path)
    dictionary.page("zh")
    readme.table("zh")
    readme.actions("zh")
    table_comments.comments_of("zh")
    every = [table["table"] for table in data_dictionary.tables("zh")]
    for command in (["tables"], ["tables", *every]):
        assert CliRunner().invoke(main, command).exit_code == 0
    bundle(
        Source(name="livestats", path="/srv/livestats.duckdb", time_zone="UTC", language="zh"),
        [
            Table(
                name=table["table"],
                comment=table["description"],
                columns=tuple(
                    Column(name=c["name"], type=c["type"], comment=c["comment"])
                    for c in table["columns"]
                ),
            )
            for table in data_dictionary.tables("zh")
        ],
    )
    for section in (*(part.SECTION for part in whole.SECTIONS), streams.OF_ONE):
        said(section, "zh")
    all_assets(
        Archive.open({"LIVESTATS_LANGUAGE": "zh", "LIVESTATS_HOME": str(tmp_path)}, tmp_path)
    )
    return asked


def test_everything_that_is_declared_has_its_chinese():
    """Else: add it to resources/i18n/zh; a text that was changed needs its Chinese looked at."""
    assert {where: text for text, where in declared() if text not in CHINESE} == {}


def test_no_chinese_is_left_over(used):
    """Its English was changed or taken out."""
    assert {*CHINESE} - used - {text for text, _ in declared()} == set()


def test_no_text_stands_in_two_files():
    lines = [
        re.match(r'("(?:[^"\\]|\\.)*"|\w+) = ', line)
        for path in i18n.FOLDER.glob("*.toml")
        for line in path.read_text("utf-8").splitlines()
    ]
    counted = Counter(found[1].strip('"') for found in lines if found)
    assert [text for text, times in counted.items() if times > 1] == []
    assert len(counted) == len(CHINESE)


@each_text
def test_numbers_are_the_same_in_both(english, chinese):
    assert Counter(re.findall(r"\d+(?:\.\d+)?", chinese)) == Counter(
        re.findall(r"\d+(?:\.\d+)?", english)
    )


@each_text
def test_names_of_code_are_the_same_in_both(english, chinese):
    assert [name for name in names(english) if name not in chinese] == []
    said = set(re.findall(r"[A-Za-z_]\w*", chinese))
    known = set(re.findall(r"[A-Za-z_]\w*", english))
    assert said - known - ADDED == set()
    assert chinese.count("NULL") == english.count("NULL")
    assert re.findall(r"\{\}", chinese) == re.findall(r"\{\}", english)


@each_text
def test_no_warning_is_lost(english, chinese):
    if re.search(r"\b(never|not|cannot|nothing|no)\b", english, re.IGNORECASE):
        assert re.search("[不勿未无绝没非]", chinese)
    if re.search(r"\b(never \w+|do not add|nothing here)\b", english, re.IGNORECASE):
        assert re.search("不可|不能|切勿|绝不|从未|永久|NULL", chinese)
    if "ot the bill" in english:
        assert "监控数据" in chinese


@each_text
def test_it_is_set_as_chinese_is_set(english, chinese):
    """A full stop where English has one, wide marks beside Chinese, a space before Latin letters."""
    assert chinese.endswith("。") == english.endswith(".")
    assert re.findall(f"[{HAN}][,;:!?()]|[,;:!?()][{HAN}]", chinese) == []
    assert re.findall(f"[{HAN}][A-Za-z0-9]|[A-Za-z0-9][{HAN}]", chinese) == []
    assert "  " not in chinese


def test_a_text_without_chinese_stays_english():
    assert i18n.say("Nobody has translated this.", "zh") == "Nobody has translated this."
    assert i18n.say("Domain name.", "en") == "Domain name."
    assert i18n.say_unit("Mbps", "zh") == "Mbps"
    assert i18n.say_unit(None, "zh") == ""


def test_comments_are_put_together_in_the_language():
    assert (
        i18n.column_comment("Downstream traffic.", unit="bytes", field="DownTraffic", language="zh")
        == "下行流量。单位：字节。接口字段：DownTraffic。"
    )
    assert (
        i18n.table_comment(
            "Carriers with their codes.", source="A", key=("isp", "x"), language="zh"
        )
        == "运营商及其代码。来源接口：A。主键：isp, x。"
    )


def test_what_programs_read_is_the_same_in_both_languages():
    """Names, types, units, keys: all but the words."""

    def without_words(tables):
        return [
            {
                **table,
                "description": "",
                "columns": [{**column, "comment": ""} for column in table["columns"]],
            }
            for table in tables
        ]

    assert without_words(data_dictionary.tables("zh")) == without_words(data_dictionary.tables())


def test_texts_cannot_be_changed_by_chance():
    assert isinstance(CHINESE, MappingProxyType)
