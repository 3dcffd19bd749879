"""What is not as declared is read up to a bound: of depth, names and bytes."""

import gzip
import io

import pytest
import urllib3

from resources.api import body as api_body
from resources.api.brackets import MAX_DEPTH
from resources.api.catalog import ENDPOINTS
from resources.api.envelope import read_json
from resources.api.errors import AnswerTooLarge, WrongAnswer
from resources.api.parsing import bounds, decode_lenient
from resources.api.parsing.decode import decode
from resources.api.transport import chunks

ISP = ENDPOINTS["DescribeLiveISPData"]


def isps(items):
    return f'{{"ResponseMetadata":{{"RequestId":"r"}},"Result":{{"ISPList":{items}}}}}'.encode()


TOO_MUCH = {
    "lists in lists": b"[" * 1_000_000,
    "objects in objects": b'{"Result":' * 100_000,
    "lists in a new field": isps("[" * 100_000 + "]" * 100_000),
    "objects in a text": isps(
        '[{"Code":' + '{"a":' * 100_000 + "1" + "}" * 100_000 + ',"Name":"b"}]'
    ),
    "a level more than the bound": isps(
        '[{"Code":"a","Name":"b","New":' + "[" * 61 + "]" * 61 + "}]"
    ),
    "a million new fields": isps(
        "[{" + ",".join(f'"n{i}":1' for i in range(1_000_000)) + ',"Code":"a","Name":"b"}]'
    ),
    "new fields, each in a row of its own": isps(
        "[" + ",".join(f'{{"Code":"a","Name":"b","n{i}":1}}' for i in range(2500)) + "]"
    ),
    "new fields with escapes in their names": isps(
        "[{" + ",".join(f'"\\u0061{i}":1' for i in range(2500)) + ',"Code":"a","Name":"b"}]'
    ),
    "a new field of 20 MB": isps('[{"Code":"a","Name":"b","New":"' + "x" * 20_000_000 + '"}]'),
}


@pytest.mark.parametrize("body", TOO_MUCH.values(), ids=TOO_MUCH)
def test_an_answer_beyond_a_bound_is_wrong_and_read_no_further(body, monkeypatch):
    monkeypatch.setattr(decode_lenient, "read", None)
    with pytest.raises(WrongAnswer, match=r"should be at most .* and is "):
        decode(ISP, body)


def test_an_answer_at_the_bounds_is_read():
    depth = MAX_DEPTH - 4  # below the item: the envelope, Result, the list, the item
    fields = ",".join(f'"n{i}":1' for i in range(bounds.MAX_NAMES - 10))
    body = isps('[{"Code":"a","Name":"b","New":' + "[" * depth + "]" * depth + f",{fields}" + "}]")
    assert decode(ISP, body).result


# Bytes ---------------------------------------------------------------------------------------------


class Answer:
    """A response of `requests`, as far as it is read."""

    def __init__(self, data, encoding):
        headers = {"Content-Encoding": encoding}
        self.raw = urllib3.HTTPResponse(io.BytesIO(data), headers, preload_content=False)


@pytest.mark.parametrize("layers", [1, 2])
def test_a_bomb_is_unpacked_in_pieces_and_given_up_at_the_bound(layers, monkeypatch):
    """64 MB of one letter in 64 kB, and packed twice in less than 1 kB."""
    monkeypatch.setattr(api_body, "MAX_BYTES", 4_000_000)
    data = b"x" * 64_000_000
    for _ in range(layers):
        data = gzip.compress(data)
    incoming, sizes = api_body.Incoming(), []

    def receive():
        for chunk in chunks(Answer(data, ", ".join(["gzip"] * layers))):
            sizes.append(len(chunk))
            incoming.write(chunk)

    with pytest.raises(AnswerTooLarge, match="larger than 4 MB"):
        receive()
    assert max(sizes) <= 1_000_000
    assert incoming.received <= 5_000_000


def test_a_list_of_the_account_is_not_read_beyond_a_bound():
    incoming = api_body.Incoming()
    incoming.write(b'{"Result":[' + b"[]," * 4_000_000 + b"[]]}")
    with pytest.raises(AnswerTooLarge, match="larger than 8 MB"):
        read_json(incoming.body())
