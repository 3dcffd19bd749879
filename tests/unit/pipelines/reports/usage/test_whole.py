"""Range and domain of a report."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from pipelines.reports.usage import whole
from pipelines.reports.usage.scope import NothingToReport, Range

ARCHIVE = SimpleNamespace(
    today=date(2026, 11, 22),
    first_day=date(2026, 11, 1),
    settings=SimpleNamespace(time_zone="Asia/Shanghai"),
)


def test_a_month_is_whole():
    assert whole.month(date(2028, 2, 9)) == Range(date(2028, 2, 1), date(2028, 2, 29))


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        (None, None, Range(date(2026, 11, 1), date(2026, 11, 21))),
        (date(2026, 11, 20), None, Range(date(2026, 11, 20), date(2026, 11, 21))),
        (date(2026, 10, 1), date(2027, 1, 1), Range(date(2026, 10, 1), date(2026, 11, 21))),
    ],
)
def test_a_range_ends_yesterday_at_the_latest(first, last, found):
    assert whole.requested_range(ARCHIVE, first, last) == found


def test_a_day_that_is_not_over_and_a_typo_of_a_year_are_refused():
    with pytest.raises(NothingToReport, match="is not over"):
        whole.requested_range(ARCHIVE, ARCHIVE.today, None)
    with pytest.raises(NothingToReport, match="longer than 3,660 days"):
        whole.requested_range(ARCHIVE, ARCHIVE.today - timedelta(days=365_000), None)
