"""A temporary key in the vendor's file is replaced while a run is under way."""

import pytest

from resources.api.credentials import Credentials
from resources.api.errors import FixSetup
from resources.capture.account_guard import OtherAccount
from resources.simulator import Account
from tests.support.archives import lab

TINY = Account(domains=1, streams_per_domain=1, deleted=0)
FIRST, SECOND = (
    Credentials(f"AKTEMPORARY{nth}", f"the-temporary-secret-{nth}", f"the-temporary-token-{nth}")
    for nth in (1, 2)
)
ISP, LIST = "DescribeLiveISPData", "ListDomainDetail"


def write(folder, key, ending=""):
    (folder / "credentials").write_text(
        f"[default]\naccess_key_id = {key.access_key}\nsecret_access_key = {key.secret_key}\n"
        f"session_token = {key.session_token}\n{ending}",
        "utf-8",
    )


@pytest.fixture
def volc(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".volc").mkdir()
    write(tmp_path / ".volc", FIRST)
    return tmp_path / ".volc"


@pytest.fixture
def found(volc):
    with lab(volc.parent / "home", TINY, credentials=FIRST) as opened:
        one = opened.with_(VOLC_ACCESSKEY="", VOLC_SECRETKEY="", VOLC_SESSION_TOKEN="")
        one.only("domain").capture()
        yield one


def test_a_key_that_was_replaced_in_its_file_keeps_the_run_going(found, volc):
    with found.capturing() as one:
        one.client.call(ISP, {})
        found.simulator._service.credentials = SECOND
        write(volc, SECOND)
        assert one.client.call(ISP, {}).attempts == 2
        assert one.client.call(ISP, {}).attempts == 1
    assert found.simulator.calls[LIST] == 2, "the new key was checked for its account"
    with found.capturing() as one:
        assert one.client.calls == {}, "and is known from then on"


def test_a_token_that_was_renewed_for_the_same_key_is_used_at_once(found, volc):
    renewed = Credentials(FIRST.access_key, FIRST.secret_key, "the-temporary-token-renewed")
    with found.capturing() as one:
        found.simulator._service.credentials = renewed
        write(volc, renewed)
        assert one.client.call(ISP, {}).attempts == 2
    assert found.simulator.calls[LIST] == 1


@pytest.mark.parametrize(
    "ending", ["", "session_token = twice\n"], ids=["unchanged", "half written"]
)
def test_a_key_that_was_not_replaced_ends_the_run_in_the_vendors_words(found, volc, ending):
    with found.capturing() as one:
        found.simulator._service.credentials = SECOND
        write(volc, FIRST, ending)
        with pytest.raises(FixSetup, match="refused with Invalid"):
            one.client.call(ISP, {})


def test_a_key_of_another_account_in_the_file_ends_the_run(found, volc, monkeypatch):
    with found.capturing() as one:
        found.simulator._service.credentials = SECOND
        write(volc, SECOND)
        monkeypatch.setattr(
            "resources.capture.account_guard.AccountGuard.domains",
            lambda _: frozenset({"pull.of-another-account.example"}),
        )
        with pytest.raises(OtherAccount):
            one.client.call(ISP, {})


KEYS = [Credentials(f"AKPERMANENT{nth}", f"the-permanent-secret-{nth}") for nth in (1, 2)]


@pytest.mark.parametrize("order", [("key", "secret"), ("secret", "key")], ids=lambda o: o[0])
def test_a_key_and_its_secret_are_replaced_in_two_files_one_after_the_other(tmp_path, order):
    old, new = KEYS
    files = {"key": tmp_path / "key", "secret": tmp_path / "secret"}
    texts = {"key": new.access_key, "secret": new.secret_key}
    files["key"].write_text(old.access_key)
    files["secret"].write_text(old.secret_key)
    environ = {"VOLC_ACCESSKEY": "", "VOLC_SECRETKEY": "", "HOME": str(tmp_path)}
    environ |= {
        "VOLC_ACCESSKEY_FILE": str(files["key"]),
        "VOLC_SECRETKEY_FILE": str(files["secret"]),
    }
    with lab(tmp_path / "home", TINY, credentials=old) as opened:
        found = opened.with_(**environ)
        found.only("domain").capture()

        def replace_the_other(seconds):
            if seconds >= 1:  # shorter ones are those of the rate limit
                files[order[1]].write_text(texts[order[1]])

        with found.capturing(sleep=replace_the_other) as one:
            one.client.call(ISP, {})
            found.simulator._service.credentials = new
            files[order[0]].write_text(texts[order[0]])
            assert one.client.call(ISP, {}).attempts == 2
