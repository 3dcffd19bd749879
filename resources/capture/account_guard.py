"""Rejects an access key of another account, whose days must not be added to this home.

Not here: finding the key (api/credentials.py). Read next: session.py, which calls `check`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from resources.api.body import Body
from resources.api.catalog import dataset
from resources.api.catalog.spelling import domain_key
from resources.api.client import Client
from resources.api.errors import ApiError, FixSetup, printable
from resources.api.pagination import fetch_pages
from resources.api.parsing.parse import Page, read_page
from resources.api.request_plan import Inventory, requests_for
from resources.capture.inventory import InventoryReader, PrerequisiteMissing
from resources.config import Settings
from resources.fs import atomic, locks, sealed
from resources.home.layout import Home

log = logging.getLogger("livestats.capture")

_MAX_NAMED = 3  # domains of each side in a message
_MAX_KEYS = 20  # remembered; temporary keys are replaced every few hours


class OtherAccount(FixSetup):
    """The key lists none of the domains that the home has captured."""


@dataclass(frozen=True)
class AccountGuard:
    """Compares the account of an access key with the account of a home.

    A key does not tell its account, and keys are replaced; a domain belongs to one account at a
    time. So the first time that a key is used on a home with domains, the domains of the key are
    listed. If it lists none of the home's domains, it belongs to another account. An accepted key is
    remembered by its fingerprint, which is no secret, and not checked again.
    """

    home: Home
    settings: Settings

    def domains(self) -> frozenset[str]:
        """Every domain that was ever listed; empty before the first capture."""
        return frozenset(
            d.name for d in InventoryReader(self.home.lake, self.settings).listed_domains()
        )

    def known_keys(self) -> tuple[str, ...]:
        """Fingerprints of accepted keys."""
        with suppress(OSError, ValueError):
            keys = sealed.unseal(self.home.keys.read_bytes()).get("keys")
            if isinstance(keys, list):
                return tuple(map(str, keys))
        return ()  # missing or damaged: the next check costs one call

    def accept(self, key: str) -> None:
        """Remember a key as accepted; the only one while the home has no domain."""
        self.home.state.mkdir(exist_ok=True)
        with locks.lock(self.home.lock_file("keys")):
            before = self.known_keys() if self.domains() else ()
            known = [*dict.fromkeys((*before, key))][-_MAX_KEYS:]
            atomic.write_atomically(self.home.keys, sealed.seal({"keys": known}))

    def check(self, client: Client, key: str) -> None:
        """Accept the key, or raise OtherAccount if it belongs to another account.

        Calls the API once for each new key, and not if the home has no domain. If the domains cannot
        be listed (no permission, API down), a warning is logged and the key stays unchecked: later
        calls raise the error.
        """
        if key in self.known_keys():
            return
        try:
            known = self.domains()
            if known:
                self.compare(known, *_listed(client, known))
        except FixSetup:
            raise
        except (ApiError, PrerequisiteMissing) as error:
            log.warning("Whether the key is of this home's account is not known: %s", error)
            return
        self.accept(key)

    def compare(self, known: frozenset[str], listed: Sequence[str], total: int) -> None:
        """Raise OtherAccount if no domain is on both sides; `total` counts the domains of the key."""
        if not known or _is_shared(known, listed):
            return
        listed_text = f"{total}: {_first_few(listed)}" if listed else "none"
        raise OtherAccount(
            f"this key is of another account than {self.home.root}: the home knows "
            f"{len(known)} domains ({_first_few(sorted(known))}), the key lists {listed_text}; not one is on "
            "both sides",
            "Use a key of the home's account, or another home for this one (LIVESTATS_HOME). If it "
            "is the same account, and all of its domains are new (or the key may not see them yet, "
            "policy LIVEReadOnlyAccess): `livestats account --accept`",
        )


def _listed(client: Client, known: frozenset[str]) -> tuple[list[str], int]:
    """Domains of the key, page by page until one is in `known`, and the total that the API gives."""
    domains: list[str] = []
    total = 0
    for page in domain_pages(client):
        domains += map(str, page.table["domain"].to_pylist())
        total = page.facts.total if page.facts else len(domains)
        if _is_shared(known, domains):
            break
    return domains, total


def _is_shared(known: Iterable[str], listed: Iterable[str]) -> bool:
    """True if a domain is on both sides; names compare as DNS does."""
    return not {*map(domain_key, known)}.isdisjoint(map(domain_key, listed))


def domain_pages(client: Client) -> Iterator[Page]:
    """The pages of the list of domains, requested one by one as they are consumed."""
    listing = dataset("domain")
    # The list has no days: the day and the inventory are not used.
    (request,) = requests_for(listing, date.min, Settings().zone, Inventory())

    def fetch(number: int, payload: Mapping[str, object]) -> Page:
        def read(body: Body) -> Page:
            return read_page(listing, request, body, number)

        return client.call(listing.endpoint.action, payload, read).value

    return fetch_pages(listing.endpoint.action, listing.endpoint.paging, request.payload, fetch)


def _first_few(names: Sequence[str]) -> str:
    """The first _MAX_NAMED names as text, with … if there are more."""
    more = ", …" if len(names) > _MAX_NAMED else ""
    return printable(", ".join(names[:_MAX_NAMED])) + more
