"""The credentials of a client: replaced once for all threads, all of them remembered."""

from concurrent.futures import ThreadPoolExecutor

from resources.api.credentials import Credentials
from resources.api.key_ring import KeyRing

FIRST, SECOND, THIRD = (
    Credentials(f"AK{nth}", f"the-secret-of-key-{nth}", f"the-token-of-key-{nth}")
    for nth in range(3)
)


def test_credentials_that_are_never_read_again_do_not_change():
    ring = KeyRing(FIRST)
    assert not ring.renew(FIRST)
    assert ring.current == FIRST


def test_new_credentials_are_used_from_then_on():
    found = [THIRD, SECOND]
    ring = KeyRing(FIRST, found.pop)
    assert ring.renew(FIRST)
    assert ring.current == SECOND
    assert ring.renew(SECOND)
    assert ring.current == THIRD


def test_credentials_that_stayed_the_same_are_no_help():
    ring = KeyRing(FIRST, lambda: FIRST)
    assert not ring.renew(FIRST)
    assert not KeyRing(FIRST, lambda: None).renew(FIRST)


def test_whoever_was_refused_with_older_credentials_needs_no_reading():
    found = [SECOND]
    ring = KeyRing(FIRST, found.pop)
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ring.renew, [FIRST] * 8))
    assert found == []


def test_a_key_that_comes_back_is_used_again():
    found = [FIRST, SECOND]
    ring = KeyRing(FIRST, found.pop)
    assert ring.renew(FIRST)
    assert ring.renew(SECOND)
    assert ring.current == FIRST
