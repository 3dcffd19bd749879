"""The report says what the tables hold, shows every hole as one, and is a page by itself."""

import base64
import hashlib
import re
import subprocess
import sys
from datetime import date, timedelta

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from pipelines.cli import main
from pipelines.reports.usage import page, traffic, whole, words
from pipelines.reports.usage.scope import NothingToReport, Range
from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.simulator import Account
from tests.support.archives import lab
from tests.support.html_pages import Page, data_of
from tests.unit.pipelines.reports.coverage.test_page import contrast

pytestmark = pytest.mark.slow

NAMES = (
    "domain",
    "isp",
    "edge_stat",
    "stream_session_by_domain",
    "play_status_code",
    "batch_stream_traffic",
    "batch_stream_session",
    "push_stream_info",
    "batch_push_stream_metrics",
)
CAPTURED = [date(2026, 11, day) for day in (17, 18, 20, 21)]
HOLE = date(2026, 11, 19)
ALL = Range(CAPTURED[0], CAPTURED[-1])
PULL, PUSH = "pull-1.sim.example", "push-1.sim.example"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Four days of an account with two domains; a day between them was never captured."""
    account = Account(domains=2, streams_per_domain=2, deleted=0)
    off = [name for name in DATASETS if name not in NAMES]
    root = tmp_path_factory.mktemp("report")
    (root / "livestats.toml").write_text(f"[datasets]\noff = {off}\n")
    environ = {
        "LIVESTATS_FIRST_DAY": "2026-11-17",
        "LIVESTATS_SETTINGS": str(root / "livestats.toml"),
    }
    with lab(root / "home", account, environ=environ) as found:
        found.backfill(CAPTURED)
        yield found


@pytest.fixture(scope="module")
def made(archive):
    """Reports by their range and domain, each made once."""
    known = {}

    def make(first=ALL.first, last=ALL.last, domain=None):
        key = (first, last, domain)
        if key not in known:
            known[key] = whole.report(archive.archive, Range(first, last), domain)
        return known[key]

    return make


@pytest.fixture(scope="module")
def said(made):
    """The text of a report."""
    return lambda *words, **more: Page(made(*words, **more)).text.replace("\xa0", " ")


# Figures -----------------------------------------------------------------------------------------


def by_hand(archive, where="true"):
    """Bandwidth of each 5 minutes in Mbps, by the table of the vendor's answers alone."""
    rows = archive.rows(
        f"SELECT slot_start_at, sum(up_traffic_bytes + down_traffic_bytes) FROM edge_stat "
        f"WHERE {where} GROUP BY ALL"
    )
    return [size * 8 / 300 / 1e6 for _, size in rows], sum(size for _, size in rows)


@pytest.mark.parametrize("domain", [None, PULL, PUSH])
def test_traffic_and_its_percentile_are_those_of_the_table(archive, said, domain):
    slots, size = by_hand(archive, f"domain = '{domain}'" if domain else "true")
    points = len(CAPTURED) * 288
    ranked = sorted([*slots, *[0.0] * (points - len(slots))])
    ranked.reverse()
    text = said(domain=domain)
    assert f"{words.traffic(size)} in total.".replace("\xa0", " ") in text
    p95 = words.bandwidth(ranked[points * 5 // 100]).replace("\xa0", " ")
    assert f"The 95th percentile of the bandwidth is {p95}" in text
    peak = words.bandwidth(max(slots)).replace("\xa0", " ")
    assert f"the peak {peak} on 2026-11-" in text


def test_each_domain_has_its_own_percentile(archive, said):
    text = said().partition("Traffic by domain Domain")[2]
    for domain in (PULL, PUSH):
        slots, _ = by_hand(archive, f"domain = '{domain}'")
        p95 = words.bandwidth(traffic.percentile(slots, len(CAPTURED) * 288)).replace("\xa0", " ")
        assert re.search(rf"{domain} (?:\S+ \S+ ){{3}}{re.escape(p95)} ", text), domain


def test_the_peak_of_viewers_is_that_of_the_sums_with_its_time(archive, said):
    ((peak, at),) = archive.rows(
        "SELECT sum(online_users) AS n, strftime(slot_start_at, '%Y-%m-%d %H:%M') "
        "FROM stream_session_by_domain WHERE online_user_type = 'Online' "
        "GROUP BY slot_start_at ORDER BY n DESC, slot_start_at LIMIT 1"
    )
    assert f"{peak:,} viewers at the peak, on {at}." in said()


def test_the_peak_of_a_domain_is_its_own(archive, said):
    ((peak,),) = archive.rows(
        "SELECT max(online_users) FROM stream_session_by_domain "
        "WHERE online_user_type = 'Online' AND domain = ?",
        PULL,
    )
    assert f"{peak:,} viewers at the peak" in said(domain=PULL)


def test_errors_are_shares_of_counts(archive, said):
    ((every, refused, failed),) = archive.rows(
        "SELECT sum(status_count), sum(status_count) FILTER (status_code // 100 = 4), "
        "sum(status_count) FILTER (status_code // 100 = 5) "
        "FROM play_status_code WHERE request_type = 'Access'"
    )
    told = f"{words.share(failed / every)} of {words.count(every)} responses were server errors"
    assert told.replace("\xa0", " ") in said()
    assert f"{words.share(refused / every)} client errors".replace("\xa0", " ") in said()


def test_health_and_pushes_of_a_pull_domain_are_those_of_its_push_domain(archive, said):
    ((live, good),) = archive.rows(
        "SELECT sum(live_slots), sum(good_slots) FROM stream_health_daily WHERE domain = ?", PUSH
    )
    told = f"{words.share(good / live)} of {words.count(live)} live minutes were good."
    for domain in (PULL, PUSH):
        assert told.replace("\xa0", " ") in said(domain=domain)
    assert f"Measured on {PUSH}, where it is pushed." in said(domain=PULL)
    ((pushes,),) = archive.rows(
        "SELECT sum(pushes) FROM push_interruptions_daily "
        "WHERE domain = ? AND business_date >= '2026-11-17'",  # a push may begin the day before
        PUSH,
    )
    assert re.search(
        rf"of {pushes:,} pushes|No interruptions in {pushes:,} pushes", said(domain=PULL)
    )


def test_the_first_stream_is_the_one_with_most_traffic_of_the_range(archive, said):
    ((app, stream, size),) = archive.rows(
        "SELECT app, stream, sum(down_traffic_bytes) AS size FROM batch_stream_traffic "
        "GROUP BY domain, app, stream ORDER BY size DESC LIMIT 1"
    )
    told = f"{app}/{stream} had the most traffic: {words.traffic(size)}"
    assert told.replace("\xa0", " ") in said()


def test_months_are_billed_as_the_marts_say(archive, said):
    ((p95,),) = archive.rows(
        "SELECT p95_mbps FROM billing_monthly_account WHERE direction = 'total'"
    )
    told = f"November 2026 has a billing 95th percentile of {words.bandwidth(p95)}"
    assert told.replace("\xa0", " ") in said()
    assert "4 of 30 days that are captured" in said()
    assert "of November 2026 is that of the 5 minutes from" in said() or p95 == 0


@pytest.mark.parametrize(
    ("days", "dropped"), [(30, 432), (31, 446), (1, 14)], ids=["30 days", "31 days", "one day"]
)
def test_the_percentile_drops_as_many_points_as_the_bill_does(days, dropped):
    points = days * 288
    assert traffic.percentile(list(range(1, points + 1)), points) == points - dropped
    sparse = [5.0] * dropped
    assert traffic.percentile(sparse, points) == 0
    assert traffic.percentile([*sparse, 4.0], points) == 4
    assert traffic.percentile([], 0) == 0


@pytest.mark.parametrize(
    ("group", "name", "table", "column", "where"),
    [
        ("domain", "down", "bandwidth_5min", "sum(down_traffic_bytes)", "true"),
        ("domain", "peak", "bandwidth_5min", "max(total_mbps)", "true"),
        ("domain", "viewers", "viewers_daily", "max(peak_online_users)", "online_user_type = 'Online'"),
        ("domain", "responses", "errors_daily", "sum(responses)", "request_type = 'Access'"),
        ("domain", "live", "stream_health_daily", "sum(live_slots)", "true"),
        ("stream", "sent", "stream_traffic_daily", "sum(down_traffic_bytes)", "true"),
        ("stream", "good", "stream_health_daily", "sum(good_slots)", "true"),
        ("stream", "pushes", "push_interruptions_daily", "sum(pushes)", "true"),
    ],
)  # fmt: skip
def test_the_data_of_the_page_are_the_marts(archive, made, group, name, table, column, where):
    found = data_of(made())
    key = ("domain", "app", "stream") if group == "stream" else ("domain",)
    told = {
        (*(one[part] for part in key), day): pytest.approx(value)
        for one in found["groups"][group]
        for day, value in zip(ALL.days, one["series"].get(name, ()), strict=False)
        if value
    }
    rows = archive.rows(
        f"SELECT {', '.join(key)}, business_date, {column} AS value FROM {table} WHERE {where} "
        f"AND business_date BETWEEN '{ALL.first}' AND '{ALL.last}' GROUP BY ALL HAVING value > 0"
    )
    assert {tuple(row[:-1]): row[-1] for row in rows} == told
    assert told


def test_the_totals_of_the_page_are_the_marts(archive, made):
    series = data_of(made())["main"]["series"]
    for name, sql in {
        "down": "SELECT business_date, sum(down_traffic_bytes) FROM bandwidth_5min GROUP BY ALL",
        "peak": "SELECT business_date, max(total_mbps) FROM bandwidth_5min_account GROUP BY ALL",
        "viewers": "SELECT business_date, peak_online_users FROM viewers_daily_account "
        "WHERE online_user_type = 'Online'",
        "live": "SELECT business_date, sum(live_slots) FROM stream_health_daily GROUP BY ALL",
    }.items():
        told = dict(zip(ALL.days, series[name], strict=True))
        known = dict(archive.rows(sql))
        assert {day: known[day] for day in CAPTURED} == {
            day: pytest.approx(told[day]) for day in CAPTURED
        }


# Comparison --------------------------------------------------------------------------------------


def test_an_equal_range_before_is_compared_with(archive, said):
    text = said(CAPTURED[3], CAPTURED[3])
    _, now = by_hand(archive, "business_date = '2026-11-21'")
    _, then = by_hand(archive, "business_date = '2026-11-20'")
    assert f"{words.change(now, then)} vs. the period before".replace("\xa0", " ") in text
    assert "Compared with 2026-11-20" in text
    assert "points vs. the period before" in text or "unchanged vs. the period before" in text


def test_where_days_are_missing_nothing_is_compared(said):
    assert "no comparison: earlier days are missing" in said(CAPTURED[2], CAPTURED[3])
    assert "no comparison: earlier days are missing" in said(CAPTURED[0], CAPTURED[0])
    assert "no comparison: days are missing" in said()
    assert "vs. the period before" not in said()


# Holes -------------------------------------------------------------------------------------------


def test_a_day_that_is_not_captured_is_in_no_series_of_the_page(made):
    """Charts draw what is there: no line and no bar goes through a hole."""
    found = data_of(made())
    hole = ALL.days.index(HOLE)
    entities = [found["main"], *(one for group in found["groups"].values() for one in group)]
    series = [values for one in entities for values in one["series"].values()]
    assert len(series) > 50
    assert all((values[hole], len(values)) == (None, ALL.length) for values in series)
    for fine in (fine for one in entities for fine in one.get("fine", {}).values()):
        slots = 86_400 // fine["step_s"]
        assert len(fine["values"]) == slots * ALL.length
        assert fine["values"][hole * slots : (hole + 1) * slots] == [None] * slots
        assert None not in fine["values"][: hole * slots]
    assert found["missing"]["edge_stat"] == [[hole, hole, "not captured"]]


def test_a_hole_is_named_and_counted_in_words(said):
    text = said()
    assert "Without 1 of 5 days: edge_stat 2026-11-19: not captured." in text
    assert "edge_stat 4 of 5 2026-11-19: not captured" in text
    assert "0 of 8 datasets are complete" in text or "0 of 7 datasets are complete" in text


def test_what_is_not_captured_at_all_is_said(said):
    assert "Not captured in this archive at all:" in said()
    assert "transcode_info" in said().partition("Not captured in this archive at all:")[2]


def test_a_range_that_is_complete_is_said_to_be(said):
    text = said(CAPTURED[2], CAPTURED[3])
    assert "are complete on all of these days" in text
    assert "Without" not in text


def test_days_without_any_data_are_a_report_too(said):
    text = said(HOLE, HOLE)
    assert text.count("Nothing to show: no day of these is complete.") == 6
    text = said(date(2025, 1, 1), date(2025, 1, 3))
    assert "is not captured in this archive" in text or "no day of these" in text


@pytest.mark.parametrize("kept", ["edge_stat", "play_status_code", "push_stream_info"])
def test_an_archive_of_one_dataset_shows_that_one(tmp_path, kept):
    with lab(tmp_path / "home") as found:
        one = found.only("domain", "isp", kept)
        one.backfill(CAPTURED[3:])
        text = Page(whole.report(one.archive, Range(CAPTURED[3], CAPTURED[3]), None)).text
    assert text.count("Nothing to show:") == 5
    assert f"{kept} 1 of 1" in text


# The page ----------------------------------------------------------------------------------------


def test_the_page_runs_its_own_scripts_alone_and_loads_nothing(made):
    text = made()
    found = Page(text)
    assert {"a", "link", "img", "iframe", "object", "image"}.isdisjoint(found.tags)
    assert [name for name in found.names if name.startswith("on") or name == "src"] == []
    assert {*re.findall(r"https?://[\w.-]+", text)} == {"https://github.com"}  # who made uPlot
    assert re.findall(r"url\((?!#)|@import", text) == []
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[1]
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    assert policy == (
        "default-src 'none'; style-src 'unsafe-inline'; script-src "
        + " ".join(f"'sha256-{one}'" for one in hashes)
    )
    assert found.tags["script"] == len(scripts) + 1  # and the data


def test_the_library_is_the_one_that_its_note_names_and_its_licence_is_in_the_page(made):
    note = (page.UPLOT / "README.md").read_text("utf-8")
    for name, digest in re.findall(r"\| (uPlot\S+) \| (\w{64}) \|", note):
        assert hashlib.sha256((page.UPLOT / name).read_bytes()).hexdigest() == digest
    version = re.search(r"uPlot\]\(\S+\) ([\d.]+)", note)[1]
    assert f"uPlot (v{version})" in made()
    assert "Permission is hereby granted" in made()


def test_the_page_is_well_formed(made):
    found = Page(made())
    assert found.stray == []
    assert found.inside == []
    assert len(found.ids) == len(set(found.ids))


def test_charts_have_names_and_their_figures_stand_beside_them(made):
    found = Page(made())
    assert found.tags["figure"] == found.tags["figcaption"] == 8
    assert made().count('role="img" aria-label="') == 8
    assert found.tags["summary"] >= 4


def test_equal_data_gives_equal_bytes(archive, made, tmp_path):
    """In another process as well, whose hashes differ."""
    path = tmp_path / "report.html"
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", "report"]
    arguments = ["--from", str(ALL.first), "--to", str(ALL.last), "--output", str(path)]
    subprocess.run(
        [*command, *arguments],
        env={
            **archive.archive.environ,
            "PYTHONHASHSEED": "1",
            "LIVESTATS_NOW": "2026-11-22T20:00:00Z",
        },
        check=True,
        capture_output=True,
    )
    assert path.read_text("utf-8") == made()


def test_a_year_stays_small_enough_for_mail(archive):
    text = whole.report(archive.archive, Range(date(2025, 11, 22), ALL.last), None)
    assert len(text.encode()) < 2_000_000
    assert "Without 361 of 365 days" in Page(text).text


def colours():
    css = page.STYLE.read_text("utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    return {
        "light": ("#ffffff", dict(re.findall(r"--(s\d|hole): (#\w{6})", light))),
        "dark": ("#11161c", dict(re.findall(r"--(s\d|hole): (#\w{6})", dark))),
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_series_stand_out_from_the_page(scheme):
    """WCAG AA: 3 to 1 for what is no text."""
    back, found = colours()[scheme]
    assert len(found) == 8
    assert {n: contrast(c, back) for n, c in found.items() if contrast(c, back) < 3} == {}


# Ranges and the command --------------------------------------------------------------------------


@given(first=st.dates(date(2020, 1, 1), date(2030, 1, 1)), length=st.integers(1, 800))
def test_a_range_and_the_one_before_it_are_equal_and_touch(first, length):
    found = Range(first, first + timedelta(days=length - 1))
    assert found.length == found.before.length == len(found.days) == length
    assert found.before.last + timedelta(days=1) == found.first


@pytest.fixture
def call(archive, tmp_path):
    def run(*arguments):
        return CliRunner().invoke(
            main,
            ["report", "--output", str(tmp_path / "r.html"), *arguments],
            env=dict(archive.archive.environ),
        )

    return run


def test_the_command_writes_the_file_and_says_what_it_is_about(call, tmp_path):
    result = call("--month", "2026-11")
    assert result.exit_code == 0, result.output
    assert "2026-11-01 to 2026-11-21" in result.output
    assert "Without 17 of 21 days" in Page((tmp_path / "r.html").read_text("utf-8")).text


def test_without_a_range_it_is_about_the_last_days(call):
    assert "2026-11-17 to 2026-11-21" in call().output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--domain", "pull-1.simm.example"], "Did you mean pull-1.sim.example?"),
        (["--domain", "nothing like it"], "FROM domain"),
        (["--from", "2026-11-23"], "the newest day that can be reported is 2026-11-21"),
        (["--from", "2026-11-20", "--to", "2026-11-19"], "--from 2026-11-20 is after --to"),
        (["--month", "2026-13"], "Write it like 2026-11"),
        (["--month", "2026-11", "--to", "2026-11-20"], "not both"),
        (["--from", "1026-11-01"], "The archive begins with 2026-11-17"),
        (["--output", "/no/such/folder/r.html"], "there is no folder /no/such/folder"),
    ],
)
def test_what_cannot_be_reported_is_told(call, tmp_path, arguments, told):
    result = call(*arguments)
    assert result.exit_code == 2
    assert told in result.output
    assert not (tmp_path / "r.html").exists()


def test_before_anything_is_published_the_way_to_it_is_told(tmp_path):
    environ = {"LIVESTATS_HOME": str(tmp_path), "HOME": str(tmp_path)}
    result = CliRunner().invoke(main, ["report"], env=environ)
    assert result.exit_code == 2
    assert "livestats backfill" in result.output


def test_a_domain_that_there_is_not_is_no_report(archive):
    with pytest.raises(NothingToReport):
        whole.report(archive.archive, ALL, "'; DROP TABLE domain; --")


def test_without_a_list_of_domains_there_is_no_report_of_one(tmp_path):
    settings = tmp_path / "livestats.toml"
    settings.write_text('[datasets]\noff = ["domain"]\n[domains]\npush = ["push.example.com"]\n')
    environ = {"LIVESTATS_HOME": str(tmp_path / "home"), "LIVESTATS_SETTINGS": str(settings)}
    Archive.open(environ, tmp_path).publish()
    words = ["report", "--output", str(tmp_path / "r.html")]
    result = CliRunner().invoke(main, [*words, "--domain", "push.example.com"], env=environ)
    assert result.exit_code == 2
    assert "the dataset domain is switched off" in result.output
    assert CliRunner().invoke(main, words, env=environ).exit_code == 0
