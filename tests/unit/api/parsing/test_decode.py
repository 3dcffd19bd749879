"""What the API said is read as declared, or refused by name: never guessed, never lost."""

import contextlib
import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api.catalog import DATASETS, ENDPOINTS
from resources.api.errors import (
    ApiError,
    FixAction,
    FixRequest,
    TryLater,
    WrongAnswer,
)
from resources.api.parsing import decode_lenient
from resources.api.parsing.decode import decode
from tests.support.each import each

SAMPLES = Path(__file__).parents[3] / "samples"
ISP = ENDPOINTS["DescribeLiveISPData"]
EDGE = ENDPOINTS["DescribeLiveEdgeStatData"]
STATUS = ENDPOINTS["DescribeLivePlayStatusCodeData"]
TOP_PLAY = ENDPOINTS["DescribeLiveTopPlayData"]
DOMAINS = ENDPOINTS["ListDomainDetail"]

every_endpoint = each("endpoint", ENDPOINTS.values(), lambda e: e.action)


def sample(endpoint):
    return json.loads((SAMPLES / f"{endpoint.action}.json").read_text("utf-8"))


def body_of(document):
    return json.dumps(document).encode()


def isps(items, envelope='"ResponseMetadata":{"RequestId":"r"}'):
    return f'{{{envelope},"Result":{{"ISPList":{items}}}}}'.encode()


ONE_ISP = '[{"Code":"a","Name":"b"}]'


def read(endpoint, document):
    """Result as plain Python, and the fields that nobody declared."""
    decoded = decode(endpoint, document if isinstance(document, bytes) else body_of(document))
    return decoded.result.to_pylist()[0], decoded.unknown


def places(value, path=()):
    """Every place in a JSON document, as a path of names and positions, with what stands there."""
    yield path, value
    children = value.items() if isinstance(value, dict) else ()
    children = enumerate(value) if isinstance(value, list) else children
    for step, child in children:
        yield from places(child, (*path, step))


def spelt(path):
    """The path as an error names it."""
    return "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in path).removeprefix(".")


def changed(document, path, value):
    """A copy with another value at `path`; without the field if there is none."""
    new = copy.deepcopy(document)
    holder = new
    for step in path[:-1]:
        holder = holder[step]
    if value is MISSING:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return new


class Missing:
    """In place of a value: the field is not there at all."""

    def __repr__(self):
        return "missing"


MISSING = Missing()


def kept(endpoint):
    """Names of the fields that become columns, and whether each must be there; the lists too."""
    fields, lists = {}, {}
    layouts = [layout for layout in (endpoint.rows, endpoint.split_rows) if layout]
    for level in (level for layout in layouts for level in layout.levels):
        lists[level.name] = level.required
        fields.update({f.name: f.required for f in level.fields if f.column is not None})
    return fields, lists


def is_forgotten(endpoint, path):
    """In a list that is known and not kept."""
    forgotten = [("Result", level.name) for level in endpoint.ignored_lists]
    return any(path[:2] == place for place in forgotten) or "Tags" in path


# --- what is read ---


@every_endpoint
def test_a_sample_is_read_as_it_is(endpoint):
    """All that is declared, with the values of the JSON; null for what did not come."""
    document = sample(endpoint)
    result, unknown = read(endpoint, document)

    def same(read_, said):
        if isinstance(said, dict):
            return all(same(read_[name], value) for name, value in said.items())
        if isinstance(said, list):
            return len(read_) == len(said) and all(map(same, read_, said))
        return read_ == said

    assert same(result, document["Result"])
    assert unknown == ()


def check_that_a_new_field_is_reported(endpoint, data):
    """Anywhere in the answer, with anything in it; by its path without positions, once."""
    document = sample(endpoint)
    expected, _ = read(endpoint, document)
    objects = [path for path, value in places(document) if isinstance(value, dict)]
    path = data.draw(st.sampled_from(objects))
    name = data.draw(st.sampled_from(["New", "新", "a.b", "", "result", "x\ny"]))
    value = data.draw(st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=3))
    result, unknown = read(endpoint, changed(document, (*path, name), value))
    assert result == expected
    plain = "".join("[]" if isinstance(s, int) else f".{s}" for s in (*path, name))
    assert unknown == (plain.removeprefix(".").replace("\n", "\\n"),)


@every_endpoint
@settings(max_examples=2, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_new_field_is_reported_and_changes_nothing(endpoint, data):
    check_that_a_new_field_is_reported(endpoint, data)


@pytest.mark.slow
@every_endpoint
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_new_field_in_many_more_places_is_reported(endpoint, data):
    check_that_a_new_field_is_reported(endpoint, data)


def test_a_field_that_is_new_in_each_row_is_reported_once():
    items = json.dumps([{"Code": str(i), "Name": "b", "New": i} for i in range(100)])
    assert read(ISP, isps(items))[1] == ("Result.ISPList[].New",)


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12), ("12.0", 12), ("1.2e1", 12), ("-0", 0), ("9223372036854775807", 2**63 - 1)],
)
def test_a_whole_number_may_be_written_as_a_real_one(text, number):
    document = body_of(sample(STATUS)).replace(b'"Value": 30', f'"Value": {text}'.encode())
    result, _ = read(STATUS, document)
    slot = result["StatusDetailDataList"][0]["StatusDataList"][0]
    assert slot["StatusSummaryDataList"][0]["Value"] == number


@pytest.mark.parametrize("text", ["1", "1.0", "1e0", "10E-1"])
def test_a_real_number_may_be_written_as_a_whole_one(text):
    document = body_of(sample(EDGE)).replace(
        b'"UpBandwidth": 1.5', b'"UpBandwidth": ' + text.encode()
    )
    result, _ = read(EDGE, document)
    assert result["EdgeStatDetailDataList"][0]["EdgeStatDataList"][0]["UpBandwidth"] == 1.0


@pytest.mark.parametrize(
    "body",
    [
        isps(ONE_ISP) + b"\n \r\n",
        b" \n\t" + isps(ONE_ISP),
        b"\xef\xbb\xbf" + isps(ONE_ISP),
        isps(ONE_ISP).decode().encode("utf-16"),
        json.dumps(json.loads(isps(ONE_ISP)), indent=4).encode(),
        isps(ONE_ISP, '"ResponseMetadata":null'),
        isps(ONE_ISP, '"ResponseMetadata":"odd"'),
        isps(ONE_ISP, '"ResponseMetadata":{"Error":null,"RequestID":7}'),
        isps(ONE_ISP, '"ResponseMetadata":{"Error":{"CodeN":0,"Code":"","Message":""}}'),
        f'{{"Result":{{"ISPList":{ONE_ISP}}}}}'.encode(),
        isps('[{"Code":"a","Name":"b","Code":"a"}]'),
    ],
    ids=[
        "space after",
        "space before",
        "byte order mark",
        "UTF-16",
        "pretty",
        "null metadata",
        "odd metadata",
        "null error",
        "empty error",
        "no metadata",
        "a field twice that says the same",
    ],
)
def test_what_is_harmless_is_read(body):
    assert read(ISP, body) == ({"ISPList": [{"Code": "a", "Name": "b"}]}, ())


@every_endpoint
def test_an_empty_list_may_be_null(endpoint):
    """Go writes null for a list that was never made: nothing there, not something missing."""
    _, lists = kept(endpoint)
    document = sample(endpoint)
    for path, value in places(document):
        if path and path[-1] in lists and isinstance(value, list):
            for nothing in (None, []):
                read(endpoint, changed(document, path, nothing))


# --- what is refused ---


@every_endpoint
def test_a_required_field_that_is_missing_or_null_is_refused_by_its_path(endpoint):
    fields, lists = kept(endpoint)
    document = sample(endpoint)
    tried = 0
    for path, _ in places(document):
        name = path[-1] if path else None
        if path[:1] != ("Result",) or is_forgotten(endpoint, path) or isinstance(name, int):
            continue
        depth = 1 if endpoint.rows.is_the_answer else 2  # of what holds the rows
        is_field = fields.get(name, False) and len(path) > depth
        is_list = lists.get(name, False) and not isinstance(path[-2], str | None)
        for value in [MISSING, None] if is_field else [MISSING] if is_list else []:
            with pytest.raises(WrongAnswer) as refusal:
                decode(endpoint, body_of(changed(document, path, value)))
            assert refusal.value.action == endpoint.action
            assert refusal.value.path == spelt(path)
            assert refusal.value.value == ("missing" if value is MISSING else None)
            tried += 1
    assert tried > 0


@every_endpoint
def test_a_value_of_another_type_is_refused_by_its_path(endpoint):
    """Wherever it would get into a row; what is only known is let pass."""
    fields, lists = kept(endpoint)
    document = sample(endpoint)
    for path, value in places(document):
        name = path[-1] if path else None
        in_rows = len(path) > (1 if endpoint.rows.is_the_answer else 2) and (
            name in fields or isinstance(name, int)
        )
        is_kept = path[:1] == ("Result",) and (in_rows or name in lists)
        if isinstance(value, dict) and isinstance(name, str):
            continue
        echo = isinstance(name, int) and path[-2] not in lists
        other = "odd" if not isinstance(value, str) else 7
        new = body_of(changed(document, path, other)) if path else b"7"
        if is_kept and not echo and not is_forgotten(endpoint, path):
            with pytest.raises(WrongAnswer) as refusal:
                decode(endpoint, new)
            assert refusal.value.action == endpoint.action
            assert (refusal.value.path, refusal.value.value) == (spelt(path), other)
            assert spelt(path) in str(refusal.value)
            assert repr(other) in str(refusal.value)


@pytest.mark.parametrize(
    ("endpoint", "path"),
    [
        (ISP, ("Result", "ISPList", 2)),
        (STATUS, ("Result", "StatusDetailDataList", 0)),
        (STATUS, ("Result", "StatusDetailDataList", 0, "StatusDataList", 1)),
    ],
    ids=lambda value: spelt(value) if isinstance(value, tuple) else "",
)
def test_a_null_among_the_rows_is_refused_by_its_path(endpoint, path):
    with pytest.raises(WrongAnswer, match="should be an object and is None") as refusal:
        decode(endpoint, body_of(changed(sample(endpoint), path, None)))
    assert refusal.value.path == spelt(path)


@pytest.mark.parametrize(
    ("endpoint", "path"),
    [
        (STATUS, ("Result", "StatusSummaryDataList", 0, "StatusCode")),
        (STATUS, ("Result", "StatusSummaryDataList", 0)),
        (STATUS, ("Result", "StatusSummaryDataList")),
        (STATUS, ("ResponseMetadata", "RequestId")),
        (EDGE, ("Result", "TotalRequest")),
        (EDGE, ("Result", "EdgeStatDetailDataList", 0, "TotalRequest")),
        (DOMAINS, ("Result", "DomainList", 0, "Tags")),
        (DOMAINS, ("Result", "DomainList", 0, "Tags", 0)),
        (DOMAINS, ("Result", "DomainList", 0, "HTTP2")),
        (TOP_PLAY, ("Result", "Pagination", "PageSize")),
    ],
    ids=lambda value: spelt(value) if isinstance(value, tuple) else "",
)
@each("odd", [None, {"odd": [1]}, [[None]], 2**70, -1.5, True, "\ud800"])
def test_what_is_not_kept_may_be_anything(endpoint, path, odd):
    document = sample(endpoint)
    expected, _ = read(endpoint, changed(document, path, None))
    result, _ = read(endpoint, changed(document, path, odd))
    rows = {f for f in kept(endpoint)[1] if ("Result", f) != path[:2]}
    assert {name: result[name] for name in rows} == {name: expected[name] for name in rows}


@pytest.mark.parametrize(
    "path", [("DomainList",), ("DomainList", 0), ("Aggregation",), ("EndTime",)], ids=spelt
)
@each("odd", [{"odd": [1]}, [[None]], 2**70, -1.5, True, "\ud800"])
def test_an_echo_that_cannot_be_read_is_refused_by_its_path(path, odd):
    """It cannot be what was asked."""
    with pytest.raises(WrongAnswer) as refusal:
        decode(STATUS, body_of(changed(sample(STATUS), ("Result", *path), odd)))
    assert refusal.value.path.startswith(f"Result.{path[0]}")


@pytest.mark.parametrize("odd", [None, 7.5, MISSING, [], {}], ids=repr)
@pytest.mark.parametrize(
    "path", [("Pagination",), ("Pagination", "TotalCount"), ("Pagination", "PageNum")], ids=spelt
)
def test_a_page_that_does_not_say_which_it_is_of_how_many_is_refused(path, odd):
    """Nothing else proves that all rows came. TopPlay writes its numbers as text (which may be no
    number: see test_pages)."""
    document = changed(sample(TOP_PLAY), ("Result", *path), odd)
    with pytest.raises(WrongAnswer) as refusal:
        decode(TOP_PLAY, body_of(document))
    assert refusal.value.path.startswith(f"Result.{spelt(path)}")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("NaN", "nan"),
        ("Infinity", "inf"),
        ("-Infinity", "-inf"),
        ("1e400", "inf"),
        ("1" + "0" * 400, "10000"),
        ("true", "True"),
        ('"1.5"', "'1.5'"),
        ("[1.5]", "[1.5]"),
    ],
)
def test_what_is_no_finite_number_is_refused_by_path_and_value(written, shown):
    body = body_of(sample(EDGE)).replace(
        b'"UpBandwidth": 3.0', f'"UpBandwidth": {written}'.encode()
    )
    with pytest.raises(WrongAnswer) as refusal:
        decode(EDGE, body)
    assert refusal.value.path == "Result.EdgeStatDetailDataList[1].EdgeStatDataList[0].UpBandwidth"
    assert f"should be a finite number and is {shown}" in str(refusal.value)


@pytest.mark.parametrize(
    "written", ["9223372036854775808", "-9223372036854775809", "1e19", "12.5", "NaN", "1e400"]
)
def test_what_is_no_whole_number_of_64_bits_is_refused_by_path(written):
    body = body_of(sample(STATUS)).replace(b'"Value": 60', f'"Value": {written}'.encode())
    with pytest.raises(WrongAnswer, match="should be a whole number of at most 64 bits") as refusal:
        decode(STATUS, body)
    place = "StatusDetailDataList[1].StatusDataList[0].StatusSummaryDataList[0].Value"
    assert refusal.value.path == f"Result.{place}"


def test_half_a_character_is_refused_by_path_and_printable():
    with pytest.raises(WrongAnswer, match="should be text of valid characters") as refusal:
        decode(ISP, isps('[{"Code":"\\ud83d","Name":"b"}]'))
    assert refusal.value.path == "Result.ISPList[0].Code"
    assert str(refusal.value).isprintable()


def test_the_name_of_a_new_field_is_made_printable():
    _, unknown = read(ISP, isps('[{"Code":"a","Name":"b","\\ud83d\\u001b[31m":1}]'))
    assert unknown == ("Result.ISPList[].\\ud83d\\x1b[31m",)


@pytest.mark.parametrize(
    "body",
    [
        isps('[{"Code":"a","Name":"b","Code":"c"}]'),
        isps(ONE_ISP, '"Result":{"ISPList":[]}'),
    ],
    ids=["in a row", "the whole result"],
)
def test_a_field_that_says_two_things_is_refused(body):
    with pytest.raises(WrongAnswer, match="a field (Code|Result) should be given once"):
        decode(ISP, body)


NO_ANSWER = {
    "empty": b"",
    "blank": b" \n",
    "HTML": b"<html><body>502 Bad Gateway</body></html>",
    "null": b"null",
    "null after a mark": b"\xef\xbb\xbfnull",
    "null, then more": b"null {}",
    "a list": b"[]",
    "a number": b"1",
    "an empty object": b"{}",
    "null result": b'{"Result":null}',
    "result of another type": b'{"Result":[]}',
    "two answers": isps(ONE_ISP) * 2,
    "garbage after": isps(ONE_ISP) + b"garbage",
    "half an answer after": isps(ONE_ISP) + b'\n{"Res',
    "null after": isps(ONE_ISP) + b"\nnull",
    "a line end in a text": isps('[{"Code":"a\nb","Name":"b"}]'),
    "invalid UTF-8": isps(ONE_ISP).replace(b'"a"', b'"\xff"'),
    "Latin-1": isps('[{"Code":"é","Name":"b"}]').decode().encode("latin-1"),
    "a number of 5000 digits": isps('[{"Code":"a","Name":"b","New":' + "1" * 5000 + "}]"),
}


@pytest.mark.parametrize("body", NO_ANSWER.values(), ids=NO_ANSWER)
def test_what_is_no_answer_may_be_one_later(body):
    with pytest.raises(TryLater) as error:
        decode(ISP, body)
    assert error.value.action == ISP.action


NO_NOTHING = {
    "code and message": '"code":500,"message":"upstream timed out"',
    "success": '"success":false,"error":{"reason":"shard"}',
    "text": '"detail":"try again"',
}


@pytest.mark.parametrize("beside", NO_NOTHING.values(), ids=NO_NOTHING)
@each("endpoint", [e for e in ENDPOINTS.values() if e.null_result], lambda e: e.action)
def test_null_beside_words_of_a_gateway_is_not_nothing(endpoint, beside):
    for metadata in ("", '"ResponseMetadata":{"RequestId":"r"},'):
        with pytest.raises(TryLater, match="neither a Result nor an Error, but "):
            decode(endpoint, f'{{{metadata}"Result":null,{beside}}}'.encode())
    empty = b'{"Result":null,"message":"","Error":null,"ResponseMetadata":{"RequestId":"r"}}'
    assert decode(endpoint, empty).result.null_count == 1


@every_endpoint
def test_an_error_beside_the_metadata_is_an_error(endpoint):
    """Whatever rows stand beside it: they may be a part."""
    document = sample(endpoint) | {"Error": {"Code": "InternalError", "Message": "a shard is down"}}
    nothing = document | {"Result": None}
    for answer in (document, nothing):
        with pytest.raises(TryLater, match="a shard is down") as error:
            decode(endpoint, body_of(answer))
        assert error.value.code == "InternalError"


def test_no_body_can_take_the_process_down():
    """A parser in C++ is given foreign bytes: crashes would not be exceptions."""
    script = (
        "from resources.api.parsing.decode import decode\n"
        "from resources.api.catalog import ENDPOINTS\n"
        "from resources.api.errors import ApiError\n"
        "for body in BODIES:\n"
        "    for action in ('DescribeLiveISPData', 'DescribeLiveTopPlayData'):\n"
        "        try:\n"
        "            decode(ENDPOINTS[action], body)\n"
        "        except ApiError:\n"
        "            pass\n"
    )
    small = [body for body in NO_ANSWER.values() if len(body) < 1000]
    done = subprocess.run(
        [sys.executable, "-c", f"BODIES = {small!r}\n{script}"],
        cwd=Path(__file__).parents[4],
        env={**os.environ, "PYTHONPATH": "."},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


@each("depth", range(900, 1000, 3))
def test_no_depth_of_nesting_is_another_kind_of_error(depth):
    """Just short of where the parser gives up, whoever shows the value must not."""
    for odd in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
        with pytest.raises(ApiError):
            decode(ISP, isps(f'[{{"Code":{odd},"Name":"b"}}]'))


@every_endpoint
def test_a_cut_body_is_tried_again(endpoint):
    """Wherever the connection broke: no prefix of an answer is an answer."""
    body = body_of(sample(endpoint))
    for end in range(0, len(body), max(1, len(body) // 40)):
        with pytest.raises(TryLater):
            decode(endpoint, body[:end])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([ISP, TOP_PLAY, STATUS]), st.data())
def test_whatever_happens_to_the_bytes_the_error_is_one_of_ours(endpoint, data):
    body = bytearray(body_of(sample(endpoint)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        junk = st.sampled_from(
            [b"", b"{", b"}", b"[", b"]", b",", b'"', b"\\", b"null", b"NaN", b"\xff"]
        )
        body[at : at + data.draw(st.integers(0, 5))] = data.draw(junk | st.binary(max_size=3))
    with contextlib.suppress(ApiError):
        decode(endpoint, bytes(body))


# --- refusals of the API ---


@pytest.mark.parametrize(
    ("error", "status", "raised"),
    [
        ({"CodeN": 100018, "Code": "FlowLimitExceeded", "Message": "slow down"}, 200, TryLater),
        ({"Code": "InvalidParam.BindError", "Message": "no"}, 400, FixRequest),
        ({"Code": "AccessDenied"}, 403, FixAction),
        ({"Message": "something new"}, 200, TryLater),
    ],
)
@pytest.mark.parametrize("result", [None, {}, {"ISPList": [{"Code": "a", "Name": "b"}]}], ids=str)
def test_an_error_counts_before_any_result(error, status, raised, result):
    """Also inside HTTP 200, also beside rows."""
    document = {"ResponseMetadata": {"RequestId": "r", "Error": error}, "Result": result}
    with pytest.raises(raised) as refusal:
        decode(ISP, body_of(document), status)
    assert refusal.value.action == ISP.action
    assert refusal.value.request_id == "r"


def test_every_dataset_has_an_endpoint_with_a_sample():
    assert {d.endpoint.action for d in DATASETS.values()} == {p.stem for p in SAMPLES.iterdir()}


def test_a_new_field_costs_no_careful_reading(monkeypatch):
    """It would be twenty times slower, for every answer from the day on that the vendor adds one."""
    document = sample(EDGE)
    document["Result"]["New"] = {"Deep": [1, 2]}
    for item in document["Result"]["EdgeStatDetailDataList"]:
        item["Another"] = "text"
    expected, _ = read(EDGE, sample(EDGE))
    monkeypatch.setattr(decode_lenient, "read", lambda *_: pytest.fail("read carefully"))
    result, unknown = read(EDGE, document)
    assert result == expected
    assert unknown == ("Result.EdgeStatDetailDataList[].Another", "Result.New")
