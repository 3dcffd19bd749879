"""The coverage page: whole, readable without colour, and harmless whatever the names are."""

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.reports.coverage import calendar
from pipelines.reports.coverage.page import STYLE, page
from pipelines.reports.coverage.report import Report
from resources.ledger.states import Entry, State
from tests.support.offered import DAILY

NOW = datetime(2026, 3, 5, 4, tzinfo=UTC)
FIRST = date(2026, 1, 30)
STATES = {sign: state for state, sign in calendar.SIGNS.items()}
HOSTILE = "\"><script>alert('1')</script>&amp;/../it's\n\t一"


def entries(signs, name="edge_stat", first=FIRST):
    """One line of the ledger for each sign."""
    return [
        Entry(
            dataset=name,
            day=first + timedelta(days=i),
            state=STATES[sign],
            can_be_completed=sign in "?.!+",
            rows=1234 if sign == "#" else 0 if sign == "o" else None,
            captures=1 if sign in "#o" else 0,
            captured_at=NOW - timedelta(days=3) + timedelta(hours=i) if sign in "#o" else None,
            askable_from=NOW + timedelta(days=1),
            askable_until=NOW + timedelta(days=i - 1),
        )
        for i, sign in enumerate(signs)
    ]


def report(lines, **more):
    facts = {
        "home": Path("data"),
        "now": NOW,
        "zone": ZoneInfo("Asia/Shanghai"),
        "warning_days": 7,
        "lines": lines,
    }
    return Report(**{**facts, **more})


ALL = report(
    {"edge_stat": entries("#o?.~!#"), "top_play": entries("###x###", "top_play")},
    stale={"top_play": [FIRST]},
    problems={("edge_stat", FIRST + timedelta(days=2)): "HTTP 503"},
)


class Read(HTMLParser):
    """What a browser would find in the page."""

    def __init__(self, text):
        super().__init__()
        self.tags = Counter()
        self.names = set()  # of attributes
        self.cells = []  # class, title and text of each day of the calendar
        self.texts = []  # all text, in pieces
        self.inside = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.names.update(name for name, _ in attrs)
        found = dict(attrs)
        if tag == "td" and "title" in found:
            self.cells.append([found["class"], found["title"], ""])
        self.inside.append(tag)
        if tag not in {"code", "strong", "time"}:
            self.texts.append(("", " "))  # a block, or a cell of a table

    def handle_data(self, data):
        self.texts.append((self.inside[-1] if self.inside else "", data))
        if self.inside and self.inside[-1] == "td" and self.cells:
            self.cells[-1][2] += data.strip()

    @property
    def text(self):
        return " ".join("".join(data for tag, data in self.texts if tag != "style").split())


def read(found):
    return Read(page(found))


# The calendar ------------------------------------------------------------------------------------


def test_every_day_of_every_dataset_has_a_cell_that_tells_about_it():
    titles = [title for _, title, _ in read(ALL).cells]
    assert len(titles) == 14
    assert titles[0] == "2026-02-01: tried, not complete, available until 2026-03-06 12:00, HTTP 503"  # fmt: skip
    assert "2026-01-31: captured, nothing there, 0 rows, 1 capture, fetched 2026-03-02 13:00" in titles  # fmt: skip
    assert "2026-02-03: not complete at the vendor yet, available from 2026-03-06 12:00" in titles
    assert "2026-02-02: lost, expired on 2026-03-07 12:00" in titles


def test_months_come_newest_first_and_have_a_row_for_each_dataset():
    text = read(ALL).text
    assert text.index("February 2026") < text.index("January 2026")
    body = page(ALL).partition("<h2>Calendar</h2>")[2]
    assert body.count('<th scope="row">edge_stat</th>') == 2


def test_states_differ_by_sign_and_not_by_colour_alone():
    cells = read(report({"edge_stat": entries("".join(STATES))})).cells
    signs = {classes.split()[0]: sign for classes, _, sign in cells}
    assert len(signs) == len(State)
    assert len(set(signs.values())) == len(State)


def test_a_restated_day_shows_how_many_captures_it_has():
    lines = [replace(line, captures=3) for line in entries("#")]
    ((classes, title, sign),) = read(report({"edge_stat": lines})).cells
    assert (classes, sign) == ("c r", "3")
    assert "3 captures" in title


def test_a_stale_day_is_marked():
    (found,) = [c for c in read(ALL).cells if "t" in c[0].split()]
    assert found[1].startswith("2026-01-30: captured, 1,234 rows")
    assert found[1].endswith("rows from another version")


# The summary -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "data 2026-01-30 to 2026-02-05, 2 datasets. As of 2026-03-05 12:00, days of Asia/Shanghai",
        "3 dataset-days need attention",
        "Missing and expiring soon: edge_stat 2026-02-04",
        "Missing between captured days: edge_stat 2026-02-02",
        "Tried and not complete: edge_stat 2026-02-01 HTTP 503",
        "8 captured",
        "1 lost",
        "Last capture edge_stat 2026-02-05, fetched 2026-03-02 18:00",
        "What expires within 7 days on 2026-03-06 12:00: edge_stat of 2026-02-01",
        "top_play 2026-02-02 (1 day): expired on 2026-03-07 12:00",
        "No day has more than one capture.",
        "1 dataset-day: made by another version, or the file is missing. top_play 2026-01-30",
        "livestats replay",
        "Next: livestats backfill",
    ],
)
def test_the_summary_says(text):
    assert text in read(ALL).text


def test_a_complete_archive_needs_no_attention():
    text = read(report({"edge_stat": entries("###~")})).text
    assert "✓ Nothing needs attention" in text
    assert "livestats backfill" not in text


def test_each_dataset_has_a_line_with_its_first_and_last_day_and_rows():
    text = read(ALL).text
    assert "edge_stat 3 of 7 2026-01-30 2026-02-05 2,468 –" in text
    assert "top_play 6 of 7 2026-01-30 2026-02-05 7,404 –" in text


def test_restated_days_are_counted_by_dataset():
    lines = [replace(line, captures=2) for line in entries("##")]
    text = read(report({"edge_stat": lines})).text
    assert "edge_stat 2 days, last 2026-01-31, fetched 2026-03-02 13:00" in text
    assert "livestats diff edge_stat 2026-01-31" in text


def test_a_long_list_says_how_much_it_leaves_out():
    lines = {f"d{i}": entries("." * i + "#.#", f"d{i}") for i in range(10)}
    assert "and 3 more: see the calendar" in read(report(lines, warning_days=0)).text


@pytest.mark.parametrize("lines", [{}, {"edge_stat": []}])
def test_nothing_to_show_is_a_page_too(lines):
    found = read(report(lines))
    assert "None of these days is captured." in found.text
    assert found.cells == []


# Whatever the names are --------------------------------------------------------------------------


def test_the_page_has_no_script_no_link_and_loads_nothing():
    found = read(ALL)
    assert {"script", "a", "link", "img", "iframe", "object"}.isdisjoint(found.tags)
    assert [name for name in found.names if name.startswith("on") or name in {"src", "href"}] == []
    assert re.findall(r"url\(|@import|https?:", page(ALL)) == []
    assert "default-src 'none'" in page(ALL)


@settings(deadline=None)  # a whole page is read: slow on a busy machine
@given(home=st.text(min_size=1), problem=st.text(min_size=1))
def test_foreign_text_is_shown_as_it_is_and_adds_no_tag(home, problem):
    """The path of the home, and messages that quote what the API said."""
    key = ("edge_stat", FIRST + timedelta(days=2))
    plain = read(replace(ALL, home="data", problems={key: "x"}))
    found = read(replace(ALL, home=home, problems={key: problem}))
    dates = found.tags.pop("time") - plain.tags.pop("time")
    assert dates >= 0  # a date in the message is marked up like any other
    assert found.tags == plain.tags
    assert found.names == plain.names
    assert next("".join(data) for tag, data in found.texts if tag == "code") == home
    assert found.cells[0][1].endswith(f", {problem}")


@pytest.mark.parametrize("home", [HOSTILE, "</code><style>*{display:none}", "\ud83d\udcff", "\x00"])
def test_hostile_paths_are_text(home):
    found = read(replace(ALL, home=home))
    page(replace(ALL, home=home)).encode()
    assert found.tags == read(ALL).tags


def test_a_hostile_dataset_would_be_text():
    """Names of datasets are ours; the page does not rely on it."""
    lines = {HOSTILE: [replace(line, captures=2) for line in entries("#.?!x#", HOSTILE)]}
    found = read(report(lines, stale={HOSTILE: [FIRST]}))
    assert found.tags["script"] == 0
    assert HOSTILE in "".join(data for _, data in found.texts)


# Size and style ----------------------------------------------------------------------------------


@pytest.mark.slow  # a size
def test_a_year_of_all_datasets_stays_below_two_megabytes():
    year = entries("#" * 366, first=date(2025, 3, 4))
    lines = {d.name: [replace(e, dataset=d.name, rows=12_345_678) for e in year] for d in DAILY}
    assert len(page(report(lines)).encode()) < 2_000_000


def variables():
    """The colours of both schemes: the dark one changes some of the light one."""
    css = STYLE.read_text("utf-8")
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#\w{6});", block))
        for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2]
    )
    return {"light": light, "dark": {**light, **dark}}


def luminance(colour):
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_signs_can_be_read_on_their_colours(scheme):
    """WCAG AA: 4.5 to 1 for text."""
    colours = variables()[scheme]
    pairs = [(ink, back) for ink in ("ink", "pale") for back in ("page", "card")]
    pairs += [(f"{state}-ink", state) for state in (s.value for s in State)]
    pairs += [("lost-ink", "lost-stripe"), ("good", "card"), ("bad", "card")]
    poor = {p: contrast(*(colours[c] for c in p)) for p in pairs}
    assert {pair: found for pair, found in poor.items() if found < 4.5} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_day_that_is_captured_stands_out_from_the_page(scheme):
    """WCAG AA: 3 to 1 for what is no text. Its fill is its sign."""
    colours = variables()[scheme]
    assert contrast(colours["captured"], colours["page"]) >= 3


def test_paper_is_light_and_keeps_the_fills():
    css = STYLE.read_text("utf-8")
    assert "@media screen and (prefers-color-scheme: dark)" in css
    assert "print-color-adjust: exact" in css
