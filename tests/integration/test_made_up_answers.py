"""Every dataset is captured from answers that are made of its entry alone.

So a new entry is: the simulator has nothing else to answer it with.
"""

from datetime import date

import pytest

from resources.simulator import Account, api
from tests.support.archives import failures, lab

KEPT = ("ListDomainDetail", "DescribeLiveISPData", "DescribeLiveRegionData")
"""What the others are asked about."""


@pytest.mark.slow
def test_every_dataset_is_captured(tmp_path, monkeypatch):
    monkeypatch.setattr(api, "ANSWERERS", {name: api.ANSWERERS[name] for name in KEPT})
    account = Account(domains=1, streams_per_domain=1, deleted=0)
    with lab(tmp_path / "home", account) as one:
        found = one.capture([date(2026, 11, 20)])
    assert failures(found) == []
    assert {result.dataset for result in found} == {*one.archive.settings.datasets}
