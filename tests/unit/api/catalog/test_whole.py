"""Series of the account and of domains: what they keep of the split datasets beside them."""

import pytest

from resources.api.catalog import DATASETS
from resources.api.catalog.model import SPLITS, Scope
from resources.api.catalog.whole import DATASETS as WHOLE
from resources.simulator import Account
from tests.support.archives import DAYS, lab
from tests.support.expected_tables import Expected, differences
from tests.support.suites import slow

ACCOUNT_WIDE = [one for one in WHOLE if one.scope is Scope.ACCOUNT]


def test_they_come_after_all_others():
    """Who reads `livestats tables --json` by position finds what was there before."""
    names = [*DATASETS]
    at = names.index(WHOLE[0].name)
    assert names[at : at + len(WHOLE)] == [one.name for one in WHOLE]
    assert names.index("source_stream_metrics") < at


@pytest.mark.parametrize("dataset", ACCOUNT_WIDE, ids=lambda d: d.name)
def test_an_account_has_the_columns_of_its_parents_but_for_what_they_are_split_by(dataset):
    assert dataset.derived_from
    for name in dataset.derived_from:
        parent = DATASETS[name]
        split = {SPLITS[one].column for one in parent.split}
        assert [c for c in dataset.columns if c.name != "business_date"] == [
            c for c in parent.columns if c.name not in {*split, "business_date"}
        ]
        assert [name for name in parent.key if name not in split] == [*dataset.key]
        assert (dataset.endpoint, dataset.role) == (parent.endpoint, parent.role)
        assert (dataset.bucket_s, dataset.variants) == (parent.bucket_s, parent.variants)


@pytest.mark.parametrize("account", [slow(Account(domains=1, streams_per_domain=1, deleted=0)),
                                     Account(domains=2, streams_per_domain=1, deleted=1)],
                         ids=["one domain of a kind", "three"])  # fmt: skip
def test_a_day_of_each_is_what_the_world_holds(account, tmp_path):
    """From plan to table; the account by one request for each variant, whatever its domains are."""
    names = [one.name for one in WHOLE]
    with lab(tmp_path / "home", account) as whole:
        found = whole.only("domain", "isp", *names)
        found.backfill(DAYS[:1])
        assert found.simulator.calls["DescribeLiveEdgeStatData"] == 2  # of the account, by domain
        assert found.simulator.calls["DescribeLiveStreamSessionData"] == 3  # kinds of viewers
        expected = Expected(found, DAYS[:1])
        with found.archive.reading() as connection:
            wrong = {name: differences(connection, name, expected.rows(name)) for name in names}
        assert {name: rows for name, rows in wrong.items() if rows} == {}
        assert found.rows("SELECT DISTINCT verdict FROM reconciliation WHERE actual > 0") == [
            ("agrees",)
        ]
