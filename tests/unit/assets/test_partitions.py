"""Days as Dagster's partitions."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

from assets.partitions import daily, partitions_of

FIRST = date(2026, 11, 1)
NOW = datetime(2026, 11, 3, 16, 30, tzinfo=UTC)  # half past midnight of the 4th in Shanghai


def test_a_day_is_a_partition_once_it_is_over_in_the_business_zone():
    assert daily(FIRST, "Asia/Shanghai").get_partition_keys(NOW) == [
        "2026-11-01", "2026-11-02", "2026-11-03",
    ]  # fmt: skip
    assert daily(FIRST, "UTC").get_partition_keys(NOW) == ["2026-11-01", "2026-11-02"]


def test_a_clock_that_is_set_moves_the_last_day():
    now = datetime.now(UTC) + timedelta(days=2)
    archive = SimpleNamespace(
        now=lambda: now,
        first_day=now.date() - timedelta(days=5),
        settings=SimpleNamespace(time_zone="UTC"),
    )
    assert partitions_of(archive).get_partition_keys()[-1] == str(now.date() - timedelta(days=1))
