"""What the API refuses, by the catalog's own data."""

from datetime import UTC, datetime, timedelta

import pytest

from resources.api.catalog import ENDPOINTS
from resources.simulator.checks import check
from resources.simulator.refusals import Refused
from resources.simulator.settings import AnswerOptions

EDGE = ENDPOINTS["DescribeLiveEdgeStatData"]
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)


def wire(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


GOOD = {
    "StartTime": wire(NOW - timedelta(days=1)),
    "EndTime": wire(NOW),
    "Aggregation": 300,
    "DomainList": ["a"],
}


def ask(**changed):
    body = {name: value for name, value in {**GOOD, **changed}.items() if value != "leave out"}
    return check(EDGE, body, now=NOW, owned={"a"}, options=AnswerOptions())


def test_a_good_request_is_typed_and_has_its_defaults():
    found = ask(Aggregation="leave out")
    assert found.end - found.start == 86_400
    assert found.bucket == EDGE.parameter["Aggregation"].default


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"StartTime": "leave out"}, "MissingParameter"),
        ({"Nobody": 1}, "InvalidParam"),
        ({"Aggregation": "300"}, "InvalidParam.BindError"),
        ({"Aggregation": 7}, "InvalidParam"),
        ({"DomainList": ["b"]}, "RequestForbidden.AccountIDNotAllow"),
        ({"EndTime": wire(NOW + timedelta(seconds=1))}, "InvalidParam"),
        ({"StartTime": wire(NOW - timedelta(days=400))}, "InvalidParam"),
        ({"StartTime": wire(NOW - timedelta(days=32))}, "InvalidParam"),
        ({"StartTime": "yesterday"}, "InvalidParam"),
        ({"StartTime": GOOD["EndTime"]}, "InvalidParam"),
    ],
)
def test_anything_else_is_refused_by_its_code(changed, code):
    with pytest.raises(Refused) as caught:
        ask(**changed)
    assert caught.value.code == code
