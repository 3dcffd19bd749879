"""Domains that the settings name and the account does not list: most of them are typing errors.

Here: finding them, and the sentence about them; also the reverse, what is called gone and is listed. Not here: which domains are asked for
(known_items.py, read it next).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from resources.api.catalog.account import DELETED
from resources.api.catalog.spelling import domain_key
from resources.api.errors import printable
from resources.config import Settings
from resources.home.layout import Home
from resources.ledger.known_items import (
    PrerequisiteMissing,
    listed_domains,
    read_columns,
    snapshots,
)


@dataclass(frozen=True, kw_only=True)
class UnlistedDomain:
    """A domain that the settings name and the account does not list."""

    name: str
    setting: str  # domains.push or domains.pull
    nearest: str | None = None  # the listed name that is most like it

    def __str__(self) -> str:
        """What is wrong."""
        near = f"; the nearest that it lists is {self.nearest}" if self.nearest else ""
        return printable(
            f"{self.setting} in livestats.toml names {self.name}, which the account does not list"
            f"{near}"
        )

    @property
    def sentence(self) -> str:
        """What is wrong, and what to do."""
        return f"Not listed: {self}. {REMEDY}"


REMEDY = (
    "If that is a typing error, correct it and run `livestats backfill`, which completes the days "
    "that lack the right name. `livestats account` shows the list."
)


def unlisted(settings: Settings, listed: Iterable[str]) -> list[UnlistedDomain]:
    """The domains of the settings that are not among the `listed` names; names compare as in DNS.

    Empty if nothing is listed: there are keys that may not list domains. Domains that a person called
    gone are left out.
    """
    known = {domain_key(name): name for name in listed}
    if not known:
        return []
    gone = Home(settings.home).gone_domains
    given = (
        (name, setting)
        for setting, names in (
            ("domains.push", settings.push_domains),
            ("domains.pull", settings.pull_domains),
        )
        for name in names
    )
    return [
        UnlistedDomain(name=name, setting=setting, nearest=_nearest(name, known))
        for name, setting in given
        if domain_key(name) not in known and domain_key(name) not in gone
    ]


def unlisted_in(lake: Path, settings: Settings) -> list[UnlistedDomain]:
    """The same, by all lists of domains in the lake; with the domains that a listed one is bound to."""
    if not (settings.push_domains or settings.pull_domains):
        return []
    return unlisted(settings, listed_domain_names(lake))


def listed_domain_names(lake: Path) -> Sequence[str]:
    """The names of all listed domains; none if a list cannot be read."""
    try:
        return [one.domain.name for one in listed_domains(lake)]
    except PrerequisiteMissing:
        return []


def gone_and_listed(home: Home) -> list[str]:
    """Domains that a person called gone and the newest list has, but as deleted; none if it cannot be read."""
    gone = home.gone_domains
    try:
        newest = snapshots(home.lake, "domain")[-1:] if gone else []
        rows = [
            row for path in newest for row in read_columns(path, ["domain", "status"]).to_pylist()
        ]
    except PrerequisiteMissing:
        return []
    alive = {row["domain"] for row in rows if row["status"] != DELETED}
    return sorted(name for name in alive if domain_key(name) in gone)


def _nearest(name: str, known: dict[str, str]) -> str | None:
    import difflib

    found = difflib.get_close_matches(domain_key(name), known, n=1, cutoff=0.8)
    return known[found[0]] if found else None
