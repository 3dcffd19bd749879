"""BytePlus MediaLive: what is absent there is left out, and nothing is counted twice for it."""

import pytest

from pipelines.backfill.replay import replay
from resources.api.catalog import DATASETS, ENDPOINTS, endpoints_of
from resources.api.catalog.vendors import BYTEPLUS
from tests.support.archives import DAYS, IN_ORDER, failures, lab
from tests.support.documented_limits import DOCUMENTED

pytestmark = pytest.mark.slow

ABSENT = {
    name
    for name, dataset in DATASETS.items()
    if "byteplus" in DOCUMENTED[dataset.endpoint.action].absent_on
}


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """A captured account of a vendor that refuses what BytePlus does not know."""
    home = tmp_path_factory.mktemp("byteplus") / "home"
    vendor = {"LIVESTATS_VENDOR": "byteplus"}
    with lab(home, environ=vendor, endpoints=endpoints_of(BYTEPLUS)) as found:
        names = [d.name for d in IN_ORDER if d.name in found.archive.settings.datasets]
        assert failures(found.capture(DAYS, names)) == []
        found.load()
        yield found


def test_the_simulated_vendor_lacks_actions_and_a_parameter():
    lacking = {action for action in ENDPOINTS if action not in endpoints_of(BYTEPLUS)}
    assert lacking == {DATASETS[name].endpoint.action for name in ABSENT}
    session = endpoints_of(BYTEPLUS)["DescribeLiveStreamSessionData"]
    assert "OnlineUserType" not in session.parameter
    assert "OnlineUserType" in ENDPOINTS["DescribeLiveStreamSessionData"].parameter


def test_nothing_that_is_absent_is_asked_for(account):
    assert account.simulator.refused.total() == 0
    assert set(account.archive.settings.datasets) == set(DATASETS) - ABSENT


def test_viewers_are_counted_once_as_the_vendor_counts_by_default(account):
    """Three variants of one question would be the same people three times."""
    for table in ("stream_session", "stream_session_by_domain"):
        kinds = account.rows(f"SELECT DISTINCT online_user_type FROM {table}")
        assert kinds == [("Online",)], table
    rows = account.rows(
        "SELECT sum(online_users) FROM stream_session_by_domain WHERE business_date = ?", DAYS[0]
    )
    assert rows[0][0] > 0


def test_a_replay_needs_no_vendor(account):
    """The stored requests alone tell that the default was asked for."""
    before = account.rows("SELECT * FROM stream_session ORDER BY ALL")
    for path in account.archive.home.lake.glob("stream_session/day=*/rows.parquet"):
        path.unlink()
    done = [*replay(account.archive, [(DATASETS["stream_session"], day) for day in DAYS])]
    assert len(done) == len(DAYS)
    account.load()
    assert account.rows("SELECT * FROM stream_session ORDER BY ALL") == before


def test_the_ledger_has_no_line_for_what_is_absent(account):
    listed = {name for (name,) in account.rows("SELECT DISTINCT dataset FROM ledger")}
    assert listed & ABSENT == set()
