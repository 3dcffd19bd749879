"""Records as JSON, one a line. What a command writes is in tests/unit/pipelines/cli/test_streams.py."""

import json
import logging
import sys
from datetime import UTC, date, datetime

import pytest

from resources.api import json_log
from resources.api.errors import FixAction
from resources.api.redaction import hold

log = logging.getLogger("livestats.capture")
DENIED = FixAction("refused", action="ListDomainDetail", code="AccessDenied", http_status=403, request_id="r1")  # fmt: skip
SECRET = 'a"secret\\of/quotes-and-more=='


@pytest.fixture
def line():
    """The line of a record that `log` makes of the words given."""

    def made(msg, *words, exc_info=None, **extra):
        record = log.makeRecord(
            log.name, logging.WARNING, __file__, 1, msg, words, exc_info, extra=extra
        )
        text = json_log.JsonFormatter().format(record)
        assert text.isprintable()
        return json.loads(text)

    return made


def test_a_record_has_time_level_logger_and_message(line):
    found = line("%d days", 3)
    at = datetime.fromisoformat(found.pop("time"))
    assert at.utcoffset() is not None
    assert abs((datetime.now(UTC) - at).total_seconds()) < 60
    assert found == {"level": "WARNING", "logger": "livestats.capture", "message": "3 days"}


def test_what_an_operator_looks_for_is_in_fields_of_its_own(line):
    found = line("%s %s: %s", "edge_stat", date(2026, 11, 20), DENIED)
    assert found["dataset"] == "edge_stat"
    assert found["day"] == "2026-11-20"
    assert {name: found[name] for name in ("error", "action", "request_id", "code", "http_status")} == {
        "error": "FixAction", "action": "ListDomainDetail", "request_id": "r1",
        "code": "AccessDenied", "http_status": 403,
    }  # fmt: skip
    assert line("%s %s: %s", "alarm", "edge_stat", "late").keys() == line("nothing").keys()


def test_what_the_words_do_not_hold_is_given_beside_them(line):
    found = line("%s: %s", "Action", "refused", error=DENIED, dataset="traffic")
    assert (found["dataset"], found["request_id"]) == ("traffic", "r1")


def test_an_exception_is_one_field(line):
    try:
        raise ValueError("broken\nin two lines")
    except ValueError:
        found = line("a bug", exc_info=sys.exc_info())
    assert found["error"] == "ValueError"
    assert found["exception"].startswith("Traceback")
    assert found["exception"].endswith("broken\nin two lines")


def test_no_secret_is_in_any_field(line):
    hold(SECRET)
    try:
        raise ValueError(f"sent with {SECRET}")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
        found = line(
            "%s %s: %s", "edge_stat", date(2026, 11, 20), error, exc_info=info, action=SECRET
        )
    text = json.dumps(found)
    assert "***" in found["message"]
    assert "***" in found["exception"]
    assert found["action"] == "***"
    assert SECRET not in found["exception"]
    assert json.dumps(SECRET)[1:-1] not in text


def test_a_name_that_a_terminal_would_obey_is_escaped(line):
    assert (
        line("room \x1b[2J\u202e直播")["message"] == "room \x1b[2J\u202e直播"
    )  # printable as text


def test_an_unknown_form_is_refused():
    assert json_log.is_wanted({json_log.VARIABLE: "json"})
    assert not json_log.is_wanted({json_log.VARIABLE: "text"})
    assert not json_log.is_wanted({})
    with pytest.raises(ValueError, match="`json` or `text`"):
        json_log.is_wanted({json_log.VARIABLE: "jsn"})
