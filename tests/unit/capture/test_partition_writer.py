"""One day being written: both files or none, equal answers once, and what lacks is named."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from resources.api.catalog import DATASETS
from resources.api.catalog.model import DomainRole
from resources.api.errors import TryLater
from resources.api.parsing.parse import Rows
from resources.api.request_plan import Domain, Inventory, requests_for
from resources.capture.answers import FetchedPage, FetchResult, Unanswered
from resources.capture.partition_writer import PartitionJob, write_partial_note
from resources.config import Settings
from resources.fs import sealed
from resources.home import day_lock
from resources.home.layout import Home
from resources.lake import parquet
from resources.ledger import states
from resources.raw import captures, seen_notes
from resources.raw.manifest_facts import manifest_facts
from tests.support import lake_files
from tests.support.archives import contents, leftovers

DAY, ZONE = date(2026, 11, 21), Settings().zone
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
TRAFFIC = DATASETS["batch_stream_traffic"]
DOMAINS = ("a.example", "b.example")
BODY = b'{"Result":{}}'


@pytest.fixture
def home(tmp_path):
    found = Home(tmp_path / "home")
    captures.folder_of(found.raw, TRAFFIC.name, DAY).mkdir(parents=True)
    return found


def asked(*domains):
    """A request for each domain."""
    known = Inventory(domains=tuple(Domain(name, DomainRole.PULL) for name in domains))
    (request,) = requests_for(TRAFFIC, DAY, ZONE, known)
    return [replace(request, payload={**request.payload, "DomainList": [d]}) for d in domains]


@contextmanager
def job(home, requests=(), **options):
    """The day being captured, on top of its newest capture."""
    folder = folder_of(home)
    made = PartitionJob(
        TRAFFIC, DAY, home, day_lock.try_lock(home, TRAFFIC, DAY), requests or asked(*DOMAINS),
        captures.newest(folder), DOMAINS, **options,
    )  # fmt: skip
    try:
        yield made
    finally:
        made.release()


def answer(request, number=1.0):
    """An answer with a row for the domain that was asked."""
    (domain,) = request.payload["DomainList"]
    row = {"domain": domain, "app": "live", "stream": "s", "down_traffic_bytes": number}
    page = FetchedPage(1, dict(request.payload), NOW.isoformat(), len(BODY), captures.pack(BODY))
    rows = Rows(lake_files.table(TRAFFIC, [row]), 0, (), ())
    return FetchResult(request, (page,), rows)


def unanswered(request, *pages):
    return Unanswered(request, TryLater("no answer"), pages)


def captured(home, answers=answer, now=NOW, **options):
    """A day whose requests are all done; what the commit did."""
    with job(home, **options) as one:
        one.add([answers(request) for request in one.requests])
        return one.commit(now, "Asia/Shanghai")


def folder_of(home):
    return captures.folder_of(home.raw, TRAFFIC.name, DAY)


def lake_domains(home):
    path = parquet.path_of(home.lake, TRAFFIC.name, DAY)
    return pq.read_table(path)["domain"].to_pylist()


def test_a_day_is_in_both_or_in_none(home):
    with job(home) as one:
        one.add([answer(one.requests[0])])
        one.abandon()
    assert captures.captures_in(folder_of(home)) == []
    assert contents(home.raw, home.lake) == {}
    result = captured(home)
    assert (result.is_new, result.requests) == (True, 2)
    assert lake_domains(home) == ["a.example", "b.example"]
    newest = captures.newest(folder_of(home))
    assert newest.name.text == result.origin.capture
    assert [payload["DomainList"] for _, _, payload, _ in newest.responses()] == [
        ["a.example"],
        ["b.example"],
    ]
    assert leftovers(home.root) == []


def test_an_equal_answer_is_noted_and_changes_nothing(home):
    captured(home)
    before = contents(home.lake)
    later = NOW + timedelta(days=1)
    assert not captured(home, now=later).is_new
    assert len(captures.captures_in(folder_of(home))) == 1
    assert seen_notes.last_seen(folder_of(home)) == later
    assert contents(home.lake) == before
    assert leftovers(home.root) == []


def test_another_row_is_a_revision_beside_the_first(home):
    captured(home)
    assert captured(home, lambda r: answer(r, 2.0), NOW + timedelta(days=1)).is_new
    first, second = captures.captures_in(folder_of(home))
    assert captures.Capture(folder_of(home) / second.text, second).manifest["after"] == first.text


def test_equal_rows_that_answer_another_question_are_a_capture(home):
    """What is complete follows from what was asked: a note would not tell."""
    captured(home, requests=asked("a.example"))
    later = NOW + timedelta(days=1)

    def empty(request):
        found = answer(request)
        return replace(found, rows=Rows(lake_files.table(TRAFFIC, []), 0, (), ()))

    both = asked(*DOMAINS)
    assert captured(
        home, lambda r: answer(r) if r is both[0] else empty(r), later, requests=both
    ).is_new


def test_a_damaged_lake_file_is_made_anew_before_it_is_compared(home, monkeypatch):
    captured(home)
    path = parquet.path_of(home.lake, TRAFFIC.name, DAY)
    right = path.read_bytes()
    path.write_bytes(b"damaged")
    normalised = []

    def normalise(*asked_for):
        normalised.append(asked_for)
        path.write_bytes(right)
        return parquet.verified_provenance(path)

    monkeypatch.setattr(parquet, "normalise", normalise)
    assert not captured(home, now=NOW + timedelta(days=1)).is_new
    assert len(normalised) == 1
    assert path.read_bytes() == right


def test_a_request_without_an_answer_is_named_by_its_items(home):
    first, second = asked(*DOMAINS)
    with job(home, [first, second]) as one:
        one.add([answer(first), unanswered(second)])
        assert (one.lacking, one.answered) == (("b.example",), 1)
        one.commit(NOW, "Asia/Shanghai")
    (lack,) = captures.newest(folder_of(home)).lacking
    assert lack["items"] == ["b.example"]
    assert lack["error"].startswith("no answer")
    assert lake_domains(home) == ["a.example"]


def test_after_an_error_of_the_whole_day_nothing_more_is_written(home):
    with job(home) as one:
        one.fail(one.requests[0], KeyError("first"))
        one.fail(one.requests[1], KeyError("second"))
        one.add([answer(one.requests[1])])
        assert (str(one.error), one.answered, one.staged) == ("'first'", 0, None)
        assert len(one.failed_requests) == 2


def test_what_could_not_be_read_is_kept_once_and_is_no_capture(home):
    page = answer(asked(*DOMAINS)[1]).pages[0]
    for _ in range(2):
        with job(home) as one:
            one.add([unanswered(one.requests[0]), unanswered(one.requests[1], page)])
            one.keep_rejected(NOW, "Asia/Shanghai")
    (kept,) = captures.rejected_in(folder_of(home))
    assert [body for *_, body in kept.responses()] == [BODY]
    assert captures.newest(folder_of(home)) is None
    assert leftovers(home.root) == []


def test_without_a_body_nothing_is_kept(home):
    with job(home) as one:
        one.add([unanswered(request) for request in one.requests])
        one.keep_rejected(NOW, "Asia/Shanghai")
    assert contents(home.raw) == {}


def test_the_lock_is_free_after_the_day_and_released_once(home):
    with job(home) as one:
        assert day_lock.try_lock(home, TRAFFIC, DAY) is None
        one.release()
        one.release()
        again = day_lock.try_lock(home, TRAFFIC, DAY)
        assert again is not None
        again.release()


def test_the_note_of_a_failed_day_goes_with_the_next_capture(home):
    with job(home) as one:
        one.fail(one.requests[0], TryLater("no answer"))
        write_partial_note(folder_of(home), NOW, one.error, one)
    note = folder_of(home) / states.PARTIAL
    facts = sealed.unseal(note.read_bytes())
    assert facts["error"].startswith("no answer")
    assert (facts["answered"], facts["questions"]) == (0, 2)
    assert "a.example" in facts["failed"][0]["asked"]
    captured(home)
    assert not note.exists()


def with_totals(*names, number=1.0):
    """Answers whose totals of these names differ from the rows."""

    def answers(request):
        found = answer(request, number)
        return replace(found, rows=replace(found.rows, disagreeing=names))

    return answers


@pytest.mark.parametrize(
    ("first", "then", "captures_kept"),
    [
        (("TotalUpTraffic",), (), 2),
        ((), ("TotalUpTraffic",), 2),
        (("TotalUpTraffic",), ("TotalDownTraffic",), 2),
        (("TotalUpTraffic",), ("TotalUpTraffic",), 1),
    ],
)
def test_equal_rows_with_other_totals_that_differ_are_a_capture(home, first, then, captures_kept):
    """The ledger tells from the capture whether an answer contradicts itself: a note would not."""
    captured(home, with_totals(*first))
    captured(home, with_totals(*then), NOW + timedelta(days=1))
    assert len(captures.captures_in(folder_of(home))) == captures_kept
    told = manifest_facts(captures.newest(folder_of(home))).contradictions
    assert told == tuple(f"{name} differs from its rows" for name in then)
