"""A home holds the days of one account: a key of another is refused before it can add to them."""

import json
from contextlib import contextmanager
from datetime import timedelta

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources.api.credentials import Credentials
from resources.api.errors import FixSetup
from resources.capture import account_guard
from resources.capture.account_guard import AccountGuard, OtherAccount
from resources.config import Settings
from resources.fs import sealed
from resources.home.layout import Home
from resources.simulator import Account
from resources.simulator.settings import DEFAULT_CREDENTIALS
from tests.support.archives import DAYS, contents, failures, lab
from tests.support.recovery_page import follow

OURS = Account(domains=1, streams_per_domain=1, deleted=1)
THEIRS = Account(domains=1, streams_per_domain=1, deleted=0, zone="other.example")
NEW_KEY, THEIR_KEY = (Credentials(name, f"the-secret-of-{name}") for name in ("AKNEW", "AKTHEIRS"))
LIST, TRAFFIC = "ListDomainDetail", "batch_stream_traffic"
NAMES = ("domain", TRAFFIC)


@contextmanager
def served(home, account=OURS, **options):
    """An account, and an archive in `home` that is pointed at it."""
    with lab(home, account, **options) as one:
        key = one.simulator.credentials
        yield one.with_(VOLC_ACCESSKEY=key.access_key, VOLC_SECRETKEY=key.secret_key)


@pytest.fixture
def home(tmp_path):
    """A home that holds a day of our account."""
    with served(tmp_path / "home") as one:
        assert failures(one.capture([DAYS[0]], NAMES)) == []
    return tmp_path / "home"


def raw_and_lake(home):
    return contents(home / "raw", home / "lake")


def test_a_key_of_another_account_is_refused_before_anything_of_it_is_kept(home):
    before = raw_and_lake(home)
    with served(home, THEIRS, credentials=THEIR_KEY) as one:
        with pytest.raises(OtherAccount) as caught:
            one.capture([DAYS[1]], NAMES)
        assert one.simulator.calls == {LIST: 1}
    assert raw_and_lake(home) == before
    said = str(caught.value)
    assert str(home) in said
    assert "pull-1.sim.example" in said
    assert "2: pull-1.other.example, push-1.other.example" in said
    assert "livestats account --accept" in said
    assert isinstance(caught.value, FixSetup)  # so that no other call is tried


def test_it_is_refused_again_and_again_until_something_is_done(home):
    with served(home, THEIRS, credentials=THEIR_KEY) as one:
        for _ in range(2):
            with pytest.raises(OtherAccount):
                one.capture([DAYS[1]], NAMES)


def test_a_key_that_lists_no_domain_at_all_is_refused(home):
    nothing = Account(domains=0, deleted=0)
    refused = pytest.raises(OtherAccount, match="the key lists none")
    with served(home, nothing, credentials=THEIR_KEY) as one, refused:
        one.capture([DAYS[1]], NAMES)


def test_the_key_that_began_the_home_is_not_asked_about(home):
    with served(home) as one:
        assert failures(one.capture([DAYS[1]], [TRAFFIC])) == []
        assert LIST not in one.simulator.calls


def test_a_new_key_of_the_account_is_asked_about_once(home):
    with served(home, credentials=NEW_KEY) as one:
        assert failures(one.capture([DAYS[1]], [TRAFFIC])) == []
        assert one.simulator.calls[LIST] == 1
        one.capture([DAYS[1]], [TRAFFIC], again=True)
        assert one.simulator.calls[LIST] == 1
    with served(home) as one:  # and the old one is still known
        one.capture([DAYS[1]], [TRAFFIC], again=True)
        assert LIST not in one.simulator.calls


def test_domains_of_both_sides_compare_as_in_dns(tmp_path):
    guard = AccountGuard(Home(tmp_path), Settings())
    guard.compare(frozenset({"Pull-1.Sim.Example", "x.example"}), ["pull-1.sim.example."], 1)
    with pytest.raises(OtherAccount):
        guard.compare(frozenset({"Pull-1.Sim.Example"}), ["pull-2.sim.example"], 1)


def test_one_domain_in_common_is_enough(home):
    grown = Account(domains=3, streams_per_domain=1, deleted=0)
    with served(home, grown, credentials=NEW_KEY) as one:
        assert failures(one.capture([DAYS[1]], [TRAFFIC])) == []


def test_a_known_key_may_list_new_domains_only(home):
    """The same key, the same account: whatever became of its domains."""
    later = DAYS[1] + timedelta(days=2)
    with served(home, THEIRS) as one:
        tomorrow = one.with_(LIVESTATS_NOW=f"{later}T12:00:00+08:00")
        assert failures(tomorrow.capture([], ["domain"])) == []
        assert len(AccountGuard(tomorrow.archive.home, tomorrow.archive.settings).domains()) == 6


def test_the_key_is_of_another_account_whose_domains_are_all_new_and_it_is_accepted(home):
    with served(home, THEIRS, credentials=THEIR_KEY) as one:
        with pytest.raises(OtherAccount):
            one.capture([DAYS[1]], NAMES)
        asked = one.requests
        told = follow(one, "The key is of another account")
        assert "new to this home" in told
        assert "known for this account" in told
        assert one.requests == asked
        tomorrow = one.with_(LIVESTATS_NOW=f"{DAYS[1] + timedelta(days=2)}T12:00:00+08:00")
        assert failures(tomorrow.capture([], ["domain"])) == []
        new = tomorrow.set(
            push_domains=("push-1.other.example",), pull_domains=("pull-1.other.example",)
        )
        assert failures(new.capture([DAYS[1]], [TRAFFIC])) == []


def test_where_no_domain_is_known_the_last_key_is_the_account_s(tmp_path):
    home = tmp_path / "home"
    with served(home, THEIRS, credentials=THEIR_KEY) as one, one.capturing():
        pass  # a slip, noticed in time: nothing was captured
    with served(home) as one:
        assert failures(one.capture([DAYS[0]], NAMES)) == []
        assert one.simulator.calls[LIST] == 1
    with served(home, THEIRS, credentials=THEIR_KEY) as one, pytest.raises(OtherAccount):
        one.capture([DAYS[1]], NAMES)


def test_what_is_remembered_of_keys_may_be_deleted_or_damaged(home):
    for data in (None, b"{", sealed.seal({"keys": "x"})):
        Home(home).keys.unlink()
        if data is not None:
            Home(home).keys.write_bytes(data)
        with served(home) as one:
            one.capture([DAYS[0]], [TRAFFIC], again=True)
            assert one.simulator.calls[LIST] == 1


def test_neither_key_nor_secret_stands_in_the_home(home):
    key = DEFAULT_CREDENTIALS.access_key.encode()
    assert [p for p in home.rglob("*") if p.is_file() and key in p.read_bytes()] == []


def test_temporary_keys_do_not_pile_up(home, monkeypatch):
    monkeypatch.setattr(account_guard, "_MAX_KEYS", 2)
    with served(home) as one:
        ours = AccountGuard(one.archive.home, one.archive.settings)
        for key in "abc":
            ours.accept(key)
        assert ours.known_keys() == ("b", "c")


def test_a_key_that_may_not_list_domains_is_left_to_the_calls_to_come(home):
    with served(home, credentials=NEW_KEY, denied=[LIST]) as one:
        assert failures(one.capture([DAYS[1]], [TRAFFIC])) == []
    assert NEW_KEY.account_id() not in Home(home).keys.read_text()


def test_a_key_that_is_wrong_ends_the_run_at_the_first_call(home):
    with served(home, credentials=NEW_KEY) as one:
        wrong = one.with_(VOLC_SECRETKEY="something-else-altogether")
        with pytest.raises(FixSetup) as caught:
            wrong.capture([DAYS[1]], [TRAFFIC])
        assert not isinstance(caught.value, OtherAccount)
        assert one.requests == 2, "the list, and a second action before the run ends"


def test_a_listing_of_many_pages_is_read_until_one_is_known(home, monkeypatch):
    """The known domain stands on the second page."""
    many = Account(domains=600, streams_per_domain=1, deleted=0)
    with served(home, many, credentials=NEW_KEY) as one:
        monkeypatch.setattr(AccountGuard, "domains", lambda _: frozenset({"push-600.sim.example"}))
        assert failures(one.capture([], [TRAFFIC])) == []
        assert one.simulator.calls[LIST] == 2


# How it is shown ---------------------------------------------------------------------------------


def test_account_says_whose_the_home_is_and_whether_the_key_is_known(home):
    with served(home) as one:
        told = CliRunner().invoke(main, ["account"], env=one.archive.environ)
        assert told.exit_code == 0
        assert "knows 4 domains: pull-1.sim.example" in told.stdout
        assert "known for this account" in told.stdout
    with served(home, credentials=NEW_KEY) as one:
        told = CliRunner().invoke(main, ["account"], env=one.archive.environ)
        assert told.exit_code == 1
        assert "new to this home" in told.stdout
        found = json.loads(
            CliRunner().invoke(main, ["account", "--json"], env=one.archive.environ).stdout
        )
        assert not found["is_known"]
        assert found["key"] == NEW_KEY.account_id()
        assert found["key"] not in found["keys"]
        assert len(found["domains"]) == 4


def test_without_a_key_the_domains_are_told_all_the_same(home, tmp_path):
    with served(home) as one:
        bare = {"VOLC_ACCESSKEY": "", "VOLC_SECRETKEY": "", "HOME": str(tmp_path)}
        environ = {**one.archive.environ, **bare}
        told = CliRunner().invoke(main, ["account"], env=environ)
        assert told.exit_code == 1
        assert "knows 4 domains: pull-1.sim.example" in told.stdout
        assert "No key was checked: no access key" in told.stdout
        accepted = CliRunner().invoke(main, ["account", "--accept"], env=environ)
        assert accepted.exit_code != 0
        assert "no access key" in accepted.output
    new = {**environ, "LIVESTATS_HOME": str(tmp_path / "new")}
    assert "knows 0 domains yet." in CliRunner().invoke(main, ["account"], env=new).stdout


def test_doctor_tells_the_account(home, tmp_path):
    def account(one):
        told = CliRunner().invoke(main, ["doctor", "--json"], env=one.archive.environ)
        (found,) = (f for f in json.loads(told.stdout) if f["name"] == "account")
        return found["verdict"], found["text"] + found["advice"]

    with served(home) as one:
        assert account(one) == ("ok", "the home's own: 4 of the 4 domains that it knows")
        new = one.with_(LIVESTATS_HOME=str(tmp_path / "new"))
        assert "knows no domain yet" in account(new)[1]
    with served(home, THEIRS, credentials=THEIR_KEY) as one:
        verdict, said = account(one)
        assert verdict == "problem"
        assert "livestats account --accept" in said


def test_a_backfill_with_another_account_s_key_says_what_to_do(home):
    with served(home, THEIRS, credentials=THEIR_KEY) as one:
        words = ["backfill", "--dataset", TRAFFIC, "--from", str(DAYS[1]), "--to", str(DAYS[1])]
        told = CliRunner().invoke(main, words, env=one.archive.environ)
        assert told.exit_code != 0
        assert "of another account" in told.output
        assert "Traceback" not in told.output
        assert TRAFFIC not in " ".join(map(str, (home / "raw" / TRAFFIC).glob(f"{DAYS[1]}/2*")))
