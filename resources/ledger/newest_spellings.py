"""Domains and carriers that the newest list spells otherwise than the first one did.

Rows keep the first spelling, so that days can be joined (known_items.py). A vendor who takes only the
spelling of today refuses it. Not here: when the other one is sent (capture/fetcher.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from resources.api.catalog.spelling import Spelling, bare_name, domain_key
from resources.ledger.known_items import listed_domains, listed_names, read_columns, snapshots

_DOMAIN_FIELDS = ("Domain", "DomainList")
_CARRIER_FIELDS = ("ISPList",)

Spellings = Mapping[str, Mapping[str, str]]
"""Field of a request -> name as it is asked for -> as the newest list has it, where they differ."""


def newest_spellings(lake: Path) -> Spellings:
    """What the lists in `lake` spell otherwise now. Raises PrerequisiteMissing if one cannot be read."""
    newest: dict[str, str] = {}
    for path in snapshots(lake, "domain"):
        for name in read_columns(path, ["domain"])["domain"].to_pylist():
            newest[domain_key(name)] = bare_name(name)
    asked = {domain_key(one.domain.name): one.domain.name for one in listed_domains(lake)}
    domains = {asked[key]: name for key, name in newest.items() if asked.get(key, name) != name}
    carriers: dict[str, str] = {}
    for path in snapshots(lake, "isp"):
        for code in filter(None, read_columns(path, ["isp"])["isp"].to_pylist()):
            carriers[Spelling.ANY_CASE.key(code)] = code
    codes = {code for (code,) in listed_names(lake, "isp", ["isp"])}
    differing = {code: carriers[Spelling.ANY_CASE.key(code)] for code in codes}
    carriers = {code: newest for code, newest in differing.items() if code != newest}
    found = dict.fromkeys(_DOMAIN_FIELDS, domains) | dict.fromkeys(_CARRIER_FIELDS, carriers)
    return {field: names for field, names in found.items() if names}


def respelled(payload: Mapping[str, object], spellings: Spellings) -> dict[str, object]:
    """The payload with the names that its fields hold spelled as in the newest lists."""
    changed = {**payload}
    for field, names in spellings.items():
        value = payload.get(field)
        if isinstance(value, list):
            changed[field] = [names.get(one, one) for one in value]
        elif isinstance(value, str):
            changed[field] = names.get(value, value)
    return changed
