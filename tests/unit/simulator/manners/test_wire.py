"""Answers that come late, half or packed: as values; over a socket they are in test_manners.py."""

import gzip
import json

import pytest

from tests.support.simulated_requests import answered, asked, through

ACTION = "DescribeLiveISPData"


def test_a_slow_answer_is_the_right_one():
    request = asked(ACTION)
    found = through("slow=2.5", request)
    assert (found.delay_s, found.delivery, found.counted_as) == (2.5, "whole", "")
    assert found.result == answered(request).result


@pytest.mark.parametrize(
    ("manner", "delivery", "delay_s"), [("stall=9", "close", 9.0), ("cut", "cut", 0.0)]
)
def test_what_ends_early_is_counted_under_its_name(manner, delivery, delay_s):
    found = through(manner, asked(ACTION))
    assert (found.delivery, found.delay_s) == (delivery, delay_s)
    assert found.counted_as == manner.split("=")[0]


@pytest.mark.parametrize("kind", ["garbage", "cut"])
def test_gzip_that_cannot_be_unpacked(kind):
    found = through(f"bad-gzip={kind}", asked(ACTION))
    assert found.headers["Content-Encoding"] == "gzip"
    with pytest.raises((OSError, EOFError)):
        gzip.decompress(found.body())


@pytest.mark.parametrize("packed", ["no", "yes"])
def test_a_huge_answer_is_blanks_around_the_right_one(packed):
    request = asked(ACTION)
    found = through(f"huge-answer=0.01@packed={packed}", request)
    body = gzip.decompress(found.body()) if packed == "yes" else found.body()
    assert len(body) > 10_000
    assert json.loads(body)["Result"] == answered(request).result


def test_a_fault_of_a_page_is_left_to_whoever_makes_the_page():
    request = asked("ListDomainDetail", PageNum=1, PageSize=10)
    through("fault=shift", request)
    assert request.page_fault == "shift"


def test_a_fault_with_a_code_is_a_refusal():
    found = through("fault=internal", asked(ACTION))
    assert (found.status, found.is_good) == (500, False)
