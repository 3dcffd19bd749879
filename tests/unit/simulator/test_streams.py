"""Simulated pushes, and what hangs on them: health metrics, stream counts, transcoding."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from resources.simulator import AnswerOptions
from resources.simulator.api import Api
from tests.support.small_world import DAY, HOUR, NOW, PUSHES, by, rows, world

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def week():
    return rows("DescribeLivePushStreamInfoData", hours=7 * 24, DomainList=PUSHES[:1])


class TestPushes:
    def test_pushes_of_a_stream_do_not_overlap(self, week):
        streams = defaultdict(list)
        for row in week:
            start, end = (datetime.fromisoformat(row[n]) for n in ("StartTime", "EndTime"))
            assert (end - start).total_seconds() == row["Duration"] > 0
            streams[row["App"], row["Stream"]].append((start, end))
        for spans in streams.values():
            spans.sort()
            assert all(end <= start for (_, end), (start, _) in pairwise(spans))

    def test_some_run_past_midnight_and_some_for_days(self, week):
        lengths = [row["Duration"] for row in week]
        crossing = [r for r in week if r["StartTime"][:10] != r["EndTime"][:10]]
        assert crossing
        assert max(lengths) > 2 * 86_400
        assert len({row["StreamBreakReason"] for row in week}) > 1

    def test_only_those_that_have_ended_are_listed(self):
        early = rows("DescribeLivePushStreamInfoData", now=DAY + 20 * HOUR)
        late = rows("DescribeLivePushStreamInfoData")
        assert len(early) < len(late)
        assert all(datetime.fromisoformat(r["EndTime"]) <= DAY + 20 * HOUR for r in early)

    @pytest.mark.parametrize("match", ["overlap", "start", "end"])
    def test_a_window_lists_by_overlap_start_or_end(self, match):
        api = Api(world, AnswerOptions(push_match=match))
        names = {"overlap": ("StartTime", "EndTime"), "start": ("StartTime",), "end": ("EndTime",)}
        seen = Counter()
        for day in range(14):
            start = DAY + (day - 7) * 24 * HOUR
            body = {"StartTime": start.isoformat(), "EndTime": (start + 24 * HOUR).isoformat()}
            body |= {"PageSize": 1000, "DomainList": PUSHES[:1]}
            answer = api.answer("DescribeLivePushStreamInfoData", body, NOW)
            for row in answer["PushStreamInfoDataList"]:
                seen[row["Stream"], row["StartTime"]] += 1
                dates = {row[name][:10] for name in names[match]}
                assert start.isoformat()[:10] in dates or match == "overlap"
        assert (max(seen.values()) > 1) == (match == "overlap")

    def test_metrics_lie_inside_their_push(self, week):
        pushes = defaultdict(list)
        for row in week:
            span = [datetime.fromisoformat(row[n]) for n in ("StartTime", "EndTime")]
            pushes[row["App"], row["Stream"]].append(span)
        minute = timedelta(minutes=1)
        found = rows("DescribeLiveBatchPushStreamMetrics", Domain=PUSHES[0])
        assert found
        for row in found:
            at = datetime.fromisoformat(row["TimeStamp"])
            begun = datetime.fromtimestamp(row["StreamBeginTime"] / 1000, UTC)
            (end,) = (e for s, e in pushes[row["App"], row["Stream"]] if s == begun)
            assert begun - minute < at < end
            assert 0 < row["VideoPts"] <= (end - begun).total_seconds() * 1000

    def test_averages_are_no_more_than_maxima(self):
        asked = {"Domain": PUSHES[0]}
        action = "DescribeLiveBatchPushStreamMetrics"
        key = ("SessionID", "TimeStamp")
        most = by(rows(action, AggType="max", **asked), *key)
        mean = by(rows(action, AggType="avg", **asked), *key)
        assert most.keys() == mean.keys()
        for name in ("Bitrate", "Framerate", "VideoFrameGap", "AudioBitrate", "PtsDelta"):
            assert all(mean[at][name] <= most[at][name] for at in most)

    def test_one_stream_is_the_same_alone_and_in_the_batch(self):
        asked = {"Domain": PUSHES[0], "App": "live", "Stream": "room-103", "Aggregation": 30}
        alone = by(rows("DescribeLivePushStreamMetrics", **asked), "TimeStamp")
        batch = defaultdict(float)
        for row in rows("DescribeLiveBatchPushStreamMetrics", **asked):
            batch[row["TimeStamp"],] = max(batch[row["TimeStamp"],], row["Bitrate"])
        assert {at: row["Bitrate"] for at, row in alone.items()} == batch

    def test_counts_are_the_live_streams(self):
        counted = by(
            rows(
                "DescribeLiveStreamCountData",
                DomainList=PUSHES[:1],
                StreamType=["push"],
                Aggregation=60,
            ),
            "TimeStamp",
        )
        live = defaultdict(set)
        for row in rows("DescribeLiveBatchPushStreamMetrics", Domain=PUSHES[0], Aggregation=60):
            live[row["TimeStamp"],].add((row["App"], row["Stream"]))
        assert live
        # Seconds at the edge of a push may have no sample, so a minute may lack a stream.
        assert all(len(live[at]) <= counted[at]["PeakCount"] for at in counted)
        exact = sum(len(live[at]) == counted[at]["PeakCount"] for at in counted)
        assert exact > 0.98 * len(counted)

    def test_transcoding_minutes_are_those_of_the_window(self):
        days = [rows("DescribeLiveTranscodeInfoData", DAY + n * 24 * HOUR) for n in range(3)]
        minutes = Counter()
        for day in days:
            assert all(0 < row["Duration"] <= 1440 for row in day)
            for row in day:
                minutes[row["TaskID"]] += row["Duration"]
        whole = rows("DescribeLiveTranscodeInfoData", hours=72)
        assert {row["TaskID"]: pytest.approx(row["Duration"]) for row in whole} == minutes
        assert len(set(minutes) & {r["TaskID"] for r in days[0]} & {r["TaskID"] for r in days[1]})
