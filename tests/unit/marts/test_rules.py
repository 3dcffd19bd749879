"""The rules inside the marts, on rows made by hand: limits, breaks, edges, nothing at all."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.marts import definition
from tests.support.mart_answers import by, made_by_hand, rows_of

DAY = date(2026, 11, 20)
NOON = datetime.fromisoformat("2026-11-20T12:00:00+08:00")
MIDNIGHT = datetime.fromisoformat("2026-11-20T00:00:00+08:00")
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
GOOD = {
    "video_bitrate_kbps": 2000.0,
    "audio_bitrate_kbps": 128.0,
    "video_framerate_fps": 25.0,
    "audio_framerate_fps": 46.0,
    "video_frame_gap_ms": 40.0,
    "audio_frame_gap_ms": 23.0,
    "pts_delta_ms": 20.0,
}
DEAD = dict.fromkeys(GOOD, 0.0)
UNKNOWN = dict.fromkeys(GOOD, None)
STREAM = {"domain": "push.example", "app": "live", "stream": "room"}


def minute(number, avg=GOOD, top=GOOD, start=NOON, **labels):
    """Both variants of one minute of a push."""
    fixed = {
        "business_date": DAY,
        "slot_start_at": start + number * MINUTE,
        "slot_seconds": 60,
        **STREAM,
        **labels,
    }
    return [{**fixed, "agg_type": "avg", **avg}, {**fixed, "agg_type": "max", **top}]


def pushed(minutes, **labels):
    """Rows of one push: {number of the minute: its changes of (avg, max)}."""
    return [
        row
        for number, (avg, top) in minutes.items()
        for row in minute(number, GOOD | avg, GOOD | top, session_id="1", **labels)
    ]


def steady(minutes, **bad):
    """`minutes` good minutes, of which the middle one is `bad` in both variants or as given."""
    plain = dict.fromkeys(range(minutes), ({}, {}))
    return plain | {minutes // 2: (bad.get("avg", {}), bad.get("top", {}))}


def sessions(minutes, **labels):
    with made_by_hand(batch_push_stream_metrics=pushed(minutes, **labels)) as connection:
        return rows_of(connection, "stream_health_by_session")


LIMITS = {  # reason: (variant, column, the last good value, the first bad one)
    "stall": ("top", "video_frame_gap_ms", 500.0, 500.01),
    "audio_gap": ("top", "audio_frame_gap_ms", 200.0, 200.01),
    "bitrate_dip": ("avg", "video_bitrate_kbps", 1000.0, 999.99),
    "framerate_drop": ("avg", "video_framerate_fps", 20.0, 19.99),
    "av_offset": ("top", "pts_delta_ms", 185.0, 185.01),
    "av_offset, sound early": ("top", "pts_delta_ms", -185.0, -185.01),
}


class TestHealthOfAMinute:
    @pytest.mark.parametrize("case", LIMITS)
    def test_a_limit_is_good_and_a_little_beyond_is_bad(self, case):
        variant, column, good, bad = LIMITS[case]
        (row,) = sessions(steady(5, **{variant: {column: good}}))
        assert (row["live_slots"], row["good_slots"], row["worst_reason"]) == (5, 5, None)
        (row,) = sessions(steady(5, **{variant: {column: bad}}))
        reason = case.split(",")[0]
        assert (row["live_slots"], row["good_slots"], row["worst_reason"]) == (5, 4, reason)
        assert row[f"{reason}_slots"] == 1
        assert row["good_percent"] == 80.0

    @pytest.mark.parametrize("case", LIMITS)
    def test_the_other_variant_of_a_figure_is_not_looked_at(self, case):
        variant, column, _, bad = LIMITS[case]
        other = {"top": "avg", "avg": "top"}[variant]
        (row,) = sessions(steady(5, **{other: {column: bad}}))
        assert row["good_slots"] == 5

    def test_every_limit_stands_in_the_table(self):
        with made_by_hand() as connection:
            limits = by(rows_of(connection, "health_threshold"), "reason")
        for case, (_, column, good, _) in LIMITS.items():
            limit = limits[case.split(",")[0],]
            usual = GOOD[column] if limit["unit"] == "ratio" else 1.0
            assert limit["limit_value"] * usual == abs(good)
            assert column in limit["read_from"]

    def test_a_dip_is_relative_to_the_usual_of_the_same_push(self):
        """A push that is always as slow is not in a dip, whatever others of its stream send."""
        slow = {n: ({"video_bitrate_kbps": 300.0}, {}) for n in range(9)}
        rows = pushed(dict.fromkeys(range(20, 40), ({}, {})))
        rows += [row | {"session_id": "2"} for row in pushed(slow)]
        with made_by_hand(batch_push_stream_metrics=rows) as connection:
            found = rows_of(connection, "stream_health_by_session")
            (stream,) = rows_of(connection, "stream_health_daily")
        assert [row["bitrate_dip_slots"] for row in found] == [0, 0]
        assert (stream["pushes"], stream["live_slots"], stream["good_slots"]) == (2, 29, 29)

    def test_the_first_and_last_minute_are_not_judged_by_their_rates(self):
        """A push begins and ends inside of them."""
        little = {"video_bitrate_kbps": 10.0, "video_framerate_fps": 1.0}
        (row,) = sessions(steady(5) | {0: (little, {}), 4: (little, {})})
        assert row["good_slots"] == 5
        assert row["usual_bitrate_kbps"] == row["lowest_bitrate_kbps"] == 2000.0

    def test_but_by_their_gaps(self):
        (row,) = sessions(steady(5) | {0: ({}, {"video_frame_gap_ms": 900.0})})
        assert (row["good_slots"], row["worst_reason"]) == (4, "stall")

    def test_midnight_is_no_end(self):
        """The first minute of the day and its last are whole, if the push goes on beyond them."""
        little = {"video_bitrate_kbps": 10.0}
        morning = {0: (little, {}), **dict.fromkeys(range(1, 5), ({}, {}))}
        (row,) = sessions(morning, start=MIDNIGHT)
        assert row["bitrate_dip_slots"] == 1
        evening = {**dict.fromkeys(range(1435, 1439), ({}, {})), 1439: (little, {})}
        (row,) = sessions(evening, start=MIDNIGHT)
        assert row["bitrate_dip_slots"] == 1

    def test_a_push_of_two_minutes_has_no_usual_rate_and_no_dips(self):
        (row,) = sessions({0: ({"video_bitrate_kbps": 1.0}, {}), 1: ({}, {})})
        assert (row["live_slots"], row["good_slots"]) == (2, 2)
        assert row["usual_bitrate_kbps"] is None

    def test_what_is_not_known_is_no_breach(self):
        known = {"audio_bitrate_kbps": 128.0}
        (row,) = sessions(dict.fromkeys(range(5), (UNKNOWN | known, UNKNOWN | known)))
        assert (row["live_slots"], row["good_slots"]) == (5, 5)


class TestLiveMinutes:
    @pytest.mark.parametrize("nothing", [DEAD, UNKNOWN, None], ids=["zeros", "nulls", "no rows"])
    def test_silence_between_live_minutes_is_bad(self, nothing):
        minutes = steady(10)
        for number in (4, 5):
            if nothing is None:
                del minutes[number]
            else:
                minutes[number] = (nothing, nothing)
        (row,) = sessions(minutes)
        assert (row["live_slots"], row["good_slots"], row["silent_slots"]) == (10, 8, 2)
        assert row["worst_reason"] == "silence"

    def test_silence_before_and_after_is_not_live(self):
        silent = dict.fromkeys((0, 1, 8, 9), (DEAD, DEAD))
        (row,) = sessions(steady(10) | silent)
        assert (row["live_slots"], row["good_slots"], row["silent_slots"]) == (6, 6, 0)
        assert row["first_slot_at"] == NOON + 2 * MINUTE
        assert row["last_slot_at"] == NOON + 7 * MINUTE

    def test_a_push_that_never_delivered_has_no_row(self):
        assert sessions(dict.fromkeys(range(3), (DEAD, DEAD))) == []

    def test_sound_without_a_picture_is_live(self):
        radio = {"video_bitrate_kbps": 0.0, "video_framerate_fps": 0.0, "video_frame_gap_ms": 0.0}
        (row,) = sessions(dict.fromkeys(range(5), (radio, radio)))
        assert (row["live_slots"], row["good_slots"]) == (5, 5)

    def test_a_pull_from_an_origin_may_pause(self):
        rows = [
            {k: v for k, v in row.items() if k != "session_id"}
            for row in pushed(dict.fromkeys((0, 1, 2, 50, 51, 52), ({}, {})))
        ]
        with made_by_hand(batch_source_stream_metrics=rows) as connection:
            (row,) = rows_of(connection, "stream_health_source_daily")
            assert rows_of(connection, "stream_health_daily") == []
        assert (row["live_slots"], row["good_slots"], row["good_percent"]) == (6, 6, 100.0)

    @settings(deadline=None, max_examples=30)
    @given(bad=st.sets(st.sampled_from(range(20))), gone=st.sets(st.sampled_from(range(1, 19))))
    def test_every_live_minute_is_good_bad_or_silent(self, bad, gone):
        stall = ({}, {"video_frame_gap_ms": 900.0})
        minutes = {n: stall if n in bad else ({}, {}) for n in range(20) if n not in gone}
        (row,) = sessions(minutes)
        assert row["live_slots"] == 20
        assert row["silent_slots"] == len(gone)
        assert row["stall_slots"] == len(bad - gone)
        assert row["good_slots"] == 20 - len(bad | gone)


def push(began_s, ended_s, reason="broken", **more):
    return {
        "business_date": DAY,
        **STREAM,
        "push_started_at": NOON + began_s * SECOND,
        "push_ended_at": NOON + ended_s * SECOND,
        "push_duration_s": ended_s - began_s,
        "client_ip": "198.51.100.7",
        "break_reason": reason,
        **more,
    }


def pushes(*rows, **tables):
    with made_by_hand(push_stream_info=rows, **tables) as connection:
        return rows_of(connection, "FROM push_sessions ORDER BY push_started_at, push_ended_at")


class TestInterruptions:
    @pytest.mark.parametrize(
        ("gap_s", "is_interruption"), [(0, True), (1, True), (600, True), (601, False)]
    )
    def test_a_push_within_ten_minutes_goes_on(self, gap_s, is_interruption):
        first, second = pushes(push(0, 100, "reset"), push(100 + gap_s, 300))
        assert (first["reconnect_gap_s"], first["is_interruption"]) == (None, False)
        assert (second["reconnect_gap_s"], second["is_interruption"]) == (gap_s, is_interruption)
        assert second["earlier_break_reason"] == "reset"

    def test_a_second_push_beside_the_first_is_no_interruption(self):
        _, second = pushes(push(0, 100), push(99, 300))
        assert (second["reconnect_gap_s"], second["is_interruption"]) == (None, False)

    def test_a_main_and_a_backup_of_one_second_interrupt_nothing_and_are_both_there(self):
        main, backup, next_one = pushes(
            push(0, 100, "main", occurrence=1),
            push(0, 100, "backup", occurrence=2),
            push(105, 300),
        )
        assert [one["break_reason"] for one in (main, backup)] == ["main", "backup"]
        assert [one["reconnect_gap_s"] for one in (main, backup, next_one)] == [None, None, 5]

    def test_the_gap_begins_when_the_last_of_all_earlier_ones_has_ended(self):
        *_, third = pushes(push(0, 500, "long"), push(10, 20, "short"), push(530, 600))
        assert (third["reconnect_gap_s"], third["earlier_break_reason"]) == (30, "long")

    def test_another_stream_interrupts_nothing(self):
        *_, third = pushes(push(0, 100), push(110, 200, stream="other"), push(2000, 2100, "late"))
        assert (third["reconnect_gap_s"], third["is_interruption"]) == (1900, False)

    def test_a_day_counts_the_reconnects_that_fall_into_it(self):
        """Over midnight: the push before ended on the day before."""
        late = int((MIDNIGHT + timedelta(days=1) - NOON).total_seconds())
        rows = [push(0, late - 5, "reset"), push(late + 7, late + 60, business_date=DAY)]
        with made_by_hand(push_stream_info=rows) as connection:
            found = by(
                rows_of(connection, "push_interruptions_daily"),
                "business_date",
                "interruption_reason",
            )
        assert set(found) == {(DAY, None), (DAY + timedelta(days=1), "reset")}
        row = found[DAY + timedelta(days=1), "reset"]
        assert (row["pushes"], row["interruptions"]) == (1, 1)
        assert (row["interrupted_s"], row["longest_interruption_s"]) == (12, 12)

    def test_place_and_carrier_of_the_address_if_known(self):
        place = {"ip": "198.51.100.7", "isp": "电信", "location": "中国", "city": "南京"}
        known, unknown = pushes(
            push(0, 1), push(2, 3, client_ip=""), ip_info=[{"business_date": DAY, **place}]
        )
        assert (known["client_isp"], known["client_city"]) == ("电信", "南京")
        assert (unknown["client_isp"], unknown["client_city"]) == (None, None)


def viewers(*slots, domain="pull.example", day=DAY, start=MIDNIGHT):
    """Slots of 5 minutes: (number in the day, viewers)."""
    return [
        {
            "business_date": day,
            "slot_start_at": start + 5 * number * MINUTE,
            "slot_seconds": 300,
            "online_user_type": "Online",
            "domain": domain,
            "online_users": users,
            "requests": users,
        }
        for number, users in slots
    ]


def of_account(column, *slots, **labels):
    """Slots of an account-wide series: (number in the day, value)."""
    return [
        {
            "business_date": DAY,
            "slot_start_at": MIDNIGHT + 5 * number * MINUTE,
            "slot_seconds": 300,
            column: value,
            **labels,
        }
        for number, value in slots
    ]


class TestAccount:
    def test_peaks_are_those_of_the_vendor_with_the_first_time(self):
        rows = of_account(
            "down_bandwidth_mbps", (3, 8.0), (5, 9.0), (7, 9.0), up_bandwidth_mbps=0.0
        )
        with made_by_hand(edge_stat_account=rows) as connection:
            (day,) = rows_of(connection, "bandwidth_daily_account")
        assert (day["peak_down_mbps"], day["peak_down_at"]) == (9.0, MIDNIGHT + 25 * MINUTE)
        assert (day["peak_up_mbps"], day["peak_up_at"]) == (0.0, None)

    def test_origins_and_streams_have_peaks_of_their_own(self):
        pulled = of_account("origin_bandwidth_mbps", (3, 8.0), (5, 9.0))
        streams = [
            *of_account("peak_streams", (3, 2), (4, 1), stream_type="push"),
            *of_account("peak_streams", (3, 0), stream_type="transcode"),
        ]
        with made_by_hand(
            source_traffic_account=pulled, stream_count_account=streams
        ) as connection:
            (origin,) = rows_of(connection, "origin_pull_daily_account")
            counts = by(rows_of(connection, "stream_count_daily_account"), "stream_type")
        assert (origin["peak_origin_mbps"], origin["peak_at"]) == (9.0, MIDNIGHT + 25 * MINUTE)
        assert (counts["push",]["peak_streams"], counts["push",]["peak_at"]) == (
            2,
            MIDNIGHT + 15 * MINUTE,
        )
        assert counts["transcode",]["peak_at"] is None


class TestViewers:
    def test_slots_without_a_row_count_as_zero(self):
        rows = viewers((0, 288), (100, 288))
        with made_by_hand(stream_session_by_domain=rows) as connection:
            (day,) = rows_of(connection, "viewers_daily")
            hours = by(rows_of(connection, "viewers_hourly"), "hour_of_day")
        assert (day["avg_online_users"], day["viewer_minutes"]) == (2.0, 2880.0)
        assert set(hours) == {(0,), (8,)}
        assert hours[8,]["avg_online_users"] == 24.0

    def test_the_first_of_two_equal_peaks_is_named(self):
        rows = viewers((7, 5), (9, 8), (200, 8))
        with made_by_hand(stream_session_by_domain=rows) as connection:
            (day,) = rows_of(connection, "viewers_daily")
        assert (day["peak_online_users"], day["peak_at"]) == (8, MIDNIGHT + 45 * MINUTE)

    def test_a_peak_of_nobody_has_no_time(self):
        with made_by_hand(stream_session_by_domain=viewers((0, 0), (1, 0))) as connection:
            (day,) = rows_of(connection, "viewers_daily")
            (account,) = rows_of(connection, "viewers_daily_account")
        for row in (day, account):
            assert (row["peak_online_users"], row["peak_at"]) == (0, None)
            assert row["avg_online_users"] == 0.0

    def test_domains_that_peak_at_different_times_do_not_add_up(self):
        rows = viewers((0, 10), (1, 4)) + viewers((0, 1), (1, 10), domain="other.example")
        with made_by_hand(stream_session_by_domain=rows) as connection:
            (account,) = rows_of(connection, "viewers_daily_account")
        assert account["peak_online_users"] == 14
        assert account["peak_at"] == MIDNIGHT + 5 * MINUTE

    def test_the_account_is_its_own_series_where_that_is_there(self):
        """A domain's peaks fall into different minutes of a slot: the sum of 14 never was."""
        rows = viewers((0, 10)) + viewers((0, 4), domain="other.example")
        whole = [{k: v for k, v in row.items() if k != "domain"} for row in viewers((0, 11))]
        later = [
            row | {"business_date": DAY + timedelta(1), "slot_start_at": MIDNIGHT + timedelta(1)}
            for row in rows
        ]
        with made_by_hand(
            stream_session_by_domain=rows + later, stream_session_account=whole
        ) as connection:
            found = by(rows_of(connection, "viewers_daily_account"), "business_date")
        assert {day: (row["peak_online_users"], row["basis"]) for day, row in found.items()} == {
            (DAY,): (11, "account"),
            (DAY + timedelta(1),): (14, "domains"),
        }

    def test_the_day_on_which_the_clock_is_set_back_has_25_hours(self):
        day, start = date(2026, 10, 25), datetime(2026, 10, 24, 22, tzinfo=UTC)
        rows = viewers(*((n, 12) for n in range(300)), day=day, start=start)
        with made_by_hand("Europe/Berlin", stream_session_by_domain=rows) as connection:
            (whole,) = rows_of(connection, "viewers_daily")
            hours = rows_of(connection, "FROM viewers_hourly ORDER BY hour_start_at")
        assert whole["avg_online_users"] == 12.0
        assert [row["avg_online_users"] for row in hours] == [12.0] * 25
        assert [row["hour_of_day"] for row in hours[:5]] == [0, 1, 2, 2, 3]

    def test_hours_are_those_of_a_zone_half_an_hour_off(self):
        start = datetime.fromisoformat("2026-11-20T00:00:00+05:30")
        rows = viewers((0, 1), (11, 1), (12, 1), start=start)
        with made_by_hand("Asia/Kolkata", stream_session_by_domain=rows) as connection:
            hours = rows_of(connection, "FROM viewers_hourly ORDER BY hour_start_at")
        assert [row["hour_start_at"] for row in hours] == [start, start + 60 * MINUTE]
        assert [row["hour_of_day"] for row in hours] == [0, 1]


def codes(**counted):
    """Counts by code, as in _200=3, of one slot, domain and carrier."""
    return [
        {
            "business_date": DAY,
            "slot_start_at": NOON,
            "slot_seconds": 300,
            "domain": "pull.example",
            "isp": "telecom",
            "request_type": "Access",
            "status_code": int(code[1:]),
            "status_count": count,
            "share_percent": 99.0,  # whatever the vendor says, it is not used
        }
        for code, count in counted.items()
    ]


class TestErrors:
    def test_classes_end_where_the_next_begins(self):
        rows = codes(_200=10, _399=10, _400=10, _499=10, _500=10, _599=10)
        with made_by_hand(play_status_code=rows) as connection:
            (rate,) = rows_of(connection, "error_rate_daily")
        assert (rate["responses"], rate["http_4xx_responses"], rate["http_5xx_responses"]) == (
            60,
            20,
            20,
        )

    def test_no_answers_have_no_rate(self):
        with made_by_hand(play_status_code=codes(_200=0, _502=0)) as connection:
            for mart in ("error_rate_daily", "error_rate_by_isp"):
                (rate,) = rows_of(connection, mart)
                assert (rate["http_4xx_percent"], rate["http_5xx_percent"]) == (None, None)
            assert {r["responses_percent"] for r in rows_of(connection, "errors_daily")} == {None}

    def test_requests_of_viewers_and_to_origins_never_meet(self):
        rows = codes(_200=90, _500=10) + [
            row | {"request_type": "Source"} for row in codes(_200=1, _500=1)
        ]
        with made_by_hand(play_status_code=rows) as connection:
            for mart in ("error_rate_daily", "error_rate_by_isp"):
                found = by(rows_of(connection, mart), "request_type")
                assert found["Access",]["http_5xx_percent"] == 10.0
                assert found["Source",]["http_5xx_percent"] == 50.0

    def test_a_rate_is_no_mean_of_rates(self):
        """One slot with one answer that failed, and one with 999 good ones."""
        rows = codes(_500=1) + [r | {"slot_start_at": NOON + MINUTE} for r in codes(_200=999)]
        with made_by_hand(play_status_code=rows) as connection:
            (rate,) = rows_of(connection, "error_rate_daily")
        assert rate["http_5xx_percent"] == 0.1


def traffic(column, total, domain="pull.example"):
    return {
        "business_date": DAY,
        "slot_start_at": NOON,
        "slot_seconds": 300,
        "domain": domain,
        "isp": "telecom",
        column: total,
    }


class TestOrigins:
    @pytest.mark.parametrize(
        ("pulled", "sent", "percent"),
        [(5.0, 100.0, 5.0), (0.0, 100.0, 0.0), (5.0, 0.0, None), (5.0, None, None)],
        ids=["usual", "nothing pulled", "nothing sent", "not captured"],
    )
    def test_what_is_pulled_of_what_is_sent(self, pulled, sent, percent):
        edge = [] if sent is None else [traffic("down_traffic_bytes", sent)]
        origin = [traffic("origin_traffic_bytes", pulled)]
        with made_by_hand(source_traffic=origin, edge_stat=edge) as connection:
            (row,) = rows_of(connection, "origin_pull_daily")
        assert (row["origin_traffic_bytes"], row["down_traffic_bytes"]) == (pulled, sent)
        assert row["origin_pull_percent"] == percent

    def test_a_push_domain_is_left_out(self):
        edge = [traffic("down_traffic_bytes", 0.0, "push.example")]
        with made_by_hand(edge_stat=edge) as connection:
            assert rows_of(connection, "origin_pull_daily") == []


def carried(stream, day, down, domain="pull.example"):
    return {
        "business_date": day,
        "domain": domain,
        "app": "live",
        "stream": stream,
        "up_traffic_bytes": 0.0,
        "down_traffic_bytes": down,
    }


class TestTopStreams:
    def test_who_is_never_first_of_a_day_may_be_first_of_two(self):
        next_day = DAY + timedelta(days=1)
        rows = [carried(*r) for r in (("a", DAY, 9.0), ("b", DAY, 8.0), ("c", next_day, 9.0))]
        rows += [carried("b", next_day, 8.0)]
        with made_by_hand(batch_stream_traffic=rows) as connection:
            daily = rows_of(connection, "FROM top_streams(?, ?, n := 1)", DAY, DAY)
            both = rows_of(connection, "FROM top_streams(?, ?, n := 1)", DAY, next_day)
        assert [row["stream"] for row in daily] == ["a"]
        assert [(row["stream"], row["days"]) for row in both] == [("b", 2)]
        assert both[0]["down_traffic_percent"] == 100 * 16 / 34

    def test_equal_ones_share_a_rank_and_neither_is_cut_off(self):
        rows = [carried(name, DAY, 5.0) for name in "ab"]
        with made_by_hand(batch_stream_traffic=rows) as connection:
            found = rows_of(connection, "FROM top_streams(?, ?, n := 1)", DAY, DAY)
        assert [(row["stream"], row["rank"]) for row in found] == [("a", 1), ("b", 1)]

    def test_a_stream_without_viewers_or_traffic_has_nulls(self):
        seen = {**carried("b", DAY, 0.0), "online_user_type": "Online", "peak_online_users": 7}
        seen = {k: v for k, v in seen.items() if not k.endswith("_bytes")}
        rows = [carried("a", DAY, 5.0)]
        with made_by_hand(batch_stream_traffic=rows, batch_stream_session=[seen]) as connection:
            found = by(rows_of(connection, "stream_traffic_daily"), "stream")
        assert (found["a",]["down_traffic_bytes"], found["a",]["peak_online_users"]) == (5.0, None)
        assert (found["b",]["down_traffic_bytes"], found["b",]["peak_online_users"]) == (None, 7)


def ledger(states, first=DAY):
    """Lines of one dataset, day after day."""
    return [
        {
            "dataset": "edge_stat",
            "business_date": first + timedelta(days=n),
            "state": state,
            "captures": 1 if state in ("captured", "empty") else 0,
        }
        for n, state in enumerate(states)
    ]


class TestCoverage:
    @pytest.mark.parametrize(
        ("states", "behind", "percent"),
        [
            (["captured", "empty", "settling"], 0, 100),
            (["captured", "missing", "partial", "settling"], 2, 100 / 3),
            (["lost", "expiring", "captured"], 0, 100 / 3),
            (["missing", "missing"], 2, 0),
        ],
        ids=["up to date", "two behind", "gaps further back", "nothing yet"],
    )
    def test_what_is_due_and_there(self, states, behind, percent):
        with made_by_hand(ledger=ledger(states)) as connection:
            (fresh,) = rows_of(connection, "freshness")
            (month,) = rows_of(connection, "coverage_monthly")
        assert fresh["days_behind"] == behind
        assert fresh["lost_days"] == states.count("lost") == month["lost_days"]
        assert fresh["expiring_days"] == states.count("expiring")
        assert fresh["missing_days"] == states.count("missing") + states.count("partial")
        assert month["complete_percent"] == percent

    def test_a_month_that_has_not_settled_has_no_share(self):
        with made_by_hand(ledger=ledger(["settling"])) as connection:
            assert rows_of(connection, "coverage_monthly") == []
            (fresh,) = rows_of(connection, "freshness")
        assert (fresh["newest_due_day"], fresh["days_behind"]) == (None, 0)


MARTS = [m for m in definition.read().values() if m.kind is not definition.MartKind.MACRO]


def test_without_any_rows_every_mart_answers():
    with made_by_hand() as connection:
        for mart in MARTS:
            if "ledger" not in mart.reads and mart.name != "health_threshold":
                assert rows_of(connection, mart.name) == [], mart.name
        assert rows_of(connection, "FROM top_streams(?, ?)", DAY, DAY) == []
