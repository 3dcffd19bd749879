"""Faults of the API: a day ends captured as if nothing had happened, or not at all and says why."""

import json
from dataclasses import replace
from datetime import date

import pytest

from resources.api.catalog import DATASETS
from resources.api.errors import FixSetup
from resources.api.retry import RetryPolicy
from resources.api.transport import Timeouts
from resources.capture.result import Outcome
from resources.ledger import states
from resources.raw import captures
from resources.simulator import Account, Faults
from tests.support.archives import failures, lab, lake_rows, leftovers

DAY = (date(2026, 11, 21),)
ACCOUNT = Account(domains=1, streams_per_domain=2, deleted=0, audience=0.02)
SOME = ("domain", "isp", "source_traffic", "stream_count", "batch_stream_session")
SHORT = Timeouts(connect_s=1, read_s=0.2, body_s=5)
RETRIED = (
    "throttle",
    "internal",
    "gateway",
    "unavailable",
    "timeout",
    "reset",
    "stall",
    "cut",
    "garbled",
    "html",
    "error200",
    "no_result",
    "drip",
)
IMPATIENT = RetryPolicy(fault_attempts=2, throttled_attempts=2)


@pytest.fixture(scope="module")
def unharmed(tmp_path_factory):
    """The rows of a run in which nothing went wrong."""
    with lab(tmp_path_factory.mktemp("unharmed") / "home", ACCOUNT) as whole:
        found = whole.only(*SOME, "batch_stream_traffic", "push_stream_info")
        assert failures(found.capture(DAY)) == []
        return lake_rows(found.archive.home)


@pytest.fixture
def harmed(tmp_path):
    """Starts an archive whose API has faults; also afterwards nothing half-made is in it."""
    opened = []

    def start(faults=None, names=SOME, account=ACCOUNT):
        opened.append(lab(tmp_path / "home", account, faults=faults))
        return opened[-1].__enter__().only(*names)

    yield start
    for one in opened:
        one.__exit__(None, None, None)
    assert leftovers(tmp_path) == []


def script(found, fault):
    """Let `fault(action, number of the request)` say what goes wrong."""
    chooser = found.simulator._service.chooser
    counted = found.simulator.calls
    chooser.choose = lambda action: fault(action, counted[action])


def captured(found):
    """Days that have a named capture."""
    days = found.archive.home.raw.glob("*/*")
    return {day.parent.name for day in days if captures.captures_in(day)}


def note(found, name):
    return json.loads(
        (found.archive.home.raw / name / str(DAY[0]) / states.PARTIAL).read_text("utf-8")
    )


def incomplete(found):
    """Datasets whose newest capture of a day lacks something."""
    newest = map(captures.newest, found.archive.home.raw.glob("*/*"))
    return {one.folder.parents[1].name for one in newest if one is not None and one.lacking}


def is_part_of(rows, whole, incomplete_=()):
    """All rows of each day; of an incomplete one, rows that the whole day has."""
    return rows.keys() <= whole.keys() and all(
        as_set(table) <= as_set(whole[name])
        if name.split("/")[0] in incomplete_
        else table.equals(whole[name])
        for name, table in rows.items()
    )


def as_set(table):
    return {tuple(row.values()) for row in table.to_pylist()}


# Each alone ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", RETRIED)
def test_what_passes_leaves_no_trace(kind, harmed, unharmed):
    """The first two answers of every action fail in that way."""
    actions = {DATASETS[name].endpoint.action for name in SOME}
    faults = Faults(first=dict.fromkeys(actions, (2, kind)), stall_s=1.0, drip_s=0.0)
    found = harmed(faults)
    assert failures(found.capture(DAY, timeouts=SHORT)) == []
    assert is_part_of(lake_rows(found.archive.home), unharmed)
    assert captured(found) == set(SOME)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("throttle", "lower the calls per second"),
        ("internal", "run the same again later"),
        ("gateway", "HTTP 502"),
        ("unavailable", "run the same again later"),
        ("timeout", "InternalServiceTimeout"),
        ("reset", "no answer"),
        ("stall", "no answer in time"),
        ("cut", "broke off"),
        ("garbled", "no JSON"),
        ("html", "no JSON"),
        ("error200", "run the same again later"),
        ("no_result", "neither a Result nor an Error"),
    ],
)
def test_what_lasts_fails_the_day_says_why_and_names_nothing_captured(kind, says, harmed, unharmed):
    action = DATASETS["batch_stream_session"].endpoint.action
    found = harmed()
    script(found, lambda asked, _: kind if asked == action else None)
    results = found.capture(DAY, timeouts=SHORT, retries=IMPATIENT)
    (failed,) = (r for r in results if not r.outcome.is_complete)
    assert (failed.dataset, failed.outcome) == ("batch_stream_session", Outcome.FAILED)
    assert says in failed.message
    assert action in failed.message
    assert captured(found) == set(SOME) - {"batch_stream_session"}
    assert note(found, "batch_stream_session")["error"] == failed.message

    script(found, lambda *_: None)
    assert failures(found.capture(DAY)) == []
    assert is_part_of(lake_rows(found.archive.home), unharmed)
    assert not [*found.archive.home.raw.rglob(states.PARTIAL)]


def test_an_incomplete_day_tells_which_question_had_no_answer(harmed):
    action = DATASETS["stream_count"].endpoint.action
    found = harmed().set(workers=1)
    script(found, lambda asked, number: "internal" if asked == action and number > 1 else None)
    results = found.capture(DAY, retries=IMPATIENT)
    (told,) = (r for r in results if r.outcome is Outcome.INCOMPLETE)
    assert "InternalError" in told.message
    folder = captures.folder_of(found.archive.home.raw, "stream_count", DAY[0])
    lacking = captures.newest(folder).lacking
    assert len(lacking) == 2
    assert lacking[0]["payload"]["StartTime"] == "2026-11-21T00:00:00+08:00"
    assert lacking[0]["payload"]["EndTime"] == "2026-11-21T23:59:59+08:00"
    assert "StreamType" in lacking[0]["payload"]


def test_the_other_questions_of_a_day_are_not_asked_while_the_action_fails(harmed):
    """There are six rankings, each asked for all domains and then for two single ones."""
    action = DATASETS["top_play"].endpoint.action
    found = harmed(names=("domain", "top_play")).set(workers=1)
    script(found, lambda asked, _: "internal" if asked == action else None)
    assert len(failures(found.capture(DAY, retries=RetryPolicy(fault_attempts=1)))) == 1
    assert found.simulator.calls[action] == 8


def test_a_storm_of_throttling_passes(harmed, unharmed):
    """18 times for each action; a call has the patience for 19."""
    actions = {DATASETS[name].endpoint.action for name in SOME}
    found = harmed(Faults(first=dict.fromkeys(actions, (18, "throttle")), retry_after_s=9))
    assert failures(found.capture(DAY)) == []
    assert is_part_of(lake_rows(found.archive.home), unharmed)


# Answers that take the API too long ---------------------------------------------------------------


def test_a_window_that_always_times_out_is_asked_in_halves(harmed, unharmed):
    action = DATASETS["source_traffic"].endpoint.action
    found = harmed(Faults(first={action: (2, "timeout")}), ("domain", "isp", "source_traffic"))
    assert failures(found.capture(DAY, retries=IMPATIENT)) == []
    assert found.simulator.calls[action] == 2 + 2
    assert is_part_of(lake_rows(found.archive.home), unharmed)
    (folder,) = (found.archive.home.raw / "source_traffic" / str(DAY[0])).glob("*Z-*")
    manifest = captures.Capture(folder, captures.CaptureName(folder.name)).manifest
    ends = [
        (r["payload"]["StartTime"][11:19], r["payload"]["EndTime"][11:19])
        for r in manifest["requests"]
    ]
    assert ends == [("00:00:00", "11:59:59"), ("12:00:00", "23:59:59")]


def test_a_total_of_the_day_that_times_out_is_asked_in_parts_of_its_list(harmed, unharmed):
    action = DATASETS["batch_stream_traffic"].endpoint.action
    found = harmed(Faults(first={action: (2, "timeout")}), ("domain", "batch_stream_traffic"))
    assert failures(found.capture(DAY, retries=IMPATIENT)) == []
    assert found.simulator.calls[action] == 2 + 2
    assert is_part_of(lake_rows(found.archive.home), unharmed)


# Pages that move ----------------------------------------------------------------------------------


@pytest.fixture
def small_pages(monkeypatch):
    """Pushes three on a page, so that a day of six streams has several."""
    dataset = DATASETS["push_stream_info"]
    paging = replace(dataset.endpoint.paging, size=3)
    changed = replace(dataset, endpoint=replace(dataset.endpoint, paging=paging))
    monkeypatch.setattr("tests.support.archives.IN_ORDER", (DATASETS["domain"], changed))
    return changed.endpoint.action


BUSY = Account(domains=1, streams_per_domain=6, deleted=0)
PUSHES = ("domain", "push_stream_info")


@pytest.mark.parametrize("kind", ["shift", "repeat", "shrink"])
def test_pages_that_move_once_are_requested_again(kind, small_pages, harmed, tmp_path):
    with lab(tmp_path / "still", BUSY) as still:
        assert failures(still.only(*PUSHES).capture(DAY)) == []
        rows, pages = lake_rows(still.archive.home), still.simulator.calls[small_pages]
    assert pages > 1
    found = harmed(names=PUSHES, account=BUSY)
    script(found, lambda asked, number: kind if (asked, number) == (small_pages, 2) else None)
    assert failures(found.capture(DAY)) == []
    assert found.simulator.calls[small_pages] > pages
    assert is_part_of(lake_rows(found.archive.home), rows)


@pytest.mark.parametrize("kind", ["shift", "repeat", "shrink"])
def test_pages_that_never_stand_still_fail_the_day(kind, small_pages, harmed):
    found = harmed(names=PUSHES, account=BUSY)
    second = {"last": 0}

    def every_page_but_the_first(asked, _):
        second["last"] += asked == small_pages
        return kind if asked == small_pages and second["last"] % 2 == 0 else None

    script(found, every_page_but_the_first)
    (told,) = failures(found.capture(DAY))
    assert "requested 4 times" in told
    assert "The day stays partial" in told
    assert captured(found) == {"domain"}


# The key ------------------------------------------------------------------------------------------


def test_an_expired_token_ends_the_run_and_finished_days_stay(harmed):
    days = [date(2026, 11, day) for day in (18, 19, 20, 21)]
    action = DATASETS["source_traffic"].endpoint.action
    found = harmed(names=("domain", "isp", "source_traffic")).set(workers=1)
    # From the third question of the action on, whatever is asked.
    calls = found.simulator.calls
    script(found, lambda *_: "token" if calls[action] > 2 else None)
    finished = []
    with found.capturing() as one:
        for name in ("domain", "isp"):
            one.capture_dimension(DATASETS[name])
        with pytest.raises(FixSetup, match="Renew the temporary credentials"):
            finished.extend(one.capture(DATASETS["source_traffic"], days))
    assert [r.day for r in finished] == days[:2]
    named = sorted(p.parent.name for p in found.archive.home.raw.glob("source_traffic/*/*Z-*"))
    assert named == [str(day) for day in days[:2]]

    script(found, lambda *_: None)
    results = found.capture(days)
    assert failures(results) == []
    assert [r.outcome for r in results[-4:]] == ["kept", "kept", "captured", "captured"]


@pytest.mark.parametrize("name", ["stream_count", "source_traffic", "region"])
def test_a_token_that_one_action_alone_refuses_fails_its_datasets_only(name, harmed):
    others = {"domain", "isp", "stream_count", "source_traffic", "region"} - {name}
    found = harmed(names=(*others, name))
    action = DATASETS[name].endpoint.action
    script(found, lambda asked, _: "token" if asked == action else None)
    (told,) = failures(found.capture(DAY))
    assert "InvalidSecretToken" in told
    assert "only this action is refused" in told
    assert captured(found) == others


def test_nobody_waits_for_a_retry_once_the_key_is_known_to_be_wrong(harmed):
    """One question is throttled and would wait for 5 s; the next one is told of the token."""
    action = DATASETS["stream_count"].endpoint.action
    found = harmed(Faults(retry_after_s=5), names=("domain", "stream_count"))
    refused = {action, "DescribeLiveISPData"}
    script(
        found,
        lambda asked, n: (
            "throttle" if (asked, n) == (action, 1) else "token" if asked in refused else None
        ),
    )
    assert failures(found.only("domain").capture()) == []
    with pytest.raises(FixSetup, match="Renew the temporary credentials"):
        found.capture(DAY, ("stream_count",), sleep=None)
    assert found.simulator.calls[action] <= 3, "the throttled one was not tried again"
    assert captured(found) == {"domain"}


# Mixed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_with_three_faults_in_ten_calls_days_end_right_or_not_at_all(seed, harmed, unharmed):
    """All kinds mixed. `shrink` is left out: on a single page it is an answer like any other."""
    kinds = [kind for kind in RETRIED if kind != "drip"] + ["shift", "repeat"]
    found = harmed(Faults(seed=seed, odds={k: 0.3 / len(kinds) for k in kinds}, stall_s=1.0))
    impatient = RetryPolicy(fault_attempts=2, throttled_attempts=3)
    for _ in range(9):
        results = found.capture(DAY, timeouts=SHORT, retries=impatient)
        rows = lake_rows(found.archive.home)
        assert is_part_of(rows, unharmed, incomplete(found))
        assert all("." in told for told in failures(results))
        assert {p.split("/")[0] for p in rows} == captured(found)
        if not failures(results):
            break
    assert captured(found) == set(SOME)
