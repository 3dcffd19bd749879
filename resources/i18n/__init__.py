"""Comments on tables and columns in the language of the settings.

The English text stands where a table or column is declared: catalog, mart SQL, system tables.
zh/ maps each English text to its Chinese; a test fails for a text without translation.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType

from resources.config import CHINESE, ENGLISH

FOLDER = Path(__file__).resolve().parent / "zh"


def say(text: str, language: str) -> str:
    """The English `text` in `language`; unchanged if there is no translation."""
    return chinese().get(text, text) if language == CHINESE else text


def say_unit(unit: str | None, language: str) -> str:
    """A column's unit in `language`; symbols, such as Mbps, are the same in each. None: ''."""
    name = f"unit {unit}"
    said = say(name, language)
    return said if said != name else unit or ""


@cache
def chinese() -> Mapping[str, str]:
    """All translations: English -> Chinese."""
    found: dict[str, str] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        found |= tomllib.loads(path.read_text("utf-8"))
    return MappingProxyType(found)


def table_comment(
    meaning: str, *, source: str | None = None, key: Sequence[str] = (), language: str = ENGLISH
) -> str:
    """The comment on a table: meaning, API action, key."""
    found = say(meaning, language)
    if source:
        found += say(" Source: {}.", language).format(source)
    return found + (key_sentence(key, language) if key else "")


def key_sentence(key: Sequence[str], language: str) -> str:
    """The last sentence of a table's comment: its key."""
    return say(" Key: {}.", language).format(", ".join(key))


def column_comment(
    meaning: str, *, unit: str | None = None, field: str | None = None, language: str = ENGLISH
) -> str:
    """The comment on a column: meaning, unit, API field."""
    found = say(meaning, language)
    if unit:
        found += say(" Unit: {}.", language).format(say_unit(unit, language))
    if field:
        found += say(" API: {}.", language).format(field)
    return found
