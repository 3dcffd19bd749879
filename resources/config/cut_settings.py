"""Reads the sections `[cut.NAME]`: datasets that the settings define.

Which keys there are is in resources/api/catalog/cuts.py, what is possible in cut_rules.py beside it.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import MISSING, Field
from functools import cache
from typing import Any

from resources.api.catalog import DATASETS
from resources.api.catalog.cut_rules import CutError, dataset_from
from resources.api.catalog.cuts import FILTERS, KEYS, VALUES, Cut
from resources.api.catalog.datasets import CUT_PREFIX, Dataset
from resources.config.errors import SettingsError

SECTION = "cut"


def read(table: object, file: object) -> tuple[dict[str, Cut], dict[str, str]]:
    """The cuts of a settings file, and of each that cannot be the reason. Both by name.

    Raises SettingsError if `[cut]` is no section at all.
    """
    if not isinstance(table, dict):
        raise SettingsError(f"{file}: {SECTION} = {table!r} is no section: write [{SECTION}.NAME].")
    found: dict[str, Cut] = {}
    broken: dict[str, str] = {}
    for name, own in table.items():
        try:
            cut = _read_one(name, own, f"{SECTION}.{name}")
            dataset(cut)
        except SettingsError as error:
            broken[name] = str(error)
        else:
            found[name] = cut
    return found, broken


def dataset(cut: Cut) -> Dataset:
    """The dataset that a cut becomes, the same object for equal cuts. Raises SettingsError."""
    try:
        return _made(cut)
    except CutError as error:
        raise SettingsError(f"{SECTION}.{cut.name}: {error}") from error


@cache
def _made(cut: Cut) -> Dataset:
    return dataset_from(cut, DATASETS)


def know_removed(pinned: Mapping[str, Mapping[str, Any]]) -> None:
    """Make the cuts known that an archive has captured and the settings do not define.

    Their captures stay readable, and their tables described. One that this version could not make
    stays unknown.
    """
    for table, meaning in pinned.items():
        if table.startswith(CUT_PREFIX) and table not in DATASETS:
            try:
                DATASETS.add(_made(Cut.of_meaning(table.removeprefix(CUT_PREFIX), meaning)))
            except (CutError, TypeError):
                continue


def _read_one(name: str, own: object, place: str) -> Cut:
    if not isinstance(own, dict):
        raise SettingsError(f"{place} = {own!r} is no section: write [{SECTION}.NAME].")
    given: dict[str, Any] = {}
    for key, value in own.items():
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1, cutoff=0.5)
            hint = f": did you mean {near[0]}?" if near else "."
            raise SettingsError(f"{place}: there is no key {key}{hint} It has {', '.join(KEYS)}.")
        given[key] = _typed(KEYS[key], f"{place}.{key}", value)
    if "endpoint" not in given:
        raise SettingsError(f"{place} lacks endpoint: the action of the API that is asked.")
    return Cut(name=name, **given)


def _typed(known: Field[Any], place: str, value: object) -> object:
    """A TOML value converted to the type of its key. Raises SettingsError."""
    kind = str(known.type)
    match value:
        case bool():
            if kind == "bool":
                return value
        case int():
            if kind.startswith("int"):
                return value
        case str():
            if "str" in kind.split(" | ") or kind == "str":
                return value
        case list():
            if kind.startswith("tuple") and all(isinstance(one, str) for one in value):
                return tuple(value)
    raise SettingsError(f"{place} = {value!r} is not {_wanted(kind)}. {known.metadata['meaning']}")


def _wanted(kind: str) -> str:
    if kind.startswith("tuple"):
        return "a list of texts, like ['a', 'b']"
    return {"bool": "true or false", "int": "a whole number"}.get(
        kind.removesuffix(" | None"), "a text in quotes"
    )


def not_offered(cut: Cut, absent: frozenset[str]) -> str:
    """Which key of a cut asks for what the vendor does not take; "" for none.

    Such a value would be left out of the requests: without another one, nothing would be asked at all.
    """
    for key, parameter in (*FILTERS.items(), *VALUES.items()):
        values = cut.values(key)
        if values and parameter in absent:
            return f"{key}: the vendor has no such parameter. Take it out."
        for value in values:
            if f"{parameter}={value}" in absent:
                return f"{key}: {value!r} is not possible. Take it out."
    return ""


def in_words(cut: Cut) -> list[tuple[str, object]]:
    """The keys that a cut says, with their values, in the order of the settings page."""
    return [
        (key, value)
        for key, known in KEYS.items()
        if (value := getattr(cut, key)) != known.default or known.default is MISSING
    ]
