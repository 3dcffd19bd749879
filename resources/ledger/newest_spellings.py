"""Domains, carriers and regions that the newest list spells otherwise than the first one did.

Rows keep the first spelling, so that days can be joined (known_items.py). A vendor who takes only the
spelling of today refuses it. Not here: when the other one is sent (capture/fetcher.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from resources.api.catalog.cuts import region_of, text_of_region
from resources.api.catalog.spelling import Spelling, bare_name, domain_key
from resources.ledger.known_items import (
    REGION_COLUMNS,
    listed_domains,
    listed_names,
    read_columns,
    snapshots,
)

_DOMAIN_FIELDS = ("Domain", "DomainList")
_CARRIER_FIELDS = ("ISPList",)
_REGION_FIELDS = ("RegionList", "UserRegionList")

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
    carriers = _respelled_in(lake, "isp", ["isp"])
    regions: dict[str, str] = {}
    for levels in range(1, len(REGION_COLUMNS) + 1):
        regions |= _respelled_in(lake, "region", REGION_COLUMNS[:levels])
    names = {_DOMAIN_FIELDS: domains, _CARRIER_FIELDS: carriers, _REGION_FIELDS: regions}
    return {field: its for fields, its in names.items() for field in fields if its}


def _respelled_in(lake: Path, name: str, columns: Sequence[str]) -> dict[str, str]:
    """Names of a list as they are asked for -> as it has them now, where they differ."""
    newest: dict[str, str] = {}
    for path in snapshots(lake, name):
        for row in read_columns(path, [*columns]).to_pylist():
            text = "/".join(row[column] or "" for column in columns)
            newest[Spelling.ANY_CASE.key(text)] = text
    asked = map("/".join, listed_names(lake, name, columns))
    return {text: now for text in asked if (now := newest[Spelling.ANY_CASE.key(text)]) != text}


def respelled(payload: Mapping[str, object], spellings: Spellings) -> dict[str, object]:
    """The payload with the names that its fields hold spelled as in the newest lists."""
    changed = {**payload}
    for field, names in spellings.items():
        value = payload.get(field)
        if isinstance(value, list):
            changed[field] = [_respelled(one, names) for one in value]
        elif isinstance(value, str):
            changed[field] = names.get(value, value)
    return changed


def _respelled(value: object, names: Mapping[str, str]) -> object:
    if isinstance(value, Mapping):  # a region
        text = text_of_region(value)
        return region_of(names[text]) if text in names else value
    return names.get(str(value), value)
