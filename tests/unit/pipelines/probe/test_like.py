"""Findings as manners; that they give the same table is in test_run.py."""

from pipelines.probe import like
from pipelines.probe.topics import TOPICS, Finding, sure
from resources.simulator.manners import all_of
from tests.support.archives import NOW
from tests.support.probes import ACCOUNT

DETAILS = {
    "action": "DescribeLiveTopPlayData",
    "actions": ("DescribeLiveEdgeStatData",),
    "status": 400,
}
DETAILS |= {
    "code": "InvalidParam",
    "seconds": 3600,
    "days": 1,
    "echo": "asked",
    "count": 1,
    "least": 5,
}
DETAILS |= {
    "most": 2,
    "counts": "asked",
    "fields": ("UpTraffic",),
    "parameter": "DomainList",
    "times": 2,
}


def test_every_finding_gives_manners_that_there_are():
    for topic, known in TOPICS.items():
        for answer in known.answers:
            all_of(like.manners([Finding(topic, answer, details=DETAILS)], ACCOUNT, NOW))


def test_what_is_as_expected_gives_none():
    assert like.manners([sure("end", "exclusive"), sure("width", "asked")], ACCOUNT, NOW) == []
    assert like.options([sure("end", "inclusive")]).end == "inclusive"
    assert like.withdrawn([sure("action", "not offered", action="A")]) == ["A"]
