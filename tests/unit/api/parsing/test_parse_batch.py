"""Small answers read together: what each would be by itself, or nothing at all."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api.body import Packed, pack
from resources.api.catalog import DATASETS
from resources.api.catalog.model import ColumnType, DomainRole, DuplicateKeys
from resources.api.errors import ApiError, WrongAnswer
from resources.api.parsing import decode
from resources.api.parsing import parse_batch as api_together
from resources.api.parsing.parse import join, read_page
from resources.api.parsing.parse_batch import batch_key, read_batch, read_batched
from resources.api.request_plan import Domain, Inventory, halves, requests_for
from resources.capture import decoders
from resources.capture.decoders import DecoderPool
from resources.raw import captures
from resources.simulator import Account
from tests.support.archives import failures, lab, lake_rows
from tests.support.each import each
from tests.unit.api.parsing.test_parse import DAY, MANY, SHANGHAI, questions, sample_of, written

METRICS = DATASETS["push_stream_metrics"]
PUSH = DomainRole.PUSH
every_dataset = each("dataset", DATASETS.values(), lambda d: d.name)


def alone(dataset, walk, body, number=1):
    """What one answer says by itself, and its rows; or the error."""
    try:
        page = read_page(dataset, walk, body, number)
        return page, join(dataset, walk, [page])
    except ApiError as error:
        return error


def together(dataset, some):
    """The same of all of them, read together; None if they are not."""
    walks_, bodies, numbers = zip(*some, strict=True)
    pages = read_batch(dataset, [*zip(walks_, numbers, strict=True)], bodies)
    if pages is None:
        return None
    return [(p, join(dataset, w, [p])) for p, w in zip(pages, walks_, strict=True)]


def told(found):
    """All that is told, with the rows in order."""
    page, rows = found
    table = pa.concat_tables(rows.tables())
    return (
        (table.to_pylist(), table.schema, rows.outside, rows.unknown, rows.disagreeing),
        (page.facts, page.totals, page.outside, page.unknown, page.disagreeing),
        in_order(page.dropped),
    )


def in_order(dropped):
    return None if dropped is None else dropped.to_pylist()


def alike(asked):
    """The answers that can be read together: walk, body and number of the page."""
    found = {}
    for dataset, *one in asked:
        found.setdefault(batch_key(dataset, one[0]), []).append(tuple(one))
    return [some for some in found.values() if len(some) > 1]


# Any answers ------------------------------------------------------------------------------------


def spoilt(document, draw):
    """An answer with something odd in it: a document, or the bytes of none."""
    result = document["Result"]
    lists = [name for name, value in result.items() if isinstance(value, list) and value]
    name = draw(st.sampled_from(lists or [""]))
    item = draw(st.sampled_from(result[name])) if name else {}
    item = item if isinstance(item, dict) else {}
    match draw(st.sampled_from(range(12))):
        case 0:
            result["New"] = 1
        case 1 if name:
            item["New"] = [{"a": None}]
        case 2 if name:
            result[name] = result[name] * 2
        case 3 if item:
            item[draw(st.sampled_from(sorted(item)))] = draw(
                st.sampled_from([None, 12.0, 1e300, -(2**63), 2**63, "x", True, [], [{}], "\n"])
            )
        case 4 if name:
            result[name] = [None, *result[name]]
        case 5:
            error = {"Code": "InternalError", "Message": "x"}
            return {**document, "ResponseMetadata": {"RequestId": "r", "Error": error}}
        case 6:
            text = json.dumps(document).encode()
            return text[: draw(st.integers(0, len(text)))]
        case 7:
            return draw(st.sampled_from([b"", b"null", b"{}", b"{}{}", b'{"Result":"}', b"}{"]))
        case 8:
            text = json.dumps(document).encode()
            return text + draw(st.sampled_from([b"\n", b" ", text, b"null", b"\0", b"," + text]))
        case 9:
            return json.dumps(document, indent=1).encode()
        case 10:
            return {**document, "Result": draw(st.sampled_from([None, {}]))}
        case _:
            pass
    return document


@st.composite
def days(draw, dataset):
    """Answers to some questions of a day, with totals that are right or wrong; some are odd."""
    asked = []
    for _ in range(draw(st.integers(2, 5))):
        walk, document = draw(questions(dataset))
        for total in dataset.endpoint.totals:
            whole = total.kind is ColumnType.INTEGER
            numbers = st.integers(0, 10) if whole else st.floats(0, 10)
            document["Result"][total.name] = draw(st.none() | st.just(0) | numbers)
        told_by = [t for t in dataset.endpoint.totals if t.in_splits]
        layout = dataset.endpoint.split_rows if walk.is_split else None
        for item in document["Result"][layout.levels[0].name] if layout else []:
            item.update({t.name: draw(st.sampled_from([None, 0, 5])) for t in told_by})
        shorter = halves(dataset, walk)
        walk = draw(st.sampled_from([walk, walk, *shorter]))
        odd = draw(st.integers(0, 4)) == 0
        document = spoilt(document, draw) if odd else document
        is_text = isinstance(document, bytes)
        body = document if is_text else written(document, False, True)
        asked.append((dataset, walk, body, draw(st.integers(1, 3))))
    return asked


def check_that_each_is_what_it_is_by_itself(dataset, data):
    """Whatever stands in the answers: none of those beside one that is refused alone, or that only
    the careful reader reads, is read together; all others are."""
    for some in alike(data.draw(days(dataset))):
        plain = [one for one in some if is_as_declared(dataset, one[1])]
        for asked in (some, plain):
            by_itself = [alone(dataset, *one) for one in asked]
            found = together(dataset, asked) if asked else None
            if found is not None:
                assert [told(one) for one in found] == [told(one) for one in by_itself]
            elif asked == plain and dataset.duplicate_keys is DuplicateKeys.REFUSE:
                assert not by_itself or any(
                    one_may_not(dataset, *one) for one in zip(asked, by_itself, strict=False)
                )


@every_dataset
@settings(max_examples=1, deadline=None, derandomize=True)
@given(data=st.data())
def test_each_answer_is_what_it_is_by_itself(dataset, data):
    check_that_each_is_what_it_is_by_itself(dataset, data)


@pytest.mark.slow
@every_dataset
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_each_of_many_more_answers_is_what_it_is_by_itself(dataset, data):
    check_that_each_is_what_it_is_by_itself(dataset, data)


def is_as_declared(dataset, body):
    """True for what Arrow's parser reads at once."""
    endpoint = dataset.endpoint
    found = decode._decode_strict(endpoint.action, decode.envelope(endpoint), body)
    return found is not None and not found.unknown and b"\n" not in body and body[-1:] == b"}"


def one_may_not(dataset, asked, by_itself):
    """True for an answer that is refused or has no row inside of its window, whose slots are then
    looked at more closely; for a split without rows, where there was nothing to split; and for one
    that leaves out a domain, or has rows outside, and falls short of the whole; and for one that
    lists a row twice, which counts once.
    """
    if isinstance(by_itself, ApiError):
        return True
    _, rows = by_itself
    if lists_a_row_twice(dataset, asked, rows):
        return True
    if rows.table.num_rows:
        return bool(rows.absent) or (asked[0].is_split and rows.outside > 0)
    return bool(rows.outside) or asked[0].is_split


def lists_a_row_twice(dataset, asked, rows):
    """True if the answer has more rows than were made of it."""
    walk, body, _ = asked
    endpoint = dataset.endpoint
    layout = endpoint.split_rows if walk.is_split and endpoint.split_rows else endpoint.rows
    items = [json.loads(body)["Result"]]
    for level in layout.levels:
        items = [inner for item in items for inner in item.get(level.name) or []]
    return len(items) > rows.table.num_rows + rows.outside


def cut(text):
    return st.integers(0, len(text)).map(lambda at: text[:at])


PLAIN = json.dumps(sample_of(METRICS.name), separators=(",", ":")).encode()
LINE = b'{"Result":{"MetricList":[]}}'
scraps = st.sampled_from(
    [b"{", b"}", b'"', b"\\", b"null", b"[", b"]", b",", b" ", b"\r", b"\0", LINE]
)


any_bodies = given(
    bodies=st.lists(
        st.one_of(
            st.just(PLAIN),
            st.just(LINE),
            cut(PLAIN),
            st.lists(scraps | st.just(PLAIN), max_size=6).map(b"".join),
        ),
        min_size=2,
        max_size=4,
    )
)


def check_no_document_is_another_answers(bodies):
    """Two in one body and none in the next are as many as there are bodies, and still refused."""
    found = decode.decode_batch(METRICS.endpoint, bodies)
    if found is not None:
        for number, body in enumerate(bodies):
            json.loads(body)
            assert decode.decode(METRICS.endpoint, body).result[0] == found[number]


@settings(max_examples=120, deadline=None)
@any_bodies
def test_no_document_is_taken_for_another_answers(bodies):
    check_no_document_is_another_answers(bodies)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None)
@any_bodies
def test_no_document_of_many_more_is_taken_for_another_answers(bodies):
    check_no_document_is_another_answers(bodies)


# What must be read together ---------------------------------------------------------------------


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=lambda d: d.name)
def test_answers_as_documented_are_read_together(dataset, monkeypatch):
    """With one start of the parser, whoever they are about and in whatever order their rows are."""
    parsed, usual = [], decode._parse_json

    def counted(*text, **how):
        parsed.append(text)
        return usual(*text, **how)

    plain = json.dumps(sample_of(dataset.name)).replace("null", "[]")  # the fast reader's, all
    backwards = json.loads(plain, object_hook=reversed_lists)
    asked = [
        (dataset, walk, json.dumps(document).encode(), 1)
        for walk in requests_for(dataset, DAY, SHANGHAI, MANY)
        for document in (json.loads(plain), backwards, json.loads(plain))
    ]
    mine = [one for one in asked if not isinstance(alone(*one), ApiError)]
    assert mine
    for some in alike(asked):
        if any((dataset, *one) not in mine for one in some):
            assert together(dataset, some) is None
    monkeypatch.setattr(decode, "_parse_json", counted)
    for some in alike(mine):
        parsed.clear()
        found = together(dataset, some)
        assert len(parsed) == 1
        assert [told(one) for one in found] == [told(alone(dataset, *one)) for one in some]


def reversed_lists(item):
    return {k: v[::-1] if isinstance(v, list) else v for k, v in item.items()}


def metrics(*seconds):
    """A question about one stream, and an answer with a row for each of these seconds."""
    document = json.loads(PLAIN)
    first = document["Result"]["MetricList"][0]
    times = [f"2025-03-01T00:00:{second:02}+08:00" for second in seconds]
    document["Result"]["MetricList"] = [{**first, "TimeStamp": time} for time in times]
    return next(requests_for(METRICS, DAY, SHANGHAI, MANY)), json.dumps(document).encode()


def test_a_row_that_came_twice_keeps_the_answers_apart():
    good, twice = (*metrics(0, 30), 1), (*metrics(0, 0), 1)
    assert together(METRICS, [good, good]) is not None
    assert together(METRICS, [good, twice]) is None


def test_the_same_row_in_two_answers_is_no_row_twice():
    good = (*metrics(30, 0), 1)
    (_, one), (_, other) = together(METRICS, [good, good])
    times = one.table["slot_start_at"].to_pylist()
    assert times == other.table["slot_start_at"].to_pylist() == sorted(times)


def test_rows_outside_of_a_window_are_counted_for_their_own_answer():
    walk, body = metrics(0, 30)
    start, end = walk.window
    other = replace(walk, window=(start + timedelta(seconds=30), end + timedelta(seconds=30)))
    found = together(METRICS, [(walk, body, 1), (other, body, 1)])
    assert [(rows.table.num_rows, rows.outside) for _, rows in found] == [(2, 0), (1, 1)]


@pytest.mark.parametrize(
    "odd",
    [
        PLAIN + PLAIN,
        PLAIN + b"null",
        LINE[:-1],
        b"",
        LINE.replace(b'{"Result"', b'{"ResponseMetadata":{"Error":{"Code":"x"}},"Result"'),
        b'{"Result":null}',
        LINE.replace(b"[]", b"[null]"),
        LINE.replace(b"[]", b'[],"New":1'),
    ],
    ids=["two", "and null", "cut", "empty", "refused", "null", "a null row", "new field"],
)
def test_what_is_not_one_answer_as_declared_keeps_all_apart(odd):
    for bodies in ([PLAIN, odd], [odd, LINE]):
        assert decode.decode_batch(METRICS.endpoint, bodies) is None
    assert decode.decode_batch(METRICS.endpoint, [PLAIN, LINE]) is not None


def test_a_rank_counts_from_one_on_each_page_until_pages_are_joined():
    dataset = DATASETS["top_play"]
    assert dataset.ranked
    walk = next(requests_for(dataset, DAY, SHANGHAI, MANY))
    body = json.dumps(sample_of(dataset.name)).encode()
    pages = read_batch(dataset, [(walk, 1), (walk, 3)], [body, body])
    assert [page.number for page in pages] == [1, 3]
    assert [sorted(page.table["rank"].to_pylist()) for page in pages] == [[1, 2], [1, 2]]


def test_names_in_another_spelling_are_those_of_each_request():
    dataset = DATASETS["batch_push_stream_metrics"]
    known = Inventory(domains=(Domain("A.Example", PUSH), Domain("B.example.", PUSH)))
    some = []
    for walk in requests_for(dataset, DAY, SHANGHAI, known):
        document = sample_of(dataset.name, walk)
        for item in document["Result"]["StreamMetricList"]:
            item["Domain"] = str(walk.payload["Domain"]).lower().removesuffix(".")
        some.append((walk, json.dumps(document).encode(), 1))
    found = together(dataset, some)
    asked = [walk.payload["Domain"] for walk, _, _ in some]
    assert sorted(set(asked)) == ["A.Example", "B.example."]
    assert [set(rows.table["domain"].to_pylist()) for _, rows in found] == [{d} for d in asked]
    assert together(dataset, [some[0], (some[-1][0], some[0][1], 1)]) is None  # of another domain


# One after the other ------------------------------------------------------------------------------


def said(read):
    try:
        page = read()
        return told((page, join(METRICS, metrics(0)[0], [page])))
    except ApiError as error:
        return str(error)


@settings(deadline=None, max_examples=30)
@given(
    kinds=st.lists(st.sampled_from(["small", "other", "odd", "large", "other walk"]), max_size=9),
    most=st.sampled_from([0, 1500, 10**6]),
)
def test_a_capture_is_read_again_answer_by_answer_in_its_order(kinds, most):
    """Whatever is read together: a large answer before the next is asked for."""
    walk, body = metrics(0, 30)
    large = pack(body)
    made = {
        "small": (walk, body),
        "other": (walk, metrics(30)[1]),
        "odd": (walk, body[:-9]),
        "large": (walk, Packed(large, 0, len(large), len(body))),
        "other walk": (replace(walk, window=None), body),
    }
    asked_for = []

    def answers_():
        for mark, kind in enumerate(kinds):
            asked_for.append(mark)
            yield mark, made[kind][0], 1, made[kind][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api_together, "MOST_BYTES", most)
        found = []
        for mark, asked, read in read_batched(METRICS, answers_()):
            assert kinds[mark] != "large" or asked_for[-1] == mark
            found.append((mark, asked, said(read)))
    assert found == [
        (mark, made[kind][0], said(partial(read_page, METRICS, *made[kind])))
        for mark, kind in enumerate(kinds)
    ]


def test_small_answers_of_a_capture_are_read_together(monkeypatch):
    walk, body = metrics(0, 30)
    sizes, usual = [], api_together.read_batch

    def counted(dataset, asked, bodies):
        sizes.append(len(bodies))
        return usual(dataset, asked, bodies)

    monkeypatch.setattr(api_together, "read_batch", counted)
    monkeypatch.setattr(api_together, "MOST_BYTES", 3 * len(body))
    assert len([*read_batched(METRICS, [(i, walk, 1, body) for i in range(8)])]) == 8
    assert sizes == [3, 3, 2]


# In a run -----------------------------------------------------------------------------------------


@contextmanager
def one_reader(monkeypatch):
    """Readers that begin when the answers of all who ask have come: `run(asks)` has them all ask."""
    monkeypatch.setattr(decoders, "DECODE_WORKERS", 1)
    with DecoderPool() as few:
        handed_over, begin = threading.Semaphore(0), threading.Event()
        submit = few._small.submit

        def counted(*work):
            future = submit(*work)
            handed_over.release()
            return future

        def run(asks):
            few._small.submit = submit
            begin.clear()
            submit(begin.wait, 60)
            few._small.submit = counted
            with ThreadPoolExecutor(len(asks)) as pool:
                futures = [pool.submit(ask, few) for ask in asks]
                for _ in asks:
                    assert handed_over.acquire(timeout=60)
                begin.set()
            return [future.exception() or future.result() for future in futures]

        yield run


def finished(page):
    return page, join(METRICS, metrics(0)[0], [page])


def test_answers_that_wait_are_read_together_and_with_an_odd_one_each_by_itself(monkeypatch):
    walk, body = metrics(0, 30)
    bodies = [body, metrics(30)[1], body.replace(b'"2025-03-01T00:00:00+08:00"', b"7"), body]
    by_itself, usual = [], api_together.read_page

    def watched(dataset, walk, text, number):
        by_itself.append(bodies.index(text))
        return usual(dataset, walk, text, number)

    monkeypatch.setattr(api_together, "read_page", watched)
    with one_reader(monkeypatch) as run:
        for numbers, apart in (([0, 1], []), ([0, 1, 2], [0, 1, 2])):
            by_itself.clear()
            asks = [partial(ask, body=bodies[number]) for number in numbers]
            found = run(asks)
            assert sorted(by_itself) == apart
            for number, one in zip(numbers, found, strict=True):
                if number == 2:
                    assert str(one) == str(alone(METRICS, walk, bodies[2]))
                    assert isinstance(one, WrongAnswer)
                else:
                    assert told(one[0]) == told(alone(METRICS, walk, bodies[number]))
                    assert one[1] == captures.pack(bodies[number])


def ask(few, body):
    return few.read(METRICS, metrics(0)[0], 1, body, finished)


def test_so_many_bytes_are_read_together_and_no_more(monkeypatch):
    walk, body = metrics(0, 30)
    sizes, usual = [], api_together.read_batch

    def counted(dataset, asked, bodies):
        sizes.append(len(bodies))
        return usual(dataset, asked, bodies)

    monkeypatch.setattr(api_together, "read_batch", counted)
    monkeypatch.setattr(api_together, "MOST_BYTES", len(body) * 2 + 1)
    with one_reader(monkeypatch) as run:
        found = run([partial(ask, body=body)] * 4)
    assert sizes == [2, 2]
    assert [told(one) for one, _ in found] == [told(alone(METRICS, walk, body))] * 4


def test_what_goes_wrong_in_reading_together_is_told_to_all_who_wait(monkeypatch):
    def broken(*_):
        raise MemoryError("no more")

    monkeypatch.setattr(api_together, "read_batch", broken)
    with one_reader(monkeypatch) as run:
        found = run([partial(ask, body=PLAIN)] * 3)
    assert [str(error) for error in found] == ["no more"] * 3


@pytest.mark.slow
def test_an_archive_is_the_same_however_its_answers_were_read(tmp_path, monkeypatch):
    day = date(2026, 11, 20)
    with lab(tmp_path / "home", Account(domains=2, streams_per_domain=4, deleted=0)) as found:
        sizes = []
        usual = api_together.read_batch

        def counted(dataset, asked, bodies):
            sizes.append(len(bodies))
            return usual(dataset, asked, bodies)

        monkeypatch.setattr(decoders, "DECODE_WORKERS", 1)
        monkeypatch.setattr(api_together, "read_batch", counted)
        assert failures(found.capture([day])) == []
        assert sizes
        monkeypatch.setattr(api_together, "batch_key", lambda *_: None)
        other = found.beside("other")
        assert failures(other.capture([day])) == []
        assert lake_rows(found.archive.home) == lake_rows(other.archive.home)
        for name in found.archive.settings.datasets:
            assert [*asked_and_told(found, name)] == [*asked_and_told(other, name)]


def asked_and_told(one, name):
    for folder in captures.days_of(one.archive.home.raw, name).values():
        for walk, page, payload, body in captures.newest(folder).responses():
            document = json.loads(body)
            document.get("ResponseMetadata", {}).pop("RequestId", None)
            yield walk, page, payload, document
