"""Names from outside are data: whatever stands in them passes through, and makes no path, no SQL."""

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from assets import metadata
from pipelines.reports.usage import whole
from pipelines.reports.usage.scope import Range
from resources.lake import parquet
from resources.raw import captures
from resources.simulator import Account, roster
from resources.simulator.roster import HOSTILE_NAMES
from tests.support.archives import contents, lab
from tests.support.expected_tables import Expected, differences
from tests.support.html_pages import Page

pytestmark = pytest.mark.slow

DAY = (date(2026, 11, 21),)
NAMES = (
    "domain",
    "isp",
    "batch_stream_session",
    "batch_stream_traffic",
    "stream_session_by_domain",
    "push_stream_info",
    "batch_push_stream_metrics",
    "push_stream_metrics",
    "transcode_info",
    "top_play",
)
DOMAINS = (
    "../../../etc",
    "a'b\"c.example",
    "x'); DROP TABLE domain; --",
    "line\nbreak.example",
    "<img src=x onerror=alert(1)>",
    "推流-🎥.example",
    "$1 {} %s %(x)s \\u0000",
    "/absolute/path",
    ".",
    "n" * 5000,
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """An account whose domains and streams have every odd name, captured and loaded."""
    account = Account(domains=1, streams_per_domain=0, deleted=0, hostile=True, audience=0.5)
    with lab(tmp_path_factory.mktemp("hostile") / "home", account) as usual:
        found = usual.only(*NAMES)
        found.backfill(DAY)
        yield found


def test_every_table_holds_the_names_as_they_are(hostile):
    expected = Expected(hostile, DAY)
    with hostile.archive.reading() as connection:
        for name in NAMES:
            assert differences(connection, name, expected.rows(name)) == [], name


def test_each_name_is_found_by_a_query(hostile):
    found = set(hostile.rows("SELECT DISTINCT app, stream FROM batch_push_stream_metrics"))
    assert found <= set(HOSTILE_NAMES)
    assert len(found) > 5
    for app, stream in found:
        ((rows,),) = hostile.rows(
            "SELECT count(*) FROM push_stream_metrics WHERE app = ? AND stream = ?", app, stream
        )
        assert rows > 0


def test_paths_are_made_of_datasets_and_days_alone(hostile):
    known = {
        *("raw", "lake", parquet.FILE, captures.MANIFEST, captures.RESPONSES, *NAMES),
        *(f"{prefix}2026-11-2{n}" for prefix in ("", "day=") for n in (1, 2)),
    }
    for layer in (hostile.archive.home.raw, hostile.archive.home.lake):
        for path in layer.rglob("*"):
            named = set(path.relative_to(hostile.root).parts)
            assert all(part in known or captures.CaptureName.parse(part) for part in named), path
    assert not [*hostile.root.parent.glob("etc*")]


def test_the_preview_for_the_browser_shows_names_and_runs_nothing(hostile):
    path = parquet.path_of(hostile.archive.home.lake, "batch_stream_session", DAY[0])
    shown = metadata.preview(path, ZoneInfo("Asia/Shanghai"))
    assert "&#60;b&#62;app" in shown.value
    assert "<" not in shown.value


def test_the_report_shows_names_and_runs_nothing(hostile):
    text = whole.report(hostile.archive, Range(DAY[0], DAY[0]), None)
    found = Page(text)
    assert (found.stray, found.inside) == ([], [])
    assert {"img", "a"}.isdisjoint(found.tags)
    assert found.tags["script"] == text.count("<script>") + 1  # those of the page, and its data
    assert "<b>app" not in text
    assert found.tags["b"] == text.count('<b aria-hidden="true"></b>')  # the hatched sign
    worst = hostile.rows(
        "SELECT app, stream FROM stream_traffic_daily WHERE down_traffic_bytes > 0 "
        "ORDER BY down_traffic_bytes DESC LIMIT 5"
    )
    for app, stream in worst:
        assert " ".join(f"{app}/{stream}".split()) in found.text


def test_reading_again_from_raw_gives_the_same(hostile):
    before = contents(hostile.archive.home.lake)
    for path in hostile.archive.home.lake.glob(f"*/day=*/{parquet.FILE}"):
        path.unlink()
    hostile.capture(DAY)
    names = [path.name for path in hostile.archive.home.lake.rglob("*") if path.is_file()]
    assert len(names) == len(before)
    test_every_table_holds_the_names_as_they_are(hostile)


@pytest.fixture
def odd_domains(monkeypatch):
    """Domains that no registrar would sell; the simulated account has them all the same."""
    usual = roster._space

    def space(account, number):
        made = usual(account, number)
        return replace(made, pull=DOMAINS[number], push=f"push {DOMAINS[number]}")

    monkeypatch.setattr(roster, "_space", space)


def reports_are_harmless(found):
    """Of the account, whose pictures name domains, and of each domain."""
    days = Range(DAY[0], DAY[0])
    for name in (None, *DOMAINS):
        page = Page(whole.report(found.archive, days, name))
        assert (page.stray, page.inside) == ([], [])
        assert {"img", "a"}.isdisjoint(page.tags)
        assert page.tags["script"] == 4  # those of the page, and its data
        assert page.tags["title"] == 1
        assert not [n for n in page.names if n.startswith("on") or n == "src"]
        if name:
            assert " ".join(name.split()) in page.text


@pytest.mark.usefixtures("odd_domains")
def test_domains_may_be_called_anything(tmp_path):
    names = (
        *("domain", "isp", "batch_stream_traffic", "stream_count", "push_stream_info"),
        *("edge_stat", "stream_session_by_domain"),
    )
    account = Account(domains=len(DOMAINS), streams_per_domain=1, deleted=0)
    with lab(tmp_path / "home", account) as usual:
        found = usual.only(*names)
        found.backfill(DAY)
        expected = Expected(found, DAY)
        with found.archive.reading() as connection:
            for name in names:
                assert differences(connection, name, expected.rows(name)) == [], name
        assert set(found.rows("SELECT DISTINCT domain FROM stream_count")) == {
            (name,) for pull in DOMAINS for name in (pull, f"push {pull}")
        }
        reports_are_harmless(found)
        assert {p.name for p in tmp_path.iterdir()} == {"home"}
        folders = {
            p.relative_to(found.root / "raw").parts[0] for p in (found.root / "raw").iterdir()
        }
        assert folders == set(names)
