"""Alarms: what is told, once, to whom, and that no address of a robot is ever shown."""

import os
import shutil
import time
from dataclasses import replace
from datetime import date

import pytest

from resources import monitoring
from resources.api.catalog import DATASETS
from resources.lake import parquet
from resources.monitoring import AlarmKind, checks
from resources.monitoring.checks import _days as days_text
from resources.raw import captures
from resources.raw.capture_writer import CaptureWriter
from resources.system_tables.reconciliation.rules import ACCOUNT, RULES
from resources.warehouse import connection as warehouse_connection
from tests.support.archives import DAYS, lab


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    with lab(tmp_path_factory.mktemp("alarms") / "home") as found:
        yield found


@pytest.fixture
def account(simulated, tmp_path):
    """Two datasets of an account that was begun two days ago; nothing is captured."""
    fresh = in_home(simulated, tmp_path / "home")
    fresh.archive.home.prepare(fresh.archive.settings, fresh.archive.now())
    return fresh


def in_home(simulated, home):
    found = simulated.with_(LIVESTATS_HOME=str(home), LIVESTATS_FIRST_DAY="2026-11-20")
    return found.only("domain", "isp", "edge_stat", "top_play")


@pytest.fixture(scope="module")
def done(simulated, tmp_path_factory):
    """The same with both days, loaded and served."""
    found = in_home(simulated, tmp_path_factory.mktemp("done") / "home")
    found.backfill(DAYS)
    return found


@pytest.fixture
def served(simulated, done, tmp_path):
    """A copy of it."""
    shutil.copytree(done.root, tmp_path / "home", symlinks=True)
    return in_home(simulated, tmp_path / "home")


def at(account, time):
    """The same archive at another moment."""
    return account.with_(LIVESTATS_NOW=time).only(*account.archive.settings.datasets)


def kinds(found):
    return {(str(a.kind), a.subject) for a in found}


# What stands -------------------------------------------------------------------------------------


def test_a_day_that_was_due_yesterday_is_a_gap_and_a_fresh_one_is_not(account):
    """On the 22nd at noon the schedule has looked twice since the 20th was complete, once for the 21st."""
    found = monitoring.active_alarms(account.archive)
    assert kinds(found) == {("gap", "edge_stat"), ("gap", "top_play")}
    assert "2026-11-20" in found[0].text
    assert "2026-11-21" not in found[0].text
    assert "livestats backfill" in found[0].remedy


def test_a_captured_and_served_archive_has_no_alarm(served):
    assert monitoring.active_alarms(served.archive) == []


def test_what_the_api_is_about_to_forget_comes_first(account):
    late = at(account, "2027-11-18T12:00:00+08:00").only("domain", "edge_stat")
    found = monitoring.active_alarms(late.archive)
    assert [a.kind for a in found] == [AlarmKind.EXPIRING, AlarmKind.GAP]


def test_what_was_forgotten_in_these_days_is_told_and_older_loss_is_not(account):
    late = at(account, "2027-11-22T12:00:00+08:00").only("domain", "edge_stat")
    (lost,) = (a for a in monitoring.active_alarms(late.archive) if a.kind is AlarmKind.LOST)
    assert "2026-11-20" in lost.text
    later = at(account, "2027-11-28T12:00:00+08:00").only("domain", "edge_stat")
    (lost,) = (a for a in monitoring.active_alarms(later.archive) if a.kind is AlarmKind.LOST)
    assert "2026-11-20" not in lost.text


def of_a_year(account):
    """The same home with no first day in the settings: it begins with all that the API has."""
    names = account.archive.settings.datasets
    found = account.beside("year").with_(LIVESTATS_FIRST_DAY="").only(*names)
    found.archive.home.prepare(found.archive.settings, found.archive.now())
    return found


def test_days_before_the_first_captured_one_are_one_alarm_that_says_how_to_end_it(account):
    """Nobody may want them, and only the settings can say so."""
    year = of_a_year(account)
    year.backfill(DAYS)
    (alarm,) = monitoring.active_alarms(year.archive)
    assert (alarm.kind, alarm.subject) == (AlarmKind.EXPIRING, "earlier days")
    assert alarm.text.startswith("2025-11-22 to 2026-11-19 can be captured and are not")
    assert 'first_day = "2026-11-20" under [archive]' in alarm.remedy
    wanted = year.with_(LIVESTATS_FIRST_DAY="2026-11-20").only(*year.archive.settings.datasets)
    assert monitoring.active_alarms(wanted.archive) == []


def test_an_archive_without_a_day_has_one_alarm(account):
    (alarm,) = monitoring.active_alarms(of_a_year(account).archive)
    assert alarm.text.startswith("2025-11-22 to 2026-11-21 can be captured")


def test_a_gap_after_the_first_captured_day_is_told_as_ever(account):
    year = of_a_year(account)
    year.capture([date(2026, 11, 18)])
    found = kinds(monitoring.active_alarms(year.archive))
    assert {("gap", "edge_stat"), ("gap", "top_play"), ("expiring", "earlier days")} <= found


def test_an_unknown_field_is_an_alarm(served, monkeypatch):
    read = parquet.provenance_of

    def with_news(path):
        origin = read(path)
        return replace(origin, unknown=("NewField",)) if "top_play" in str(path) else origin

    monkeypatch.setattr(parquet, "provenance_of", with_news)
    (alarm,) = monitoring.active_alarms(served.archive)
    assert (alarm.kind, alarm.subject) == (AlarmKind.SCHEMA, "top_play")
    assert "NewField" in alarm.text


def test_a_copy_that_stays_behind_is_an_alarm_and_a_load_under_way_is_not(account):
    account.capture(DAYS)
    assert monitoring.active_alarms(account.archive) == []
    hours_ago = time.time() - 3 * 3600
    for path in account.archive.home.lake.rglob(parquet.FILE):
        os.utime(path, (hours_ago, hours_ago))
    (alarm,) = monitoring.active_alarms(account.archive)
    assert alarm.kind is AlarmKind.BEHIND
    assert "edge_stat" in alarm.text


def test_endpoints_that_disagree_are_an_alarm(served):
    with served.archive.writing() as connection:
        connection.execute(
            "INSERT INTO reconciliation (rule, business_date, verdict) "
            "VALUES ('made_up', DATE '2026-11-21', 'differs')"
        )
        warehouse_connection.record_commit(connection)
        from resources.serving import publish

        publish.publish(connection, served.archive.home)
    (alarm,) = monitoring.active_alarms(served.archive)
    assert (alarm.kind, alarm.subject) == (AlarmKind.DISAGREEMENT, "made_up")


def test_what_an_item_was_erased_from_is_no_disagreement_and_the_rest_of_the_day_is(account):
    rule = next(one for one in RULES if "edge_stat" in one.needs)
    day, other = DAYS
    raw = account.archive.home.raw
    rows = [(rule.name, day, "a.example"), (rule.name, day, "b.example")]
    rows += [(rule.name, day, ACCOUNT), (rule.name, other, "a.example")]
    assert checks._differing(account.archive, rows) == {rule.name: {day: 3, other: 1}}
    writer = CaptureWriter(folder_for(raw, day), DATASETS["edge_stat"], day)
    facts = {"time_zone": "Asia/Shanghai", "erased": ["1"], "erased_rows": {"a.example": 2}}
    writer.commit(writer.seal(account.archive.now(), 0, None, facts))
    assert checks._differing(account.archive, rows) == {rule.name: {day: 1, other: 1}}


def folder_for(raw, day):
    folder = captures.folder_of(raw, "edge_stat", day)
    folder.mkdir(parents=True)
    return folder


# Telling -----------------------------------------------------------------------------------------


def test_each_alarm_is_told_once_and_again_when_it_is_over(account):
    changes = []
    for _ in range(2):
        monitoring.notify_changes(account.archive, changes.append)
    account.backfill(DAYS)
    for _ in range(2):
        monitoring.notify_changes(account.archive, changes.append)
    first, last = changes
    assert kinds(first.new) == {("gap", "edge_stat"), ("gap", "top_play")}
    assert (last.new, last.gone) == ([], ["gap edge_stat", "gap top_play"])


def test_days_are_told_by_the_first_and_their_number():
    assert days_text([date(2026, 11, 2), date(2026, 11, 1)]) == "2026-11-01 and 1 more day"
    days = [date(2026, 11, day) for day in (1, 5, 7)]
    assert days_text(days) == "2026-11-01 and 2 more days"
