"""Alarms: what is told, once, to whom, and that no address of a robot is ever shown."""

import json
import os
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer

import dagster as dg
import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.definitions import definitions
from pipelines.orchestration import sensors as told
from resources import monitoring
from resources.lake import parquet
from resources.monitoring import AlarmKind, webhook
from resources.monitoring.checks import _days as days_text
from tests.support.archives import DAYS, lab

SECRET_PATH = "/hook/very-secret-part"


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    with lab(tmp_path_factory.mktemp("alarms") / "home") as found:
        yield found


@pytest.fixture
def account(simulated, tmp_path):
    """Two datasets of an account that was begun two days ago; nothing is captured."""
    fresh = simulated.with_(LIVESTATS_HOME=str(tmp_path / "home"), LIVESTATS_FIRST_DAY="2026-11-20")
    fresh = fresh.only("domain", "isp", "edge_stat", "top_play")
    fresh.archive.home.prepare(fresh.archive.settings, fresh.archive.now())
    return fresh


def at(account, time):
    """The same archive at another moment."""
    return account.with_(LIVESTATS_NOW=time).only(*account.archive.settings.datasets)


@contextmanager
def robot(status=200, answer=b"{}"):
    """A chat group's robot on a loopback port: its address, and what came in."""
    heard = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            size = int(self.headers["Content-Length"])
            heard.append(json.loads(self.rfile.read(size)))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{SECRET_PATH}", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


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


def test_a_captured_and_served_archive_has_no_alarm(account):
    account.backfill(DAYS)
    assert monitoring.active_alarms(account.archive) == []


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


def test_an_unknown_field_is_an_alarm(account, monkeypatch):
    account.backfill(DAYS)
    read = parquet.provenance_of

    def with_news(path):
        origin = read(path)
        return replace(origin, unknown=("NewField",)) if "top_play" in str(path) else origin

    monkeypatch.setattr(parquet, "provenance_of", with_news)
    (alarm,) = monitoring.active_alarms(account.archive)
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


def test_endpoints_that_disagree_are_an_alarm(account):
    account.backfill(DAYS)
    with account.archive.writing() as connection:
        connection.execute(
            "INSERT INTO reconciliation (rule, business_date, verdict) "
            "VALUES ('made_up', DATE '2026-11-21', 'differs')"
        )
        connection.execute("UPDATE meta.state SET changes = changes + 1")
        from resources.serving import publish

        publish.publish(connection, account.archive.home)
    (alarm,) = monitoring.active_alarms(account.archive)
    assert (alarm.kind, alarm.subject) == (AlarmKind.DISAGREEMENT, "made_up")


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


def test_a_gap_that_grows_is_told_again_and_one_that_shrinks_is_not(account):
    changes = []
    monitoring.notify_changes(account.archive, changes.append)
    next_day = at(account, "2026-11-23T12:00:00+08:00")
    monitoring.notify_changes(next_day.archive, changes.append)
    assert kinds(changes[1].new) == kinds(changes[0].new)
    next_day.capture([DAYS[1]])
    next_day.load()
    monitoring.notify_changes(next_day.archive, changes.append)
    assert len(changes) == 2


def test_what_could_not_be_sent_is_tried_again(account):
    def broken(_change):
        raise webhook.WebhookError("no")

    with pytest.raises(webhook.WebhookError):
        monitoring.notify_changes(account.archive, broken)
    changes = []
    monitoring.notify_changes(account.archive, changes.append)
    assert len(changes[0].new) == 2


def test_a_damaged_note_leads_to_telling_twice_not_never(account):
    monitoring.notify_changes(account.archive, lambda _: None)
    (account.root / "state" / monitoring.SENT).write_text("[]")
    changes = []
    monitoring.notify_changes(account.archive, changes.append)
    assert len(changes[0].new) == 2


# The robot ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("open.feishu.cn", ("content", "text")),
        ("open.larksuite.com", ("content", "text")),
        ("oapi.dingtalk.com", ("text", "content")),
        ("qyapi.weixin.qq.com", ("text", "content")),
        ("hooks.slack.com", ("text",)),
        ("127.0.0.1", ("text",)),
    ],
)
def test_each_host_gets_the_form_it_takes(host, path):
    found = webhook.body(host, "hello")
    for key in path:
        found = found[key]
    assert found == "hello"


@pytest.mark.parametrize(
    ("status", "answer"),
    [(404, b""), (200, b'{"code": 19024, "msg": "Key Words Not Found"}'), (200, b'{"errcode": 1}')],
)
def test_a_robot_that_refuses_is_an_error_that_hides_its_address(status, answer):
    with robot(status, answer) as (url, _), pytest.raises(webhook.WebhookError) as caught:
        webhook.post(url, "x")
    assert "secret" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/very-secret", "very-secret", "ftp://x/secret"])
def test_a_robot_that_is_not_there_is_an_error_that_hides_its_address(url):
    with pytest.raises(webhook.WebhookError) as caught:
        webhook.post(url, "x")
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("answer", [b"", b"ok", b"{}", b"[]", b'{"code": 0}', b'{"errcode": 0}'])
def test_a_robot_that_takes_it_is_no_error(answer):
    with robot(200, answer) as (url, heard):
        webhook.post(url, "x")
    assert heard == [{"text": "x"}]


# The command -------------------------------------------------------------------------------------


def run(account, *words, **environ):
    environ = {**account.archive.environ, **environ}
    environ["LIVESTATS_FIRST_DAY"] = "2026-11-20"
    return CliRunner().invoke(main, ["alarms", *words], env=environ, prog_name="livestats")


def test_the_command_lists_alarms_with_their_remedies(account):
    result = run(account)
    assert result.exit_code == 1
    assert result.output.startswith("gap           ")
    assert "edge_stat, " in result.output
    assert "-> " in result.output
    listed = json.loads(run(account, "--json").stdout)
    assert {"kind", "subject", "text", "remedy"} <= set(listed[0])


def test_the_command_tells_the_robot_once(account):
    with robot() as (url, heard):
        for _ in range(2):
            assert run(account, "--send", LIVESTATS_ALERT_WEBHOOK=url).exit_code == 1
    assert len(heard) == 1
    assert "edge_stat, " in heard[0]["text"]


def test_a_test_message_can_be_sent(account):
    with robot() as (url, heard):
        assert run(account, "--test", LIVESTATS_ALERT_WEBHOOK=url).exit_code == 0
    assert "Test message" in heard[0]["text"]


def test_what_is_new_or_over_is_printed_once_for_a_mail(account):
    first, second = run(account, "--new"), run(account, "--new")
    assert (first.exit_code, second.exit_code) == (1, 1)
    assert "[gap] " in first.output
    assert second.output == ""
    account.backfill(DAYS)
    over = run(account, "--new").output.splitlines()[-1]
    assert over.startswith("[over] gap ")
    assert {"edge_stat", "top_play"} <= set(over.removeprefix("[over] gap ").split(", "))


def test_the_mail_and_the_robot_are_told_apart(account):
    with robot() as (url, heard):
        run(account, "--new")
        run(account, "--send", LIVESTATS_ALERT_WEBHOOK=url)
    assert len(heard) == 1


@pytest.mark.parametrize("words", [("--new", "--send"), ("--new", "--json"), ("--test", "--new")])
def test_words_that_do_not_go_together_are_refused(account, words):
    assert run(account, *words).exit_code == 2


@pytest.mark.parametrize("word", ["--send", "--test"])
def test_without_a_robot_the_command_says_how_to_name_one(account, word):
    result = run(account, word)
    assert result.exit_code == 2
    assert "LIVESTATS_ALERT_WEBHOOK" in result.output


# Dagster -----------------------------------------------------------------------------------------


@pytest.fixture
def history(tmp_path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as found:
        yield found


def test_the_sensor_tells_the_robot_and_says_what_stands(account, history):
    with robot() as (url, heard):
        archive = account.with_(LIVESTATS_ALERT_WEBHOOK=url).only("domain", "edge_stat").archive
        sensor = told.alarm_sensor(archive)
        for _ in range(2):
            context = dg.build_sensor_context(instance=history)
            tick = sensor.evaluate_tick(context)
    assert len(heard) == 1
    assert "gap edge_stat" in tick.skip_message


def test_both_sensors_are_on_by_default(account):
    repository = definitions(account.archive).get_repository_def()
    for name in ("tell_alarms", "tell_failed_runs"):
        sensor = repository.get_sensor_def(name)
        assert sensor.default_status is dg.DefaultSensorStatus.RUNNING


def test_a_failed_run_is_told_with_its_reason(account, history):
    @dg.op
    def fails():
        raise dg.Failure("2 days of edge_stat are not captured", allow_retries=False)

    @dg.job
    def capture():
        fails()

    result = capture.execute_in_process(instance=history, raise_on_error=False)
    with robot() as (url, heard):
        archive = account.with_(LIVESTATS_ALERT_WEBHOOK=url).archive
        context = dg.build_run_status_sensor_context(
            sensor_name="tell_failed_runs",
            dagster_instance=history,
            dagster_run=result.dagster_run,
            dagster_event=result.get_run_failure_event(),
        ).for_run_failure()
        told.failure_sensor(archive)(context)
    assert "2 days of edge_stat are not captured" in heard[0]["text"]


def test_days_are_told_by_the_first_and_their_number():
    assert days_text([date(2026, 11, 2), date(2026, 11, 1)]) == "2026-11-01 and 1 more day"
    days = [date(2026, 11, day) for day in (1, 5, 7)]
    assert days_text(days) == "2026-11-01 and 2 more days"


def test_what_is_the_same_of_several_datasets_is_said_once():
    """A key that is refused on the first night is one thing to read, not eighteen."""

    def alarm(kind, subject, text):
        return monitoring.Alarm(kind=kind, subject=subject, text=text, remedy="do")

    found = monitoring.grouped([
        alarm(AlarmKind.GAP, "edge_stat", "a"), alarm(AlarmKind.GAP, "top_play", "b"),
        alarm(AlarmKind.GAP, "isp", "a"), alarm(AlarmKind.LOST, "isp", "a"),
    ])  # fmt: skip
    said = [(a.kind, a.subject, a.text) for a in found]
    assert said == [
        (AlarmKind.GAP, "edge_stat, isp", "a"), (AlarmKind.GAP, "top_play", "b"), (AlarmKind.LOST, "isp", "a"),
    ]  # fmt: skip
