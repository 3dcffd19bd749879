"""The section on viewers."""

from datetime import datetime

from tests.support.report_source import DAYS, ZONE, captured, made_up, rows_of, shown

AT = datetime(2026, 11, 20, 20, 5, tzinfo=ZONE)
DAILY = {
    "business_date": DAYS.first, "online_user_type": "Online", "peak_online_users": 120,
    "peak_at": AT, "viewer_minutes": 6000.0, "requests": 10,
}  # fmt: skip
HOUR = {
    "business_date": DAYS.first, "online_user_type": "Online", "domain": "a",
    "hour_start_at": AT.replace(minute=0), "peak_online_users": 120,
}  # fmt: skip
TABLES = {
    "viewers_daily_account": [DAILY],
    "viewers_daily": [{**DAILY, "domain": "a"}],
    "viewers_hourly": [HOUR],
    "domain": [{"domain": "a", "push_domain": None}],
}


def test_the_peak_has_its_time_and_minutes_are_hours_watched():
    with made_up(TABLES, captured("stream_session_by_domain")) as source:
        found = shown(source, "viewers")
        assert found.headline == (
            "120 viewers at the peak, on 2026-11-20 20:05. They watched 100 hours."
        )
        assert found.tile.value == "120"
        assert rows_of(found, "domains-viewers") == [["a", "100", "120", "2026-11-20 20:05", "10"]]


def test_hours_are_those_of_the_business_day():
    with made_up(TABLES, captured("stream_session_by_domain")) as source:
        fine = shown(source, "viewers").store.groups["domain"]["a",].fine["viewers"]
    assert (fine.first, fine.step_s, len(fine.values)) == (0, 3600, 48)
    assert fine.values.index(120) == 20
