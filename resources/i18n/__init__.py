"""What tables and columns say of themselves, in the language that the settings choose.

English is the source and stands where the thing itself is declared: in the catalogue, above a
mart's SQL, beside livestats' own tables. `zh` has the Chinese of each text, found by the English
one: whoever changes the English is told by a test that the Chinese is out of date.
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
    """The English `text` in `language`; as it is, where it has not been translated yet."""
    return chinese().get(text, text) if language == CHINESE else text


def say_unit(unit: str | None, language: str) -> str:
    """A column's unit in `language`; symbols, such as Mbps, are the same in each. None: ''."""
    name = f"unit {unit}"
    said = say(name, language)
    return said if said != name else unit or ""


@cache
def chinese() -> Mapping[str, str]:
    """Every text that has been translated: English -> Chinese."""
    found: dict[str, str] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        found |= tomllib.loads(path.read_text("utf-8"))
    return MappingProxyType(found)


def table_comment(
    meaning: str, *, source: str | None = None, key: Sequence[str] = (), language: str = ENGLISH
) -> str:
    """What a database and BI tools show of a table: meaning, API action, key."""
    found = say(meaning, language)
    if source:
        found += say(" Source: {}.", language).format(source)
    return found + (key_sentence(key, language) if key else "")


def key_sentence(key: Sequence[str], language: str) -> str:
    """The end of a table's comment, which names its key."""
    return say(" Key: {}.", language).format(", ".join(key))


def column_comment(
    meaning: str, *, unit: str | None = None, field: str | None = None, language: str = ENGLISH
) -> str:
    """What a database and BI tools show of a column: meaning, unit, API field."""
    found = say(meaning, language)
    if unit:
        found += say(" Unit: {}.", language).format(say_unit(unit, language))
    if field:
        found += say(" API: {}.", language).format(field)
    return found
