"""An archive with a past: revisions, days seen again, a day that failed, an empty one; all small."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from resources.simulator import Account, Faults, LateData
from tests.support.archives import DAYS, NOW, Lab, failures, lab

NAMES = ("domain", "isp", "batch_stream_traffic", "transcode_info", "push_stream_info", "top_play")
FAILED = date(2026, 11, 19)
ACCOUNT = Account(domains=1, streams_per_domain=2, deleted=0)
RESTATED = LateData(settled_after=timedelta(days=2))  # the second day's figures rise by and by
TOMORROW = NOW + timedelta(days=1)


@contextmanager
def lived_in(home: Path, account: Account = ACCOUNT, names: Sequence[str] = NAMES) -> Iterator[Lab]:
    """The archive in `home`, loaded and served, at the moment of its last capture."""
    with lab(home, account, late=RESTATED, names=names) as today:
        assert failures(today.capture(DAYS, names)) == []
    with lab(home, account, now=TOMORROW, names=names, late=RESTATED) as tomorrow:
        assert failures(tomorrow.capture(DAYS, names, again=True)) == []
        assert failures(tomorrow.capture(DAYS[:1], names, again=True)) == []
    broken = Faults(odds={"internal": 1.0})
    with lab(home, account, now=TOMORROW, names=names, faults=broken) as failing:
        failing.capture([FAILED], names[2:3])
    with lab(home, account, now=TOMORROW, names=names, late=RESTATED) as last:
        last.load()
        yield last
