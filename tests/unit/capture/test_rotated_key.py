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
