"""Excel workbooks hold what was asked, and nothing that Excel would run or round."""

import re
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import duckdb
import pytest

from resources.serving import export, spreadsheet
from resources.serving.sql_sandbox import QueryError

pytest.importorskip("xlsxwriter")

SPACE = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


@pytest.fixture
def cells(tmp_path):
    """The cells of the sheet that a statement makes: {"A1": (type, text)}."""

    def made(sql):
        path = tmp_path / "answer.xlsx"
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'Asia/Shanghai'")
            export.write_file(connection.sql(sql), "xlsx", path)
        with ZipFile(path) as book:
            sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))
        return {
            cell.get("r"): (cell.get("t", "n"), "".join(cell.itertext()))
            for cell in sheet.iterfind(".//m:c", SPACE)
        }

    return made


def test_values_keep_their_kind(cells):
    found = cells(
        "SELECT 'live' AS domain, 1.5::DOUBLE AS mbps, 7::BIGINT AS n, true AS ok, NULL AS gone, "
        "DATE '2026-11-01' AS day, TIMESTAMPTZ '2026-10-31 16:00:00+00' AS at, 0.25 AS share, "
        "sum(5) AS total, 'nan'::DOUBLE AS x"
    )
    assert found["A1"] == ("inlineStr", "domain")
    row = {place[0]: cell for place, cell in found.items() if place.endswith("2")}
    assert row == {
        "A": ("inlineStr", "live"),
        "B": ("n", "1.5"),
        "C": ("n", "7"),
        "D": ("b", "1"),
        "F": ("n", "46327"),  # days since 1899-12-30
        "G": ("n", "46327"),  # midnight in Shanghai
        "H": ("n", "0.25"),
        "I": ("n", "5"),
    }


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "-1", "+1", "{=A1}", "http://example.com"])
def test_text_is_never_a_formula_nor_a_link(cells, text):
    assert cells(f"SELECT '{text}' AS a")["A2"] == ("inlineStr", text)


@pytest.mark.parametrize(
    "value", ["9007199254740993", "0.1234567890123456789", "1234567890123456.5"]
)
def test_a_number_that_a_cell_would_round_is_text(cells, value):
    assert cells(f"SELECT {value} AS a")["A2"] == ("inlineStr", value)


def test_lists_and_days_before_excel_begins_are_text(cells):
    found = cells("SELECT [1, 2] AS a, DATE '1899-01-01' AS b, {'x': 1} AS c")
    assert [found[place][1] for place in ("A2", "B2", "C2")] == ["[1, 2]", "1899-01-01", "{'x': 1}"]


def test_what_a_sheet_cannot_hold_is_refused(cells, monkeypatch):
    with pytest.raises(QueryError, match="A cell of Excel holds 32,767 characters, and one of a"):
        cells("SELECT repeat('x', 32768) AS a")
    monkeypatch.setattr(spreadsheet, "MOST_ROWS", 10)
    assert len(cells("FROM range(10)")) == 11
    with pytest.raises(QueryError, match="A sheet holds 10 rows"):
        cells("FROM range(11)")
    monkeypatch.setattr(spreadsheet, "MOST_COLUMNS", 1)
    with pytest.raises(QueryError, match="columns"):
        cells("SELECT 1 AS a, 2 AS b")


def test_without_the_package_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "xlsxwriter", None)
    with pytest.raises(QueryError, match=re.escape("--editable '.[xlsx]'")):
        spreadsheet.require()
