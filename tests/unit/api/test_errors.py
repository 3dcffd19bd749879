"""What an error says, and that it survives the way to another process."""

import copy
import pickle

import pytest

from resources.api.errors import (
    IncompleteAnswer,
    NetworkDown,
    ServiceDown,
    TryLater,
    WrongAnswer,
    WrongClock,
    printable,
)


def test_text_in_any_language_is_shown_as_it_is():
    assert printable("参数错误: é") == "参数错误: é"


def test_what_is_left_out_is_counted():
    assert printable("abcdef", longest=4) == "abcd… (2 more characters)"


def test_a_wrong_answer_names_the_place_and_the_value():
    error = WrongAnswer("DescribeLiveISPData", "Result.ISPs[3].Code", 7, "a string")
    assert "DescribeLiveISPData: Result.ISPs[3].Code should be a string and is 7." in str(error)


def test_incomplete_pages_say_so():
    error = IncompleteAnswer("980 of 1000 rows on 10 pages, twice", action="X")
    assert str(error).startswith("X: 980 of 1000 rows on 10 pages, twice. The day stays partial")


@pytest.mark.parametrize(
    "error",
    [
        TryLater("slow down", throttled=True, retry_after_s=3.0, http_status=429),
        WrongClock("refused", "Check the clock.", code="InvalidTimestamp", code_n=100006),
        WrongAnswer("X", "Result", None, "an object"),
        IncompleteAnswer("1 of 2 rows", action="X"),
        TryLater("no answer", no_answer=True),
        NetworkDown("nothing was answered", "Check the network."),
        ServiceDown("faults alone", "Again later."),
    ],
)
def test_an_error_survives_the_way_to_another_process(error):
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (type(twin), str(twin), vars(twin)) == (type(error), str(error), vars(error))
