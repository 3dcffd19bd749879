"""The pool that decodes answers: each caller gets its own result or its own error."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from resources.api.body import Packed, pack
from resources.api.catalog import DATASETS
from resources.api.errors import ApiError, TryLater
from resources.api.request_plan import request_of
from resources.capture.decoders import DecoderPool
from resources.raw import captures

ISP = DATASETS["isp"]
ASKED = request_of(ISP, ISP.parameters)
BODY = b'{"ResponseMetadata":{"RequestId":"r"},"Result":{"ISPList":[{"Code":"a","Name":"A"}]}}'


@pytest.fixture
def pool():
    with DecoderPool() as made:
        yield made


def names(page):
    return page.table["isp"].to_pylist()


def large(body):
    stored = pack(body)
    return Packed(stored, 0, len(stored), len(body))


@pytest.mark.parametrize("make", [bytes, large])
def test_an_answer_comes_decoded_and_in_the_form_that_the_archive_stores(pool, make):
    found, stored = pool.read(ISP, ASKED, 1, make(BODY), names)
    assert found == ["a"]
    if isinstance(stored, bytes):
        assert stored == captures.pack(BODY)
    else:
        assert stored.whole() == BODY


@pytest.mark.parametrize("make", [bytes, large])
def test_an_answer_that_cannot_be_read_raises_in_its_caller(pool, make):
    with pytest.raises(ApiError):
        pool.read(ISP, ASKED, 1, make(BODY[:-9]), names)
    assert pool.read(ISP, ASKED, 1, make(BODY), names)[0] == ["a"]


def test_an_error_of_the_caller_is_its_own(pool):
    def refuse(_page):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        pool.read(ISP, ASKED, 1, BODY, refuse)


def test_many_callers_at_once_get_each_its_own(pool):
    start = threading.Barrier(8)

    def ask(number):
        start.wait(60)
        body = BODY.replace(b'"Code":"a"', b'"Code":"%d"' % number)
        return pool.read(ISP, ASKED, 1, body if number % 3 else body[:-5], names)

    with ThreadPoolExecutor(8) as callers:
        futures = [callers.submit(ask, number) for number in range(8)]
    for number, future in enumerate(futures):
        if number % 3:
            assert future.result()[0] == [str(number)]
        else:
            assert isinstance(future.exception(), ApiError)


def test_datasets_do_not_wait_for_each_others_answers(pool):
    region = DATASETS["region"]
    body = b'{"ResponseMetadata":{"RequestId":"r"},"Result":{"Areas":[]}}'
    rows, _ = pool.read(region, request_of(region, {}), 1, body, lambda page: page.table.num_rows)
    assert rows == 0
    assert pool.read(ISP, ASKED, 1, BODY, names)[0] == ["a"]


INFO = DATASETS["transcode_info"]
WITHOUT = b'{"ResponseMetadata":{"RequestId":"r"}}'


def rows(page):
    return page.table.num_rows


def test_an_answer_without_a_result_is_none_unless_it_may_be_taken_for_nothing(pool):
    asked = request_of(INFO, {"DomainList": ["a.example"], "PageNum": 1})
    with pytest.raises(TryLater, match="neither a Result nor an Error") as found:
        pool.read(INFO, asked, 1, WITHOUT, rows)
    assert 'missing_result = "nothing"' in found.value.advice
    with DecoderPool(takes_no_result=True) as other:
        assert other.read(INFO, asked, 1, WITHOUT, rows)[0] == 0
        with pytest.raises(TryLater, match="please report it"):
            other.read(ISP, ASKED, 1, WITHOUT, names)  # of another action it never is
