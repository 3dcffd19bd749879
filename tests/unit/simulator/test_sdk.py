"""The vendor's own client, unmodified, works against the simulator.

So what the simulator takes for a good request is what the vendor's client sends.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from volcengine.live.v20230101.live_service import LiveService

from resources.simulator import Account, Simulator
from tests.support.documented_limits import DOCUMENTED

NOW = datetime(2025, 6, 10, 4, tzinfo=UTC)
DAY = {"StartTime": "2025-06-08T00:00:00+08:00", "EndTime": "2025-06-09T00:00:00+08:00"}
PUSH, PULL = "push-1.sim.example", "pull-1.sim.example"
PULLS = [PULL, "pull-2.sim.example"]
STREAM = {"App": "live", "Stream": "room-101"}
CN = [{"Area": "CN", "Country": "CN", "Province": "beijing"}]

# Action -> (method of the client, a request, where the rows are)
CALLS = {
    "DescribeLiveRegionData": ("describe_live_region_data", {}, "Areas"),
    "DescribeLiveISPData": ("describe_live_isp_data", {}, "ISPList"),
    "DescribeIpInfo": ("describe_ip_info", {"Ips": ["198.18.0.1", "2001:db8:3::1"]}, "List"),
    "DescribeLivePushStreamMetrics": (
        "describe_live_push_stream_metrics",
        {**DAY, **STREAM, "Domain": PUSH, "Aggregation": 30},
        "MetricList",
    ),
    "DescribeLiveBatchPushStreamMetrics": (
        "describe_live_batch_push_stream_metrics",
        {**DAY, "Domain": PUSH, "Aggregation": 60, "AggType": "avg"},
        "StreamMetricList",
    ),
    "DescribeLiveSourceStreamMetrics": (
        "describe_live_source_stream_metrics",
        {**DAY, **STREAM, "Domain": PULL},
        "MetricList",
    ),
    "DescribeLiveBatchSourceStreamMetrics": (
        "describe_live_batch_source_stream_metrics",
        {**DAY, "Domain": PULL},
        "StreamMetricList",
    ),
    "DescribeLiveStreamSessionData": (
        "describe_live_stream_session_data",
        {
            **DAY,
            "DomainList": PULLS,
            "ISPList": ["telecom", "unicom"],
            "ProtocolList": ["HTTP-FLV"],
            "RegionList": CN,
            "Aggregation": 300,
            "DetailField": ["Domain", "ISP"],
            "OnlineUserType": "Viewer",
        },
        "SessionDetailDataList",
    ),
    "DescribeLiveBatchStreamSessionData": (
        "describe_live_batch_stream_session_data",
        {**DAY, "DomainList": PULLS, "PageNum": 1, "PageSize": 100},
        "StreamInfoList",
    ),
    "DescribeLiveBatchStreamTrafficData": (
        "describe_live_batch_stream_traffic_data",
        {**DAY, "DomainList": PULLS, "UserRegionList": CN},
        "StreamInfoList",
    ),
    "DescribeLiveSourceTrafficData": (
        "describe_live_source_traffic_data",
        {**DAY, **STREAM, "Domain": PULL},
        "TrafficDataList",
    ),
    "DescribeLivePlayStatusCodeData": (
        "describe_live_play_status_code_data",
        {**DAY, "DomainList": PULLS, "DetailField": ["Domain"], "Type": "Source"},
        "StatusDetailDataList",
    ),
    "DescribeLiveStreamCountData": (
        "describe_live_stream_count_data",
        {**DAY, "DomainList": [PUSH], "StreamType": ["push"], "ISPList": ["telecom", "mobile"]},
        "TotalStreamDataList",
    ),
    "DescribeLivePushStreamInfoData": (
        "describe_live_push_stream_info_data",
        {**DAY, "DomainList": [PUSH], "PageNum": 1, "PageSize": 1000},
        "PushStreamInfoDataList",
    ),
    "DescribeLiveTranscodeInfoData": (
        "describe_live_transcode_info_data",
        {**DAY, "PageNum": 1, "PageSize": 20},
        "TranscodeInfoDataList",
    ),
    "DescribeLiveTopPlayData": (
        "describe_live_top_play_data",
        {**DAY, "QueryType": "Stream", "SortBy": "TotalTraffic", "PageNum": "1", "PageSize": "10"},
        "DataItemList",
    ),
    "DescribeLiveEdgeStatData": (
        "describe_live_edge_stat_data",
        {**DAY, "DomainList": PULLS, "DetailField": ["UserArea"]},
        "EdgeStatDetailDataList",
    ),
    "ListDomainDetail": ("list_domain_detail", {"PageNum": 1, "PageSize": 1000}, "DomainList"),
}


@pytest.fixture(scope="module")
def sim():
    account = Account(domains=2, streams_per_domain=3)
    with Simulator(account, clock=lambda: NOW, rate=None) as made:
        yield made


@pytest.fixture(scope="module")
def sdk(sim):
    """The client, with nothing changed but the address.

    It keeps key and address in one object of its module: they are put back afterwards.
    """
    patch = pytest.MonkeyPatch()
    for name in ("VOLC_ACCESSKEY", "VOLC_SECRETKEY"):
        patch.delenv(name, raising=False)  # it would prefer them to the key that it is given
    service = LiveService()
    info = service.service_info
    patch.setattr(info, "host", sim.url.removeprefix("http://"))
    patch.setattr(info, "scheme", "http")
    patch.setattr(info.credentials, "ak", sim.credentials.access_key)
    patch.setattr(info.credentials, "sk", sim.credentials.secret_key)
    yield service
    service.session.close()
    patch.undo()


def refusal(call):
    # The client drops the HTTP status: the body of the answer is all that its exception has.
    with pytest.raises(Exception, match="ResponseMetadata") as caught:
        call()
    (body,) = caught.value.args
    return json.loads(body)["ResponseMetadata"]["Error"]


def test_every_action_is_called():
    assert set(CALLS) == set(DOCUMENTED)


@pytest.mark.parametrize("action", CALLS)
def test_call(sdk, action):
    method, body, rows_at = CALLS[action]
    answer = getattr(sdk, method)(body)
    metadata = answer["ResponseMetadata"]
    assert (metadata["Action"], metadata["Version"]) == (action, "2023-01-01")
    assert "Error" not in metadata
    assert answer["Result"][rows_at]


@pytest.mark.parametrize("action", CALLS)
def test_wrong_call(sdk, action):
    method, body, _ = CALLS[action]
    error = refusal(lambda: getattr(sdk, method)({**body, "Nonsense": 1}))
    assert error["Code"] == "InvalidParam"
    assert "Nonsense" in error["Message"]


@pytest.mark.parametrize(
    ("action", "change", "code", "says"),
    [
        ("DescribeIpInfo", {"Ips": None}, "MissingParameter", "Ips"),
        ("DescribeLiveEdgeStatData", {"DomainList": ["a.b"]}, "RequestForbidden", "a.b"),
        ("DescribeLiveEdgeStatData", {"EndTime": "2026-01-01T00:00:00Z"}, "InvalidParam", "future"),
        ("DescribeLiveStreamSessionData", {"Domain": PULL}, "InvalidParam", "at most one"),
        ("DescribeLiveTopPlayData", {"PageSize": 10}, "InvalidParam", "PageSize"),
        ("DescribeLiveBatchStreamSessionData", {"PageSize": 99}, "InvalidParam", "100"),
    ],
)
def test_documented_errors(sdk, action, change, code, says):
    method, body, _ = CALLS[action]
    error = refusal(lambda: getattr(sdk, method)({**body, **change}))
    assert error["Code"].partition(".")[0] == code
    assert says in error["Message"]


def test_the_wrong_secret(sdk, monkeypatch):
    monkeypatch.setattr(sdk.service_info.credentials, "sk", "wrong")
    error = refusal(lambda: sdk.describe_live_isp_data({}))
    assert (error["Code"], error["CodeN"]) == ("SignatureDoesNotMatch", 100010)
