"""A large answer is read in slices: the same rows, errors and reports as if it were read whole."""

import json
import random
from itertools import islice
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api import body as api_body
from resources.api import redaction
from resources.api.body import Incoming, Packed, pack, whole
from resources.api.catalog import DATASETS
from resources.api.credentials import Credentials
from resources.api.errors import AnswerTooLarge, ApiError, IncompleteAnswer, TryLater
from resources.api.parsing import parse as rows
from resources.api.parsing import slices
from resources.api.parsing.parse import join, read_page
from resources.api.parsing.slices import JsonSlicer
from resources.api.request_plan import requests_for
from tests.support.each import each
from tests.unit.api.parsing.test_parse import DAY, MANY, sample

SHANGHAI = ZoneInfo("Asia/Shanghai")
METRICS = DATASETS["batch_push_stream_metrics"]
unpaged = each(
    "dataset",
    [d for d in DATASETS.values() if d.endpoint.paging is None and d.endpoint.rows.levels[0].name],
    lambda d: d.name,
)


def packed(body):
    """A body as it is when it is large."""
    stored = pack(body)
    return Packed(stored, 0, len(stored), len(body))


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    """What is large in these tests is small elsewhere."""
    monkeypatch.setattr(api_body, "PIECE_BYTES", 64)
    monkeypatch.setattr(api_body, "LARGE_BYTES", 200)
    monkeypatch.setattr(slices, "SLICE_BYTES", 100)


def told(read, body):
    """What reading says: the page, or the error."""
    try:
        page = read(body)
    except ApiError as error:
        return type(error), str(error)
    return (
        page.table.to_pylist(),
        page.facts,
        page.totals,
        page.outside,
        page.unknown,
        (page.disagreeing),
    )


def both(dataset, walk, document, **layout):
    """What is said of an answer read whole, and read in slices."""
    body = document if isinstance(document, bytes) else json.dumps(document, **layout).encode()
    return [told(lambda b: read_page(dataset, walk, b), b) for b in (body, packed(body))]


def many(dataset, copies=12):
    """The sample with many more items in its list: the same answer, but large."""
    document = sample(dataset.endpoint.action)
    for layout in (dataset.endpoint.rows, dataset.endpoint.split_rows):
        if layout is not None and document["Result"].get(layout.levels[0].name):
            document["Result"][layout.levels[0].name] *= copies
    return document


# Slices ------------------------------------------------------------------------------------------

texts = st.text(st.sampled_from('a"\\{}[],: \n直😀'), max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(
    items=st.lists(values, max_size=12),
    before=st.dictionaries(texts, values, max_size=3),
    after=st.dictionaries(texts, values, max_size=3),
    size=st.integers(1, 40),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
)
def test_slices_hold_each_item_once_in_order_and_the_rest_holds_all_else(
    items, before, after, size, indent, ascii_only
):
    """Whatever stands in the answer, wherever it is cut into pieces."""
    result = {**before, "List": items, **after}
    document = {"Result": result, "ResponseMetadata": {"List": [1]}}
    body = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    found = JsonSlicer(pieces, "List")
    cut = [json.loads(b"[%s]" % part) for part in found]
    assert [item for part in cut for item in part] == items
    assert json.loads(found.rest) == {**document, "Result": {**result, "List": []}}
    assert all(cut)


def test_a_list_of_that_name_elsewhere_is_not_cut():
    for document in (
        {"ResponseMetadata": {"List": [1]}, "Result": {"Other": {"List": [1]}}},
        {"Result": {"List": {"List": [1]}}},
        {"Result": [{"List": [1]}], "List": [1]},
        {"Result": {"AList": [1], "x": '"List": ['}},
    ):
        body = json.dumps(document).encode()
        found = JsonSlicer([body], "List")
        assert [*found] == []
        assert found.rest == body


# The same as if it were small --------------------------------------------------------------------


@unpaged
def test_a_large_answer_gives_the_same_page(dataset):
    for walk in islice(requests_for(dataset, DAY, SHANGHAI, MANY), 2):
        for indent in (None, 2):
            at_once, sliced = both(dataset, walk, many(dataset, 4), indent=indent)
            assert sliced == at_once


@unpaged
def test_a_change_anywhere_is_told_the_same(dataset):
    """A field more, a field less, another type, half a body: by the same path and in the same words."""
    chance = random.Random(dataset.name)
    walk = next(iter(requests_for(dataset, DAY, SHANGHAI, MANY)))
    name = dataset.endpoint.rows.levels[0].name
    if walk.is_split and dataset.endpoint.split_rows:
        name = dataset.endpoint.split_rows.levels[0].name
    for change in ("more", "less", "null", "text", "number", "twice"):
        document = many(dataset, 4)
        items = document["Result"][name]
        items[:] = [json.loads(json.dumps(item)) for item in items]  # no two are one object
        item = items[chance.randrange(len(items))]
        field = chance.choice([*item])
        if change == "more":
            item["New"] = {"Deep": 1}
        elif change == "less":
            del item[field]
        elif change == "twice":
            items.append(None)
        else:
            item[field] = {"null": None, "text": "?", "number": 12.5}[change]
        at_once, sliced = both(dataset, walk, document)
        assert sliced == at_once, (change, field)


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9, 0.999])
def test_half_an_answer_is_no_answer(cut):
    walk = next(iter(requests_for(METRICS, DAY, SHANGHAI, MANY)))
    body = json.dumps(many(METRICS)).encode()
    with pytest.raises(TryLater, match="no JSON"):
        read_page(METRICS, walk, packed(body[: int(len(body) * cut)]))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"}, {", b"} {"),
        (b"}, {", b"},, {"),
        (b"]}}", b",]}}"),
        (b"]}}", b"]}"),
        (b"]}}", b"]}}}"),
        (b"]}}", b"]]}}"),
        (b'"Bitrate"', b'"Bitrate'),
    ],
)
def test_what_is_no_json_is_no_answer(old, new, monkeypatch):
    """Wherever it stands: at the border of two slices, too."""
    monkeypatch.setattr(slices, "SLICE_BYTES", 1)
    monkeypatch.setattr(api_body, "PIECE_BYTES", 1)
    walk = next(iter(requests_for(METRICS, DAY, SHANGHAI, MANY)))
    body = json.dumps(many(METRICS, 1)).encode()
    for nth in range(body.count(old)):
        parts = body.split(old)
        changed = old.join(parts[: nth + 1]) + new + old.join(parts[nth + 1 :])
        with pytest.raises(TryLater, match="no JSON"):
            read_page(METRICS, walk, packed(changed))


def test_an_error_in_place_of_a_large_answer_is_raised():
    walk = next(iter(requests_for(METRICS, DAY, SHANGHAI, MANY)))
    error = {"Code": "InternalError", "Message": "x" * 5000}
    at_once, sliced = both(METRICS, walk, {"ResponseMetadata": {"Error": error}})
    assert sliced == at_once
    assert sliced[0] is TryLater


# Sorted ------------------------------------------------------------------------------------------


def streams(number, slots=2):
    """A large answer about so many streams, out of order."""
    document = sample(METRICS.endpoint.action)
    (first, *_) = document["Result"]["StreamMetricList"]
    names = [f"room{n * 5 % number:03}" for n in range(number)]
    rows = first["MetricList"][:slots]
    items = [{**first, "Stream": name, "MetricList": rows} for name in names]
    document["Result"]["StreamMetricList"] = items
    return document


@pytest.fixture
def few_at_a_time(monkeypatch):
    """Sort as if there were too many rows to sort them at once."""
    from resources.api.parsing import sorting

    monkeypatch.setattr(rows, "_LARGE_BYTES", 0)
    monkeypatch.setattr(sorting, "PIECE_ROWS", 7)


@pytest.mark.usefixtures("few_at_a_time")
def test_many_rows_come_in_the_order_of_few(monkeypatch):
    walk = next(iter(requests_for(METRICS, DAY, SHANGHAI, MANY)))
    page = read_page(METRICS, walk, packed(json.dumps(streams(31)).encode()))
    in_pieces = join(METRICS, walk, [page])
    monkeypatch.setattr(rows, "_LARGE_BYTES", 1 << 40)
    at_once = join(METRICS, walk, [page])
    for _ in range(2):  # it can be read again
        tables = [*in_pieces.tables()]
        assert max(table.num_rows for table in tables) == 7
        assert pa.concat_tables(tables).equals(at_once.table)
    assert in_pieces.table.num_rows == 62


@pytest.mark.parametrize("at", range(1, 14))
@pytest.mark.usefixtures("few_at_a_time")
def test_a_key_that_comes_twice_is_found_wherever_it_falls(at):
    document = streams(14, slots=1)
    items = document["Result"]["StreamMetricList"]
    items.append(json.loads(json.dumps(items[at])))
    items[-1]["MetricList"][0]["Bitrate"] += 1
    walk = next(iter(requests_for(METRICS, DAY, SHANGHAI, MANY)))
    page = read_page(METRICS, walk, json.dumps(document).encode())
    with pytest.raises(IncompleteAnswer, match=f"stream={items[at]['Stream']}"):
        join(METRICS, walk, [page])


# Bodies ------------------------------------------------------------------------------------------

KEY = Credentials("AK", "the-secret-key-of-this-test", "the-session-token-of-it")


@settings(deadline=None)
@given(
    parts=st.lists(
        st.sampled_from([b"a", b"the-", b"secret", b"x" * 70]) | st.just(KEY.secret_key.encode()),
        max_size=30,
    ),
    size=st.integers(1, 50),
)
def test_a_body_comes_back_as_it_came_without_the_secrets(parts, size):
    """Also those that begin in one piece and end in another; large or not."""
    text = b"".join(parts)
    incoming = Incoming(redaction.redact_body, redaction.longest())
    for at in range(0, len(text), size):
        incoming.write(text[at : at + size])
    body = incoming.body()
    assert whole(body) == redaction.redact_body(text)
    assert b"".join(api_body.pieces(body)) == redaction.redact_body(text)
    assert (incoming.received, len(body)) == (len(text), len(redaction.redact_body(text)))
    assert isinstance(body, bytes) or len(text) > 200


def test_a_large_body_is_compressed_while_it_is_received():
    incoming = Incoming()
    incoming.write(b"x" * 1000)
    body = incoming.body()
    assert isinstance(body, Packed)
    assert body.stored < 1000
    assert whole(body) == b"x" * 1000


def test_a_body_is_received_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(api_body, "MAX_BYTES", 1000)
    incoming = Incoming()
    incoming.write(b"x" * 1000)
    with pytest.raises(AnswerTooLarge, match="larger than"):
        incoming.write(b"x")


def test_a_body_that_is_not_as_it_was_packed_is_refused():
    body = bytes(range(256)) * 4
    stored = pack(body)
    for wrong in (stored[:-9], b"no frame" * 9):
        broken = Packed(wrong, 0, len(wrong), len(body))
        with pytest.raises(OSError):  # noqa: PT011 - whatever the library says
            [*broken.pieces()]
    short = Packed(stored, 0, len(stored), len(body) + 1)
    with pytest.raises(OSError, match="unpacks to 1024 bytes"):
        [*short.pieces()]
