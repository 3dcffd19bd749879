"""What an answer echoes of its request is what was asked."""

import json

import pytest

from resources.api.catalog import DAILY, DATASETS
from resources.api.catalog.parameters import WireType
from resources.api.errors import WrongAnswer
from resources.api.parsing.parse import read_page
from resources.api.parsing.parse_batch import read_batch
from resources.api.request_plan import request_of
from tests.support.each import each
from tests.unit.api.parsing.test_parse import CASED, ONE, first_walk, sample_of

every_day = each("dataset", DAILY, lambda d: d.name)


def read(name, walk, **echoes):
    """The sample of a dataset as the answer to `walk`, with other echoes."""
    document = sample_of(name, walk)
    document["Result"] |= echoes
    return read_page(DATASETS[name], walk, json.dumps(document).encode())


def refused(name, walk, **echoes):
    with pytest.raises(WrongAnswer) as refusal:
        read(name, walk, **echoes)
    (echo,) = echoes.items()
    assert (refusal.value.path, refusal.value.value) == (f"Result.{echo[0]}", echo[1])
    return refusal.value.expected


OTHER = {
    WireType.TEXT: "other",
    WireType.TIME: "2025-03-01T12:00:00+08:00",
    WireType.INTEGER: 3601,
    WireType.TEXTS: ["other"],
}


@every_day
def test_every_echo_that_differs_is_refused_by_path_value_and_expectation(dataset):
    """In the answer to one request and in that to many read together."""
    walk = first_walk(dataset.name)
    body = json.dumps(sample_of(dataset.name)).encode()
    for parameter in dataset.endpoint.parameters:
        asked = walk.payload.get(parameter.name)
        if not parameter.echoed or asked is None:
            continue
        other = OTHER[parameter.wire_type]
        assert refused(dataset.name, walk, **{parameter.name: other}) == str(asked)
        document = sample_of(dataset.name)
        document["Result"][parameter.name] = other
        odd = json.dumps(document).encode()
        assert read_batch(dataset, [(walk, 1), (walk, 1)], [body, odd]) is None


@pytest.mark.parametrize("echo", ["none", "as sent"])
@every_day
def test_what_was_asked_and_no_echo_at_all_are_right(dataset, echo):
    walk = first_walk(dataset.name)
    document = sample_of(dataset.name)
    for parameter in dataset.endpoint.parameters:
        document["Result"].pop(parameter.name, None)
        if echo == "as sent" and parameter.echoed and parameter.name in walk.payload:
            document["Result"][parameter.name] = walk.payload[parameter.name]
    body = json.dumps(document).encode()
    assert read_page(dataset, walk, body).table.num_rows
    if not dataset.name.startswith("play_status_code"):  # its sample is not for the fast reader
        assert read_batch(dataset, [(walk, 1), (walk, 1)], [body, body]) is not None


@pytest.mark.parametrize(
    ("name", "echoes"),
    [
        ("stream_session", {"Aggregation": 3600}),
        ("stream_session", {"StartTime": "2025-02-28T00:00:00+08:00"}),
        ("stream_session", {"StartTime": "2025-03-01T00:00:00Z"}),
        ("stream_session", {"StartTime": "2025-03-01T00:00:00"}),
        ("stream_session", {"EndTime": "2025-03-01T23:54:59+08:00"}),
        ("stream_session", {"EndTime": "midnight"}),
        ("stream_session", {"DomainList": ["live.example.com"]}),
        ("stream_session", {"DomainList": []}),
        ("stream_session", {"ISPList": ["telecom", "unicom", "mobile"]}),
        ("stream_session", {"DetailField": ["ISP"]}),
        ("stream_session", {"App": "show"}),
        ("stream_session", {"Domain": "other.example.com"}),
        ("play_status_code", {"Type": "Source"}),
        ("stream_count", {"StreamType": ["relay-source"]}),
        ("edge_stat_by_protocol", {"ProtocolList": ["QUIC"]}),
        ("push_stream_metrics", {"Stream": "ROOM1"}),
        ("batch_push_stream_metrics", {"AggType": "avg"}),
        ("top_play", {"QueryType": "Stream"}),
    ],
    ids=str,
)
def test_the_answer_to_another_question_is_refused(name, echoes):
    refused(name, first_walk(name), **echoes)


@pytest.mark.parametrize(
    ("name", "echoes"),
    [
        ("stream_session", {"Aggregation": "300"}),
        ("stream_session", {"Aggregation": 300.0}),
        ("stream_session", {"StartTime": "2025-02-28T16:00:00Z"}),
        ("stream_session", {"StartTime": "2025-03-01 00:00:00.000+08:00"}),
        ("stream_session", {"EndTime": "2025-03-01T16:00:00Z"}),
        ("top_play", {"EndTime": "2025-03-01T23:00:00+08:00"}),
        ("stream_session", {"DomainList": ["PULL.example.com.", "live.example.com"]}),
        ("stream_session", {"ISPList": ["Unicom", "telecom"]}),
        ("stream_session", {"DetailField": ["ISP", "Domain"]}),
        ("stream_session", {"Domain": "pull.example.com"}),
        ("stream_session", {"App": "", "Stream": None}),
        ("stream_session", {"ProtocolList": ["HTTP-FLV", "RTMP"]}),
        ("stream_session", {"RegionList": [{"Area": "CN", "Country": "", "Province": ""}]}),
        ("edge_stat", {"ProtocolList": None, "AppList": [], "StreamList": []}),
        ("push_stream_metrics", {"StreamPriority": ["main"]}),
        ("batch_push_stream_metrics", {"AggType": "MAX"}),
    ],
    ids=str,
)
def test_the_vendor_may_write_the_same_in_another_form(name, echoes):
    """Order, case, offset of one instant, defaults: what the catalog allows."""
    assert read(name, first_walk(name), **echoes).table.num_rows


def test_a_default_may_come_back_and_nothing_else():
    walk = first_walk("play_status_code")
    walk = request_of(
        DATASETS["play_status_code"], {k: v for k, v in walk.payload.items() if k != "Type"}
    )
    assert read("play_status_code", walk, Type="Access").table.num_rows
    assert refused("play_status_code", walk, Type="Source") == "Access"


def test_a_region_asked_in_another_spelling():
    walk = first_walk("stream_session")
    asked = {**walk.payload, "RegionList": [{"Area": "CN", "Country": "CN"}]}
    walk = request_of(DATASETS["stream_session"], asked)
    same, other = ([{"Area": "cn", "Country": name}] for name in ("cn", "sg"))
    assert read("stream_session", walk, RegionList=same).table.num_rows
    with pytest.raises(WrongAnswer, match="RegionList"):
        read("stream_session", walk, RegionList=other)


def test_one_domain_asked_in_another_spelling():
    walk = first_walk("batch_push_stream_metrics", CASED)
    assert read("batch_push_stream_metrics", walk, Domain="push.example.com").table.num_rows


def test_an_unsplit_answer_must_not_be_a_split_one():
    walk = first_walk("stream_session", ONE)
    assert "DetailField" not in walk.payload
    assert refused("stream_session", walk, DetailField=["Domain", "ISP"]) == "empty"
