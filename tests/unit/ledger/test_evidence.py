"""What the siblings of a dataset say of its days; the rule itself is in test_suspicion.py."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from resources.api.catalog import DATASETS
from resources.config import DatasetOverrides, Settings
from resources.ledger import acceptance, states
from resources.ledger.evidence import Evidence
from resources.ledger.suspicion import SIBLINGS
from resources.raw import captures
from resources.raw.capture_writer import CaptureWriter

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = (date(2026, 11, 20), date(2026, 11, 21))
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


def put(raw, name, day, rows):
    """A capture of `rows` rows: its name is all that is looked at."""
    folder = captures.folder_of(raw, name, day) / f"20261122T040000000000Z-{rows}-{'0' * 16}"
    folder.mkdir(parents=True)
    return folder.name


@pytest.fixture
def raw(tmp_path):
    """Rankings are empty on the second day, and nothing else is."""
    for name in SIBLINGS:
        for day in DAYS:
            put(tmp_path, name, day, 0 if (name, day) == ("top_play", DAYS[1]) else 100)
    return tmp_path


def lines(raw, name="top_play"):
    return states.entries(DATASETS[name], DAYS, raw, NOON, ZONE, timedelta(7))


def suspects(evidence, raw, name="top_play"):
    return [line.day for line in evidence.marked(name, lines(raw, name)) if line.is_suspect]


@pytest.fixture
def evidence(raw):
    return Evidence.of(Settings(), raw, None)


def test_only_the_day_that_the_siblings_contradict_is_marked(evidence, raw):
    assert suspects(evidence, raw) == [DAYS[1]]
    assert [suspects(evidence, raw, name) for name in SIBLINGS if name != "top_play"] == [[]] * (
        len(SIBLINGS) - 1
    )


def test_marking_changes_nothing_else(evidence, raw):
    found = evidence.marked("top_play", lines(raw))
    assert [replace(line, is_suspect=False) for line in found] == [*lines(raw)]


def test_datasets_that_are_limited_otherwise_say_nothing(raw):
    own = {"top_play": DatasetOverrides(domains=("a.example",))}
    assert suspects(Evidence.of(Settings(own=own), raw, None), raw) == []


def test_a_dataset_that_is_off_is_no_evidence_and_is_not_judged(raw):
    others = tuple(name for name in SIBLINGS if name != "top_play")
    assert suspects(Evidence.of(Settings(datasets_off=others), raw, None), raw) == []
    assert suspects(Evidence.of(Settings(datasets_off=("top_play",)), raw, None), raw) == []


def test_a_dataset_without_siblings_is_left_as_it_is(evidence, raw):
    put(raw, "transcode_info", DAYS[0], 0)
    assert suspects(evidence, raw, "transcode_info") == []


def test_an_accepted_answer_is_not_suspect_any_more(evidence, raw):
    folder = captures.folder_of(raw, "top_play", DAYS[1])
    acceptance.accept(folder, captures.captures_in(folder)[-1].text, NOON, "me", "no ranking")
    assert suspects(evidence, raw) == []


def test_the_archive_is_read_once_for_a_look(evidence, raw):
    assert suspects(evidence, raw) == [DAYS[1]]
    for name in SIBLINGS:
        for folder in captures.days_of(raw, name).values():
            folder.rename(folder.with_name(f"away-{folder.name}"))
    marked = evidence.marked("top_play", [replace(line, is_suspect=False) for line in lines(raw)])
    assert marked == lines(raw)  # none is complete any more: nothing is said of them


# Erased items ------------------------------------------------------------------------------------


def sealed(raw, name, day, rows_by_domain, erased_rows=None):
    """A capture with a manifest that tells rows by domain."""
    folder = captures.folder_of(raw, name, day)
    folder.mkdir(parents=True, exist_ok=True)
    writer = CaptureWriter(folder, DATASETS[name], day)
    facts = {"time_zone": ZONE.key, "rows_by_domain": rows_by_domain}
    if erased_rows:
        facts |= {"erased": ["1"], "erased_rows": erased_rows}
    writer.commit(writer.seal(NOON, sum(rows_by_domain.values()), None, facts))


@pytest.fixture
def by_domain(tmp_path):
    """Siblings of the traffic have rows of three domains on six days."""
    for name in ("batch_stream_session", "play_status_code", "batch_push_stream_metrics"):
        for day in WEEK:
            sealed(tmp_path, name, day, dict.fromkeys("abc", 300))
    return tmp_path


WEEK = [date(2026, 11, 16) + timedelta(days=i) for i in range(6)]


@pytest.mark.parametrize(
    ("rows", "erased", "suspect"),
    [
        ({"a": 0, "b": 300, "c": 300}, {"a": 300}, ()),  # the erased streams were all of a
        ({"a": 0, "b": 0, "c": 300}, {"a": 300}, ("b",)),
        ({"a": 0, "b": 300, "c": 300}, {}, ("a",)),  # asked again: nothing was cut out
        ({"b": 300, "c": 300}, {"": 300}, ()),  # a was erased
        ({"b": 0, "c": 300}, {"": 300}, ("b",)),
    ],
)
def test_only_what_an_erasure_took_is_explained_by_it(by_domain, rows, erased, suspect):
    for day in WEEK[:-1]:
        sealed(by_domain, "batch_stream_traffic", day, dict.fromkeys("abc", 300))
    sealed(by_domain, "batch_stream_traffic", WEEK[-1], rows, erased)
    evidence = Evidence.of(Settings(), by_domain, None)
    name = "batch_stream_traffic"
    listed = states.entries(DATASETS[name], WEEK, by_domain, NOON, ZONE, timedelta(7))
    found = {
        line.day: line.suspect_domains for line in evidence.marked(name, listed) if line.is_suspect
    }
    assert found == ({WEEK[-1]: suspect} if suspect else {})


@pytest.mark.parametrize(
    ("erased", "is_suspect"), [({"a": 900}, False), ({"a": 10}, True), ({}, True)]
)
def test_an_empty_day_is_suspect_unless_an_erasure_emptied_it(by_domain, erased, is_suspect):
    for day in WEEK[:-1]:
        sealed(by_domain, "batch_stream_traffic", day, dict.fromkeys("abc", 300))
    sealed(by_domain, "batch_stream_traffic", WEEK[-1], {}, erased)
    assert (WEEK[-1] in suspects_of_week(by_domain, "batch_stream_traffic")) is is_suspect


def suspects_of_week(raw, name):
    listed = states.entries(DATASETS[name], WEEK, raw, NOON, ZONE, timedelta(7))
    return [
        one.day for one in Evidence.of(Settings(), raw, None).marked(name, listed) if one.is_suspect
    ]


@pytest.mark.parametrize("is_erased", [False, True])
def test_a_stream_that_is_erased_from_the_list_is_not_missed_in_what_it_lists(by_domain, is_erased):
    for day in WEEK:
        last = day == WEEK[-1]
        sealed(by_domain, "push_stream_info", day, dict.fromkeys("abc", 300),
               {"a": 3, "b": 3, "c": 3} if last and is_erased else None)  # fmt: skip
        sealed(by_domain, "push_stream_metrics", day, {} if last else dict.fromkeys("abc", 300))
    assert suspects_of_week(by_domain, "push_stream_metrics") == ([] if is_erased else WEEK[-1:])
