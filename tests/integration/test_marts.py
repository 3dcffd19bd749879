"""Marts over a simulated account: every number is that of the world, worked out another way."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from statistics import median

import pytest

from resources.simulator import Account
from resources.simulator.places import ISPS
from tests.support.archives import DAYS, lab
from tests.support.mart_answers import TROUBLED, World, answer, by, columns

pytestmark = pytest.mark.slow

NAMES = (
    "domain",
    "isp",
    "ip_info",
    "batch_push_stream_metrics",
    "batch_source_stream_metrics",
    "batch_stream_session",
    "batch_stream_traffic",
    "edge_stat",
    "play_status_code",
    "push_stream_info",
    "source_traffic",
    "stream_count",
    "stream_session_by_domain",
    "transcode_info",
)
FIVE_MINUTES = timedelta(minutes=5)
approx = pytest.approx


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Two days of an account in which all goes wrong that can."""
    with lab(tmp_path_factory.mktemp("world") / "home", TROUBLED) as everything:
        some = everything.only(*NAMES)
        some.backfill(DAYS)
        yield some


@pytest.fixture(scope="module")
def world(done):
    return World(done.simulator.world)


def viewers(world, kind, day, domain):
    """Slot start -> viewers and requests."""
    found = world.slots("StreamSessionData", day, DomainList=[domain], OnlineUserType=kind)
    return {at: (row["OnlineUser"], row["Request"]) for at, row in found}


def peak(slots):
    """The highest value of {time: value} and when it was first reached."""
    highest = max(slots.values())
    return highest, min((at for at, value in slots.items() if value == highest), default=None)


KINDS = ("Online", "Viewer", "ClientIP")


class TestViewers:
    def test_a_day_of_a_domain(self, done, world):
        found = by(answer(done, "viewers_daily"), "business_date", "domain", "online_user_type")
        assert len(found) == len(DAYS) * len(world.pulls) * len(KINDS)
        for (day, domain, kind), row in found.items():
            slots = viewers(world, kind, day, domain)
            users = {at: both[0] for at, both in slots.items()}
            assert (row["peak_online_users"], row["peak_at"]) == peak(users)
            assert row["avg_online_users"] == approx(sum(users.values()) / 288)
            assert row["viewer_minutes"] == approx(5 * sum(users.values()))
            assert row["requests"] == sum(requests for _, requests in slots.values())

    def test_a_day_of_the_account_is_of_sums_at_one_time_not_a_sum_of_peaks(self, done, world):
        found = by(answer(done, "viewers_daily_account"), "business_date", "online_user_type")
        assert len(found) == len(DAYS) * len(KINDS)
        domains = by(answer(done, "viewers_daily"), "business_date", "domain", "online_user_type")
        below = 0
        for (day, kind), row in found.items():
            together = Counter()
            for domain in world.pulls:
                together.update({at: u for at, (u, _) in viewers(world, kind, day, domain).items()})
            assert (row["peak_online_users"], row["peak_at"]) == peak(together)
            assert row["avg_online_users"] == approx(together.total() / 288)
            assert row["viewer_minutes"] == approx(5 * together.total())
            peaks = [domains[day, d, kind]["peak_online_users"] for d in world.pulls]
            assert max(peaks) < row["peak_online_users"] <= sum(peaks)
            below += row["peak_online_users"] < sum(peaks)
        assert below  # else this account could not tell the two apart

    def test_an_hour_of_a_domain(self, done, world):
        found = by(answer(done, "viewers_hourly"), "hour_start_at", "domain", "online_user_type")
        assert len(found) == 24 * len(DAYS) * len(world.pulls) * len(KINDS)
        for (start, domain, kind), row in found.items():
            end = start + timedelta(hours=1)
            slots = viewers(world, kind, row["business_date"], domain)
            users = [u for at, (u, _) in slots.items() if start <= at < end]
            assert len(users) == 12
            assert row["hour_of_day"] == start.astimezone(done.archive.settings.zone).hour
            assert row["peak_online_users"] == max(users)
            assert row["avg_online_users"] == approx(sum(users) / 12)
            assert row["viewer_minutes"] == approx(5 * sum(users))


def answers_given(world):
    """(day, domain, carrier, type, code) -> how often."""
    counted = Counter()
    for day in DAYS:
        for kind in ("Access", "Source"):
            asked = {"DomainList": [*world.pulls, *world.pushes], "ISPList": sorted(ISPS)}
            for _, row in world.slots(
                "PlayStatusCodeData", day, Type=kind, DetailField=["Domain", "ISP"], **asked
            ):
                key = (day, row["Domain"], row["ISP"], kind, row["StatusCode"])
                counted[key] += row["Value"]
    return counted


class TestErrors:
    def test_how_often_each_code_was_answered(self, done, world):
        expected = {key: n for key, n in answers_given(world).items() if n}
        keys = ("business_date", "domain", "isp", "request_type", "status_code")
        found = by(answer(done, "errors_daily"), *keys)
        assert {key: row["responses"] for key, row in found.items()} == expected
        whole = Counter()
        for key, count in expected.items():
            whole[key[:4]] += count
        for key, row in found.items():
            assert row["responses_percent"] == approx(100 * expected[key] / whole[key[:4]])
            assert row["status_class"] == f"{str(key[4])[0]}xx"

    @pytest.mark.parametrize(
        ("mart", "label", "place"),
        [("error_rate_daily", "domain", 1), ("error_rate_by_isp", "isp", 2)],
    )
    def test_rates(self, done, world, mart, label, place):
        whole, client, server = Counter(), Counter(), Counter()
        for key, count in answers_given(world).items():
            short = (key[0], key[place], key[3])
            whole[short] += count
            client[short] += count * (400 <= key[4] < 500)
            server[short] += count * (key[4] >= 500)
        found = by(answer(done, mart), "business_date", label, "request_type")
        assert set(found) == {key for key, count in whole.items() if count}
        for key, row in found.items():
            assert row["responses"] == whole[key]
            assert (row["http_4xx_responses"], row["http_5xx_responses"]) == (
                client[key],
                server[key],
            )
            assert row["http_4xx_percent"] == approx(100 * client[key] / whole[key])
            assert row["http_5xx_percent"] == approx(100 * server[key] / whole[key])

    def test_the_carrier_that_failed_stands_out(self, done):
        first = answer(
            done,
            "FROM error_rate_by_isp WHERE request_type = 'Access' ORDER BY http_5xx_percent DESC LIMIT 1",
        )[0]
        assert (first["business_date"], first["isp"]) == (DAYS[0], "unicom")
        assert first["isp_name"] == ISPS["unicom"][0]


class TestTraffic:
    def test_what_was_pulled_for_what_was_sent(self, done, world):
        found = by(answer(done, "origin_pull_daily"), "business_date", "domain")
        assert set(found) == {(day, domain) for day in DAYS for domain in world.pulls}
        for (day, domain), row in found.items():
            pulled = world.slots("SourceTrafficData", day, DomainList=[domain])
            sent = world.slots("EdgeStatData", day, DomainList=[domain])
            origin = sum(r["Traffic"] for _, r in pulled) * 1e9
            down = sum(r["DownTraffic"] for _, r in sent) * 1e9
            assert row["origin_traffic_bytes"] == approx(origin)
            assert row["down_traffic_bytes"] == approx(down)
            assert row["origin_pull_percent"] == approx(100 * origin / down)

    def test_each_stream(self, done, world):
        everybody = [*world.pulls, *world.pushes]
        expected = defaultdict(lambda: [None] * 4)
        for day in DAYS:
            for r in world.rows("BatchStreamTrafficData", day, DomainList=everybody):
                key = (day, r["Domain"], r["App"], r["Stream"])
                expected[key][:2] = approx(r["UpTraffic"] * 1e9), approx(r["DownTraffic"] * 1e9)
            asked = {"DomainList": everybody, "OnlineUserType": "Online"}
            for r in world.rows("BatchStreamSessionData", day, **asked):
                key = (day, r["Domain"], r["App"], r["Stream"])
                expected[key][2:] = r["PeakOnlineUser"], r["TotalRequest"]
        rows = answer(done, "stream_traffic_daily")
        numbers = ("up_traffic_bytes", "down_traffic_bytes", "peak_online_users", "requests")
        found = columns(rows, ("business_date", "domain", "app", "stream"), *numbers)
        assert found == {key: tuple(values) for key, values in expected.items()}
        assert all(
            (r["domain_type"], r["project_name"]) == ("push", "default")
            for r in rows
            if r["domain"] in world.pushes
        )

    @pytest.mark.parametrize("days", [DAYS, DAYS[:1]], ids=["both days", "the first"])
    def test_the_first_streams_of_a_range(self, done, world, days):
        carried, peaks, on = Counter(), Counter(), Counter()
        for day in days:
            for r in world.rows("BatchStreamTrafficData", day, DomainList=world.pulls):
                carried[r["Domain"], r["Stream"]] += r["DownTraffic"] * 1e9
                on[r["Domain"], r["Stream"]] += 1
            asked = {"DomainList": world.pulls, "OnlineUserType": "Online"}
            for r in world.rows("BatchStreamSessionData", day, **asked):
                key = r["Domain"], r["Stream"]
                peaks[key] = max(peaks[key], r["PeakOnlineUser"])
        found = answer(done, "FROM top_streams(?, ?, n := 3)", days[0], days[-1])
        first = carried.most_common(3)
        assert [(r["domain"], r["stream"]) for r in found] == [key for key, _ in first]
        assert [r["rank"] for r in found] == [1, 2, 3]
        for row, (key, total) in zip(found, first, strict=True):
            assert row["down_traffic_bytes"] == approx(total)
            assert row["down_traffic_percent"] == approx(100 * total / carried.total())
            assert (row["days"], row["peak_online_users"]) == (on[key], peaks[key])


class TestStreams:
    def test_most_at_once(self, done, world):
        found = by(answer(done, "stream_count_daily"), "business_date", "domain", "stream_type")
        some = 0
        for (day, domain, kind), row in found.items():
            asked = {"DomainList": [domain], "StreamType": [kind]}
            slots = {at: r["PeakCount"] for at, r in world.slots("StreamCountData", day, **asked)}
            highest, at = peak(slots)
            assert (row["peak_streams"], row["peak_at"]) == (highest, at if highest else None)
            some += highest > 0
        assert 0 < some < len(found)

    def test_transcoding(self, done, world):
        minutes, tasks, streams = Counter(), defaultdict(set), defaultdict(set)
        for day in DAYS:
            for domain in world.pushes:
                for r in world.rows("TranscodeInfoData", day, DomainList=[domain]):
                    key = (day, domain, r["TranscodeType"], r["Resolution"])
                    minutes[key] += r["Duration"]
                    tasks[key].add(r["TaskID"])
                    streams[key].add(r["Stream"])
        keys = ("business_date", "domain", "transcode_type", "resolution")
        numbers = ("transcode_minutes", "tasks", "streams")
        found = columns(answer(done, "transcode_minutes_daily"), keys, *numbers)
        # The end of a day is asked for as its last second, so a task may miss one.
        assert found == {
            key: (
                approx(minutes[key], abs=len(tasks[key]) / 60),
                len(tasks[key]),
                len(streams[key]),
            )
            for key in minutes
        }

    def test_pushes_and_what_lay_between_them(self, done, world):
        pushes = {
            (domain, r["App"], r["Stream"], datetime.fromisoformat(r["StartTime"])): r
            for day in DAYS
            for domain in world.pushes
            for r in world.rows("PushStreamInfoData", day, DomainList=[domain])
        }
        found = by(answer(done, "push_sessions"), "domain", "app", "stream", "push_started_at")
        assert set(found) == set(pushes)
        before: dict[tuple[str, ...], tuple[datetime, str]] = {}
        for key in sorted(pushes):
            row, push = found[key], pushes[key]
            ended = datetime.fromisoformat(push["EndTime"])
            assert (row["push_ended_at"], row["break_reason"]) == (ended, push["StreamBreakReason"])
            assert row["push_duration_s"] == (ended - key[3]).total_seconds()
            assert row["business_date"] == key[3].astimezone(done.archive.settings.zone).date()
            earlier = before.get(key[:3])
            assert (row["earlier_push_ended_at"], row["earlier_break_reason"]) == (
                earlier or (None, None)
            )
            gap = (key[3] - earlier[0]).total_seconds() if earlier else None
            assert row["reconnect_gap_s"] == gap
            assert row["is_interruption"] is (gap is not None and gap <= 600)
            assert (row["client_city"] is None) == (push["IP"] == "")
            before[key[:3]] = ended, push["StreamBreakReason"]
        assert {row["is_interruption"] for row in found.values()} == {True, False}

    def test_interruptions_of_a_day(self, done):
        pushes, gaps = Counter(), defaultdict(list)
        for row in answer(done, "push_sessions"):
            reason = row["earlier_break_reason"] if row["is_interruption"] else None
            key = (row["business_date"], row["domain"], row["app"], row["stream"], reason)
            pushes[key] += 1
            gaps[key] += [row["reconnect_gap_s"]] * row["is_interruption"]
        keys = ("business_date", "domain", "app", "stream", "interruption_reason")
        found = columns(
            answer(done, "push_interruptions_daily"),
            keys,
            "pushes",
            "interruptions",
            "interrupted_s",
            "longest_interruption_s",
        )
        assert found == {
            key: (n, len(gaps[key]), sum(gaps[key]), max(gaps[key], default=None))
            for key, n in pushes.items()
        }


REASONS = ("stall", "audio_gap", "bitrate_dip", "framerate_drop", "av_offset")
MINUTE = timedelta(minutes=1)


def health(world, action, domains, day):
    """(domain, app, stream, push) -> {minute: reasons why it is bad}, from the world's samples."""
    slots = defaultdict(dict)
    for kind in ("avg", "max"):
        for domain in domains:
            for r in world.rows(action, day, Domain=domain, Aggregation=60, AggType=kind):
                push = (domain, r["App"], r["Stream"], r.get("SessionID", ""))
                at = datetime.fromisoformat(r["TimeStamp"])
                slots[push].setdefault(at, {})[kind] = r
    return {push: judge(found, day) for push, found in slots.items()}


def judge(slots, day):
    first, last = (datetime.fromisoformat(f"{day}T{t}+08:00") for t in ("00:00", "23:59"))
    whole = {
        at
        for at in slots
        if (at == first or at - MINUTE in slots) and (at == last or at + MINUTE in slots)
    }
    rates = [slots[at]["avg"] for at in whole]
    bitrate = median(r["Bitrate"] for r in rates) if rates else 0
    framerate = median(r["Framerate"] for r in rates) if rates else 0
    return {
        at: {
            reason
            for reason, is_bad in zip(
                REASONS,
                (
                    both["max"]["VideoFrameGap"] > 500,
                    both["max"]["AudioFrameGap"] > 200,
                    at in whole and both["avg"]["Bitrate"] < 0.5 * bitrate,
                    at in whole and both["avg"]["Framerate"] < 0.8 * framerate,
                    abs(both["max"]["PtsDelta"]) > 185,
                ),
                strict=True,
            )
            if is_bad
        }
        for at, both in slots.items()
    }


def counts(minutes):
    """Live and good minutes, and the bad ones by reason."""
    hit = Counter(reason for reasons in minutes for reason in reasons)
    return (len(minutes), sum(not reasons for reasons in minutes), *(hit[r] for r in REASONS))


COUNTED = ("live_slots", "good_slots", *(f"{reason}_slots" for reason in REASONS))


class TestHealth:
    def test_each_push(self, done, world):
        action = "BatchPushStreamMetrics"
        expected = {
            (day, *push): counts(slots.values())
            for day in DAYS
            for push, slots in health(world, action, world.pushes, day).items()
        }
        rows = answer(done, "stream_health_by_session")
        keys = ("business_date", "domain", "app", "stream", "session_id")
        assert columns(rows, keys, *COUNTED) == expected
        hit = [sum(column) for column in zip(*expected.values(), strict=True)]
        assert all(hit), f"nothing to find: {dict(zip(COUNTED, hit, strict=True))}"
        for row in rows:
            numbers = [row[f"{reason}_slots"] for reason in REASONS]
            worst = REASONS[numbers.index(max(numbers))] if any(numbers) else None
            assert row["worst_reason"] == worst
            assert row["good_percent"] == approx(100 * row["good_slots"] / row["live_slots"])
            assert row["silent_slots"] == 0
            assert row["last_slot_at"] - row["first_slot_at"] == MINUTE * (row["live_slots"] - 1)

    @pytest.mark.parametrize(
        ("mart", "action", "side"),
        [
            ("stream_health_daily", "BatchPushStreamMetrics", "pushes"),
            ("stream_health_source_daily", "BatchSourceStreamMetrics", "pulls"),
        ],
    )
    def test_each_stream_and_day(self, done, world, mart, action, side):
        expected = {}
        for day in DAYS:
            streams = defaultdict(list)
            for push, slots in health(world, action, getattr(world, side), day).items():
                streams[push[:3]] += slots.values()
            expected |= {(day, *stream): counts(slots) for stream, slots in streams.items()}
        rows = answer(done, mart)
        keys = ("business_date", "domain", "app", "stream")
        assert columns(rows, keys, *COUNTED) == expected
        for row in rows:
            assert row["good_percent"] == approx(100 * row["good_slots"] / row["live_slots"])
        assert {row["worst_reason"] for row in rows} >= {None, "stall", "bitrate_dip", "av_offset"}


class TestCoverage:
    def test_how_far_each_dataset_has_come(self, done):
        today = done.archive.today
        found = by(answer(done, "freshness"), "dataset")
        daily = {dataset.name: dataset for dataset in done.archive.daily}
        assert set(found) == {(name,) for name in daily}
        for (name,), row in found.items():
            lines = done.archive.ledger(daily[name], done.archive.first_day, today)
            complete = [line.day for line in lines if line.state.is_complete]
            due = [line.day for line in lines if line.state != "settling"]
            assert row["newest_complete_day"] == max(complete)
            assert row["newest_due_day"] == max(due)
            assert row["days_behind"] == sum(day > max(complete) for day in due)
            assert row["complete_days"] == len(complete) == len(DAYS)
            assert row["missing_days"] == len(due) - len(complete) > 0
            assert row["newest_captured_at"] == max(x.captured_at for x in lines if x.captured_at)

    def test_share_of_days_of_a_month(self, done):
        found = answer(done, "coverage_monthly")
        due = (max(DAYS) - done.archive.first_day).days + 1
        assert {(r["month"].isoformat(), r["due_days"], r["complete_days"]) for r in found} == {
            ("2026-11-01", due, len(DAYS))
        }
        assert {r["complete_percent"] for r in found} == {100 * len(DAYS) / due}


def test_what_is_switched_off_takes_only_its_own_marts_along(tmp_path):
    """A place is not known without ip_info, and pushes are judged without what origins send."""
    names = ("domain", "push_stream_info", "batch_push_stream_metrics")
    account = Account(seed=10, domains=1, streams_per_domain=2, deleted=0)
    with lab(tmp_path / "home", account) as everything:
        some = everything.only(*names)
        some.backfill(DAYS[:1])
        there = {name for (name,) in some.rows("SELECT mart FROM meta.mart")}
        assert there >= {"push_sessions", "push_interruptions_daily", "stream_health_daily"}
        assert not there & {"viewers_daily", "errors_daily", "origin_pull_daily"}
        pushes = answer(some, "push_sessions")
        assert pushes
        assert {row["client_city"] for row in pushes} == {None}
        assert answer(some, "stream_health_daily")
        assert answer(some, "stream_health_source_daily") == []
        behind = some.archive.behind()
    assert behind == []
