"""A session works on what others have done, and leaves what it did to them; without the store it begins nothing."""

import pytest

from resources.archive import Archive
from resources.monitoring.checks import active_alarms
from resources.shared import session
from resources.shared.session import NotShared
from tests.support.archives import DAYS, NOW, contents, lab
from tests.support.cold_store import PLACE, Out, in_folder
from tests.support.shared_homes import NAMES, lease_of_tests

FIRST, SECOND = DAYS
SHARED = {
    "LIVESTATS_SCALE_HOME": PLACE,
    "LIVESTATS_SCALE_LEASE": "postgresql://me@127.0.0.1:9/x",
    "LIVESTATS_SCALE_ACCOUNT": "acme",
}


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(session.lease, "held", lease_of_tests)
    return in_folder(tmp_path / "store", monkeypatch)


@pytest.fixture
def account(tmp_path, store):
    assert store.asked == []
    with lab(tmp_path / "home", names=NAMES[:4], environ=SHARED) as found:
        yield found


def captured(found, day, *names):
    """What becomes of a dataset's day in a session of its own."""
    with found.archive.leased():
        return {result.outcome for result in found.capture([day], names)}


def out_of_reach(store):
    store.files, kept = Out(), store.files

    def back():
        store.files, store._failure = kept, (0.0, "")

    return back


def test_hosts_that_work_in_turn_have_one_archive(account, tmp_path):
    hosts = [account.beside(name) for name in ("one", "two", "one", "two")]
    for found, day in zip(hosts, (FIRST, FIRST, SECOND, SECOND), strict=True):
        captured(found, day, "domain", "stream_count")
    one, two = (Archive.open(found.archive.environ, tmp_path) for found in hosts[2:])
    assert [*contents(one.home.raw).values()] == [*contents(two.home.raw).values()]
    assert [line.rows for line in one.whole_ledger("stream_count")] == [
        line.rows for line in two.whole_ledger("stream_count")
    ]


def test_a_new_host_knows_the_cuts_and_the_zone_of_the_account_before_it_plans(account):
    captured(account.beside("one"), FIRST, "domain")
    two = account.beside("two")
    assert two.archive.home.identity is None
    with two.archive.leased():
        assert two.archive.home.id == account.beside("one").archive.home.id


def test_sessions_inside_of_each_other_pull_once_and_push_each(account, store):
    found = account.beside("one")
    with found.archive.leased():
        captured(found, FIRST, "domain")
        store.asked.clear()
        captured(found, FIRST, "isp")
        pushed = [one for one in store.asked if one.startswith("put index")]
        assert len(pushed) == 1
        pulled = [one for one in store.asked if one.startswith("get index")]
        assert len(pulled) == 1  # read back


def test_without_the_store_nothing_is_begun(account, store):
    back = out_of_reach(store)
    with pytest.raises(NotShared, match="so nothing was begun") as caught:
        captured(account, FIRST, "domain")
    assert "could not connect" in str(caught.value)
    assert account.requests == 0
    back()
    assert captured(account, FIRST, "domain") == {"captured"}


def test_what_could_not_be_put_raises_an_alarm_until_the_next_session(account, store, caplog):
    with account.archive.leased():
        account.capture([FIRST], ["domain"])
        back = out_of_reach(store)
    assert "is not in s3://bucket/cold yet" in caplog.text
    assert "livestats sync" in caplog.text
    (alarm,) = [one for one in active_alarms(account.archive) if one.subject == "shared home"]
    assert "could not connect" in alarm.text
    back()
    with account.archive.leased():
        pass
    assert [one for one in active_alarms(account.archive) if one.subject == "shared home"] == []
    two = account.beside("two")
    with two.archive.leased():
        assert {r.outcome for r in two.capture([FIRST], ["domain"])} == {"kept"}


def test_what_was_captured_before_an_error_is_put(account):
    one, two = account.beside("one"), account.beside("two")

    def work():
        with one.archive.leased():
            one.capture([FIRST], ["domain"])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()
    assert captured(two, FIRST, "domain") == {"kept"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"scale_lease": ""}, r"scale\.lease is not"),
        ({"scale_cold": PLACE}, r"scale\.cold are both set"),
        ({"log_files": "keep", "datasets_off": ()}, r"logs\.files is not 'list'"),
    ],
)
def test_what_cannot_be_together_is_refused_before_anything_is_asked(
    account, store, settings, said
):
    found = account.set(**settings)
    with pytest.raises(NotShared, match=said), found.archive.leased():
        pass
    assert store.asked == []


def test_changes_of_the_home_alone_take_the_lease_only_where_it_is_shared(account, store):
    with account.archive.changing():
        pass
    assert any(one.startswith("put index") for one in store.asked)
    store.asked.clear()
    with account.set(scale_home="").archive.changing():
        pass
    assert store.asked == []


def test_a_home_in_another_zone_than_the_shared_one_is_refused(account):
    captured(account.beside("one"), FIRST, "domain")
    other = account.with_(
        LIVESTATS_HOME=str(account.root.parent / "two"), LIVESTATS_TIME_ZONE="Asia/Tokyo"
    )
    with pytest.raises(ValueError, match="keeps days of Asia/Shanghai"), other.archive.leased():
        pass


def test_a_sync_fetches_puts_and_sweeps(account, store):
    captured(account.beside("one"), FIRST, "domain")
    strange = store.root / "bucket/cold/data" / ("0" * 64)
    strange.write_bytes(b"of a push that was killed")
    two = account.beside("two").archive
    moved, done = session.sync(two.home, two.settings, NOW)
    assert moved.files > 2
    assert done.moved.files == 0
    assert not strange.exists()
