"""Slots of a day begin at midnight in Shanghai; an archive of another zone holds those that begin in its days."""

from datetime import UTC, date, datetime

import pytest

from resources.simulator import Account
from tests.support.archives import failures, lab
from tests.support.expected_tables import Expected, differences
from tests.support.suites import slow

DAY = [date(2026, 11, 20)]
NAMES = [
    "transcode",
    "transcode_info",
    "batch_stream_transcode",
    "snapshot",
    "pull_to_push",
    "time_shift",
]


@pytest.mark.parametrize("zone", ["UTC", slow("America/Phoenix")])
def test_a_day_of_another_zone_holds_the_slot_that_begins_in_it(tmp_path, zone):
    account = Account(domains=1, streams_per_domain=4, deleted=0, audience=0.05)
    environ = {"LIVESTATS_TIME_ZONE": zone}
    with lab(tmp_path / "home", account, environ=environ) as found:
        assert failures(found.capture(DAY, ["domain", *NAMES])) == []
        found.load()
        expected = {name: Expected(found, DAY).rows(name) for name in NAMES}
        with found.archive.reading() as connection:
            wrong = {name: differences(connection, name, rows) for name, rows in expected.items()}
        assert {name: rows for name, rows in wrong.items() if rows} == {}
        for name in ("snapshot", "pull_to_push"):
            (slots,) = found.rows(f"SELECT DISTINCT slot_start_at FROM {name}")
            assert slots == (datetime(2026, 11, 20, 16, tzinfo=UTC),)
        other = found.rows(
            "SELECT rule, scope FROM reconciliation WHERE rule LIKE 'billed_minutes%'"
        )
        assert other == [], "minutes of the vendor's day are not held against those of another"
