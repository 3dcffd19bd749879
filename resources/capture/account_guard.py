"""Whose archive a home is: a key of another account must not add its days to it.

Keys are changed, and say nothing of the account; domains belong to one account at a time. So the
first time that a key is used on a home that knows domains, the API is asked for those that the key
lists: if it lists none of them, it is of another account. A key that was found to be right is
remembered by its fingerprint, which is no secret, and not asked about again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from resources.api.body import Body
from resources.api.catalog import dataset
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
_MAX_KEYS = 20  # temporary keys are new ones every few hours


class OtherAccount(FixSetup):
    """The key lists none of the domains that the home knows."""


@dataclass(frozen=True)
class AccountGuard:
    """What a home knows of its account."""

    home: Home
    settings: Settings

    def domains(self) -> frozenset[str]:
        """Every domain that the account ever listed; none before the first capture."""
        return frozenset(
            d.name for d in InventoryReader(self.home.lake, self.settings).listed_domains()
        )

    def known_keys(self) -> tuple[str, ...]:
        """Fingerprints of the keys that are known to be of the account."""
        with suppress(OSError, ValueError):
            found = sealed.unseal(self.home.keys.read_bytes()).get("keys")
            if isinstance(found, list):
                return tuple(map(str, found))
        return ()  # it costs a call to find out again

    def accept(self, key: str) -> None:
        """Remember a key as one of the account; the first one if no domain is known yet."""
        self.home.state.mkdir(parents=True, exist_ok=True)
        with locks.lock(self.home.state):
            before = self.known_keys() if self.domains() else ()
            known = [*dict.fromkeys((*before, key))][-_MAX_KEYS:]
            atomic.write_atomically(self.home.keys, sealed.seal({"keys": known}))

    def check(self, client: Client, key: str) -> None:
        """Raise OtherAccount if a key that is not known yet is not of the account.

        Asks the API once for each new key, and not if the home knows no domain. What keeps it from
        being known (the key may not list domains, the API is down) is left to the calls to come.
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
        """Raise OtherAccount if no domain is on both sides; `total` is how many the key lists."""
        if not known or known.intersection(listed):
            return
        theirs = f"{total}: {_first_few(listed)}" if listed else "none"
        raise OtherAccount(
            f"this key is of another account than {self.home.root}: the home knows "
            f"{len(known)} domains ({_first_few(sorted(known))}), the key lists {theirs}; not one is on "
            "both sides",
            "Use a key of the home's account, or another home for this one (LIVESTATS_HOME). If it "
            "is the same account, and all of its domains are new (or the key may not see them yet, "
            "policy LIVEReadOnlyAccess): `livestats account --accept`",
        )


def _listed(client: Client, known: frozenset[str]) -> tuple[list[str], int]:
    """Domains that the key lists, page by page until one is known, and how many there are."""
    found: list[str] = []
    total = 0
    for page in domain_pages(client):
        found += map(str, page.table["domain"].to_pylist())
        total = page.facts.total if page.facts else len(found)
        if known.intersection(found):
            break
    return found, total


def domain_pages(client: Client) -> Iterator[Page]:
    """The pages of the list of domains, requested one by one as they are consumed."""
    listing = dataset("domain")
    (request,) = requests_for(
        listing, date.min, Settings().zone, Inventory()
    )  # the list has no days

    def fetch(number: int, payload: Mapping[str, object]) -> Page:
        def read(body: Body) -> Page:
            return read_page(listing, request, body, number)

        return client.call(listing.endpoint.action, payload, read).value

    return fetch_pages(listing.endpoint.action, listing.endpoint.paging, request.payload, fetch)


def _first_few(names: Sequence[str]) -> str:
    """The first few."""
    more = ", …" if len(names) > _MAX_NAMED else ""
    return printable(", ".join(names[:_MAX_NAMED])) + more
