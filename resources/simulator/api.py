"""The simulated API without its network: a body goes in, a Result comes out, or a refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from resources.api.catalog import endpoints_of
from resources.api.catalog.model import Endpoint
from resources.api.catalog.vendors import VOLCENGINE
from resources.simulator import billed, called, generic, listed, logged, measured, observed, relayed
from resources.simulator.checks import check
from resources.simulator.query import Query
from resources.simulator.refusals import Refused
from resources.simulator.render import Result
from resources.simulator.settings import AnswerOptions
from resources.simulator.world import World

Answerer = Callable[[World, Query], Result]

ANSWERERS: Mapping[str, Answerer] = {
    "ListDomainDetail": listed.domains,
    "DescribeLiveRegionData": listed.regions,
    "DescribeLiveISPData": listed.isps,
    "DescribeIpInfo": listed.addresses,
    "DescribeLivePushStreamMetrics": observed.push_metrics,
    "DescribeLiveBatchPushStreamMetrics": observed.batch_push_metrics,
    "DescribeLiveSourceStreamMetrics": observed.source_metrics,
    "DescribeLiveBatchSourceStreamMetrics": observed.batch_source_metrics,
    "DescribeLivePushStreamInfoData": observed.push_info,
    "DescribeClosedStreamInfoByPage": observed.closed_streams,
    "DescribeLiveTranscodeInfoData": observed.transcode_info,
    "DescribeLiveStreamSessionData": measured.session,
    "DescribeLiveBatchStreamSessionData": measured.batch_session,
    "DescribeLiveBatchStreamTrafficData": measured.batch_traffic,
    "DescribeLiveSourceTrafficData": measured.source_traffic,
    "DescribeLivePlayStatusCodeData": measured.status,
    "DescribeLiveStreamCountData": measured.stream_count,
    "DescribeLiveTopPlayData": measured.top_play,
    "DescribeLiveEdgeStatData": measured.edge,
    "DescribeLiveTrafficData": billed.traffic,
    "DescribeLiveBandwidthData": billed.bandwidth,
    "DescribeLiveTranscodeData": billed.transcode,
    "DescribeLiveBatchStreamTranscodeData": billed.batch_transcode,
    "DescribeLiveRecordData": billed.record,
    "DescribeLiveSnapshotData": billed.snapshot,
    "DescribeLiveAuditData": billed.audit,
    "DescribeLivePushStreamCountData": billed.push_stream_count,
    "DescribeLiveCallbackData": called.callbacks,
    "DescribeLiveTimeShiftData": relayed.time_shift,
    "DescribeLivePullToPushData": relayed.minutes,
    "DescribeLivePullToPushBandwidthData": relayed.bandwidth,
    "DescribeLiveP95PeakBandwidthData": relayed.p95,
    "DescribeLiveLogData": logged.files,
    "DescribeLiveASRDurationData": billed.captions,
    "DescribeLiveStorageSpaceData": relayed.time_shift,
}
"""What the world knows about; any other endpoint of the catalog gets a generic answer."""


OF_VOLCENGINE: Mapping[str, Endpoint] = endpoints_of(VOLCENGINE)


class Api:
    """Checks a request and answers it. Thread-safe; knows neither HTTP nor signatures."""

    def __init__(
        self,
        world: World,
        answers: AnswerOptions,
        endpoints: Mapping[str, Endpoint] = OF_VOLCENGINE,
    ) -> None:
        self.world = world
        self.answers = answers
        self.endpoints = endpoints

    def endpoint(self, action: str) -> Endpoint:
        """The catalog's entry; raises `Refused` for an action that does not exist."""
        if action not in self.endpoints:
            raise Refused("InvalidActionOrVersion", f"There is no action {action!r}.")
        return self.endpoints[action]

    def answer(self, action: str, body: object, now: datetime, page_fault: str = "") -> Result:
        """The Result of one call; raises `Refused`."""
        endpoint = self.endpoint(action)
        query = check(
            endpoint,
            body,
            now=now,
            owned=self.world.sites,
            options=self.answers,
            page_fault=page_fault,
        )
        return ANSWERERS.get(action, generic.answer)(self.world, query)
