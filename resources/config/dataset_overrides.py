"""Settings of single datasets, the sections `[dataset.<name>]`: keys, checks, and their effect.

A dataset has the keys that its endpoint and marts allow. The split of a table is not among them:
sums over other splits would differ, so each split is a dataset of its own. Next: loader.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any

from resources.api.catalog import DATASETS
from resources.api.catalog import dataset as dataset_named
from resources.api.catalog.datasets import CUT_PREFIX, Dataset
from resources.api.catalog.model import Scope, variant_label
from resources.config.errors import SettingsError

SECTION = "dataset"


def _about(meaning: str, example: object) -> dict[str, object]:
    return {"meaning": meaning, "example": example}


@dataclass(frozen=True, kw_only=True)
class DatasetOverrides:
    """Settings of one dataset; None: the default of the catalog."""

    bucket_seconds: int | None = field(
        default=None,
        metadata=_about("Width of a time slot in seconds. Fixed once a day is captured.", 60),
    )
    variants: tuple[str, ...] | None = field(
        default=None,
        metadata=_about(
            "Which of its variants are asked, each a request of its own. Fixed once a day is "
            "captured.",
            ("Online",),
        ),
    )
    reread_days: int | None = field(
        default=None,
        metadata=_about(
            "Days of this age or younger are asked again each day, for late data; 0: never.", 5
        ),
    )
    domains: tuple[str, ...] | None = field(
        default=None,
        metadata=_about(
            "Only domains that fit one of these patterns (* any text, ? one character). Fixed once "
            "a day is captured.",
            ("*.example.com",),
        ),
    )
    streams: tuple[str, ...] | None = field(
        default=None,
        metadata=_about(
            "Only streams whose app/stream fits one of these patterns. Fixed once a day is "
            "captured.",
            ("live/*",),
        ),
    )


KEYS: Mapping[str, Field[Any]] = {known.name: known for known in fields(DatasetOverrides)}
"""All keys of such a section."""


def keys_of(dataset: Dataset) -> tuple[str, ...]:
    """The keys that are valid for a dataset; none for a cut, which has a section of another kind."""
    if dataset.is_cut:
        return ()
    has_day = not (dataset.is_dimension or dataset.scope is Scope.ADDRESSES)
    has = {
        "bucket_seconds": bool(dataset.other_widths_s),
        "variants": len(dataset.variants) > max(1, len(dataset.required_variants)),
        "reread_days": has_day,
        "domains": has_day,
        "streams": dataset.scope is Scope.STREAM,
    }
    return tuple(name for name in KEYS if has[name])


def value_of(dataset: Dataset, key: str) -> object:
    """The value of a key that is in effect."""
    match key:
        case "bucket_seconds":
            return dataset.bucket_s
        case "variants":
            return tuple(map(variant_label, dataset.variants))
        case "reread_days":
            return dataset.reread_days
        case "domains":
            return dataset.domains
    return dataset.streams


def widths_of(dataset: Dataset) -> list[int]:
    """The bucket widths (s) that a dataset may have, including the default."""
    return sorted({*dataset.other_widths_s, *([dataset.bucket_s] if dataset.bucket_s else [])})


def distortion(dataset: Dataset) -> str:
    """What a width does to the marts that rest on a dataset with its settings; "" for nothing."""
    if dataset.bucket_s not in dataset.distorting_widths_s:
        return ""
    return (
        f"dataset.{dataset.name}.bucket_seconds = {dataset.bucket_s}: sums over the peaks of slots so wide "
        "are too high: in marts, peaks of the account by about a tenth, minutes of viewing by a fifth"
    )


def longest_reread(dataset: Dataset) -> int:
    """The age in days of the oldest day that can be captured again."""
    return dataset.history.days - 1 if dataset.history else 0


def read(table: object, file: object) -> dict[str, DatasetOverrides]:
    """The content of [dataset] in a settings file. Raises SettingsError."""
    if not isinstance(table, dict):
        raise SettingsError(f"{file}: {SECTION} = {table!r} is no section: write [{SECTION}.NAME].")
    return {name: _read_one(name, own, f"{file}: {SECTION}.{name}") for name, own in table.items()}


def _read_one(name: str, own: object, place: str) -> DatasetOverrides:
    if name.startswith(CUT_PREFIX):
        raise SettingsError(
            f"{place}: a cut has one section for all of it: write [cut.{name.removeprefix(CUT_PREFIX)}]."
        )
    try:
        dataset = dataset_named(name)
    except ValueError as error:
        raise SettingsError(f"{place}: {error}") from error
    if not isinstance(own, dict):
        raise SettingsError(f"{place} = {own!r} is no section: write [{SECTION}.{name}].")
    given: dict[str, Any] = {}
    for key, value in own.items():
        refuse_unknown(dataset, key, place)
        given[key] = _typed(KEYS[key], f"{place}.{key}", value)
    return DatasetOverrides(**given)


def refuse_unknown(dataset: Dataset, key: str, place: str) -> None:
    """Raise SettingsError for a key that the dataset does not have; the message lists its keys."""
    has = keys_of(dataset)
    if key in has:
        return
    if key in ("split", "splits"):
        cuts = [d.name for d in DATASETS.values() if d.endpoint is dataset.endpoint]
        raise SettingsError(
            f"{place}: there is no setting {key}: the splits of a table are fixed, and each cut of "
            f"the data is a dataset of its own. Of this action: {', '.join(cuts)}. Those that are "
            "not wanted stand under datasets.off."
        )
    if key in KEYS:
        what = f"{dataset.name} has no {key}"
        if key == "bucket_seconds" and dataset.bucket_s:
            what += f": its slots have {dataset.bucket_s} s"
        if key == "variants" and dataset.required_variants:
            what += f": marts need all of {', '.join(dataset.required_variants)}"
    else:
        near = difflib.get_close_matches(key, has, n=1, cutoff=0.5)
        what = f"there is no setting {key}{f': did you mean {near[0]}?' if near else ''}"
    known = f"It has {', '.join(has)}." if has else "It has none: it is the present state."
    raise SettingsError(f"{place}: {what.rstrip('.')}{'' if what.endswith('?') else '.'} {known}")


def _typed(known: Field[Any], place: str, value: object) -> object:
    """A TOML value converted to the type of its key. Raises SettingsError."""
    if str(known.type).startswith("int"):
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        wanted = "a whole number"
    else:
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
        wanted = "a list of texts, like ['a', 'b']"
    raise SettingsError(f"{place} = {value!r} is not {wanted}. {known.metadata['meaning']}")


def apply(dataset: Dataset, own: DatasetOverrides) -> Dataset:
    """The dataset with its settings applied. Raises SettingsError for an invalid value."""
    for key in KEYS:
        if getattr(own, key) is not None:
            refuse_unknown(dataset, key, f"{SECTION}.{dataset.name}")
    changes: dict[str, Any] = {}
    if own.bucket_seconds is not None:
        if own.bucket_seconds not in dataset.distorting_widths_s:  # the home knows if it has them
            _one_of(dataset, "bucket_seconds", [own.bucket_seconds], widths_of(dataset))
        changes["bucket_s"] = own.bucket_seconds
    if own.variants is not None:
        changes["variants"] = _variants(dataset, own.variants)
    if own.reread_days is not None:
        most = longest_reread(dataset)
        if not 0 <= own.reread_days <= most:
            raise SettingsError(
                f"{_place(dataset, 'reread_days')} = {own.reread_days}: 0 to {most} is possible, "
                "for the API forgets older days."
            )
        changes["reread_days"] = own.reread_days
    for key in ("domains", "streams"):
        patterns = getattr(own, key)
        if patterns is not None:
            changes[key] = _patterns(dataset, key, patterns)
    made = replace(dataset, **changes)
    return replace(made, meaning=_meaning(dataset, made))


def _meaning(before: Dataset, after: Dataset) -> dict[str, object]:
    """The settings that captured days depend on and that differ from the defaults, for JSON."""
    keys = ("bucket_seconds", "variants", "domains", "streams")
    found = {key: value_of(after, key) for key in keys}
    return {
        key: [*value] if isinstance(value, tuple) else value
        for key, value in found.items()
        if value != value_of(before, key)
    }


def _place(dataset: Dataset, key: str) -> str:
    return f"{SECTION}.{dataset.name}.{key}"


def _one_of(dataset: Dataset, key: str, given: Sequence[object], allowed: Sequence[object]) -> None:
    for value in given:
        if value not in allowed:
            raise SettingsError(
                f"{_place(dataset, key)}: {value!r} is not possible. Possible: "
                f"{', '.join(map(str, allowed))}."
            )


def _variants(dataset: Dataset, given: Sequence[str]) -> tuple[Mapping[str, object], ...]:
    by_label = {variant_label(variant): variant for variant in dataset.variants}
    _one_of(dataset, "variants", given, [*by_label])
    needed = [label for label in dataset.required_variants if label not in given]
    if needed:
        raise SettingsError(
            f"{_place(dataset, 'variants')} lacks {', '.join(needed)}, which marts and "
            "reconciliation read. Add it, or switch the dataset off under datasets.off."
        )
    return tuple(variant for label, variant in by_label.items() if label in given)


def _patterns(dataset: Dataset, key: str, given: Sequence[str]) -> tuple[str, ...]:
    if not given or not all(given):
        raise SettingsError(
            f"{_place(dataset, key)} = {[*given]}: at least one pattern is needed, and none may be "
            f"empty. Without the key all {key} are captured; to capture none, switch the dataset "
            "off under datasets.off."
        )
    flat = [pattern for pattern in given if "/" not in pattern]
    if key == "streams" and flat:
        raise SettingsError(
            f"{_place(dataset, key)}: {flat[0]!r} fits no stream, for a stream is app/stream. "
            f"Write '{flat[0]}/*' for all streams of an app, or '*/{flat[0]}' for a stream of any."
        )
    return tuple(sorted(set(given)))
