"""The section on viewers."""

from datetime import datetime

from pipelines.reports.usage import viewers
from tests.support.report_source import DAYS, ZONE, captured, made_up

AT = datetime(2026, 11, 20, 20, 5, tzinfo=ZONE)
DAILY = {
    "business_date": DAYS.first, "online_user_type": "Online", "peak_online_users": 120,
    "peak_at": AT, "viewer_minutes": 6000.0, "requests": 10,
}  # fmt: skip
HOUR = {
    "business_date": DAYS.first, "online_user_type": "Online", "domain": "a",
    "hour_start_at": AT.replace(minute=0), "peak_online_users": 120,
}  # fmt: skip


def test_the_peak_has_its_time_and_minutes_are_hours_watched():
    tables = {
        "viewers_daily_account": [DAILY],
        "viewers_daily": [{**DAILY, "domain": "a"}],
        "viewers_hourly": [HOUR],
    }
    with made_up(tables, captured("stream_session_by_domain")) as source:
        found = viewers.section(source)
    assert found.headline == (
        "120 viewers at the peak, on 2026-11-20 20:05. They watched 100 hours."
    )
    assert found.card.value == "120"
