"""The dataset that a cut becomes: a dataset of the catalog with another split, width and filters.

Not here: the checks of a cut (cut_rules.py, read it next).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import product

from resources.api.catalog.cuts import (
    FILTER_COMMENTS,
    FILTERS,
    VALUES,
    Cut,
    column_of,
    region_of,
)
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import SPLITS, Scope


def dataset_of(cut: Cut, base: Dataset) -> Dataset:
    """The dataset that a valid cut becomes; `base` is a dataset of the catalog of its endpoint."""
    there = {f.column for level in base.endpoint.rows.levels for f in level.fields}
    named = {FILTERS[k]: column_of(k) for k in FILTERS if _is_named(cut, k)}
    columns = {name: column for name, column in named.items() if column not in there}
    of_each = [columns[FILTERS[key]] for key in cut.each if FILTERS[key] in columns]
    variants = [
        {name: value for part in parts for name, value in part.items()}
        for parts in product(variants_of(cut, base), *_choices(cut, base))
    ]
    return replace(
        base,
        name=cut.table,
        group="cuts",
        description=_description(cut, base),
        scope=_scope(cut, base, there),
        bucket_s=cut.width_s or base.bucket_s,
        days_of_list=cut.days,
        other_widths_s=(),
        distorting_widths_s=(),
        split=cut.split,
        key=_key(cut, base, of_each),
        parameters={**base.parameters, **_parameters(cut)},
        variants=tuple(variants),
        required_variants=(),
        variant_columns={**base.variant_columns, **columns},
        variant_comments={**base.variant_comments, **{n: FILTER_COMMENTS[n] for n in columns}},
        protocols=cut.values("protocols") if "Protocol" in cut.split else (),
        one_stream=(str(cut.app), str(cut.stream)) if cut.is_one_stream else None,
        drawn={FILTERS[key]: _source(cut, key) for key in cut.each if _is_drawn(cut, key)},
        domains=tuple(sorted(set(cut.domains))),
        reread_days=cut.reread_days,
        is_large_allowed=cut.allow,
        meaning=cut.meaning,
    )


def _scope(cut: Cut, base: Dataset, there: Collection[str | None]) -> Scope:
    """What one request is about. Figures without a domain are those of all domains together."""
    if cut.is_one_stream:
        return Scope.STREAM
    if cut.vhosts:  # no domain beside them
        return Scope.WHOLE
    is_of_all = "Domain" not in cut.split and "domain" not in there
    return Scope.ACCOUNT if base.scope is Scope.DOMAINS and is_of_all else base.scope


def variants_of(cut: Cut, base: Dataset) -> list[Mapping[str, object]]:
    """The variants of the catalog that a cut asks: of what it does not say, the API's default."""
    wanted = {name: getattr(cut, key) for key, name in VALUES.items()}
    return [
        variant
        for variant in base.variants
        if all(_text(v) in (wanted[n] or [_default(base, n)]) for n, v in variant.items())
    ]


def values_in(base: Dataset, name: str) -> tuple[str, ...]:
    """The values of a parameter that the variants of a dataset have, in order."""
    return tuple(dict.fromkeys(_text(one[name]) for one in base.variants if name in one))


def _default(base: Dataset, name: str) -> str:
    default = base.endpoint.parameter[name].default
    return values_in(base, name)[0] if default is None else str(default)


def _text(value: object) -> str:
    return str(value[0] if isinstance(value, list) else value)


def _is_named(cut: Cut, key: str) -> bool:
    """True if each request has one value of a filter, which becomes a column."""
    return key in cut.each or len(cut.values(key)) == 1


def _is_drawn(cut: Cut, key: str) -> bool:
    return cut.is_all(key) and key != "protocols"


def _source(cut: Cut, key: str) -> str:
    """The field of Inventory that has all values of a filter."""
    return key if key == "isps" else str(getattr(cut, key))


def _choices(cut: Cut, base: Dataset) -> list[list[Mapping[str, object]]]:
    """For each filter that is sent with one value at a time, all that it is sent with."""
    found: list[list[Mapping[str, object]]] = []
    for key, name in FILTERS.items():
        if not _is_named(cut, key) or _is_drawn(cut, key):
            continue
        values = cut.values(key) or base.endpoint.parameter[name].allowed
        found.append([{name: [_on_the_wire(key, str(value))]} for value in values])
    return found


def _parameters(cut: Cut) -> dict[str, object]:
    """The filters that are the same in every request."""
    found: dict[str, object] = {}
    for key, name in FILTERS.items():
        values = cut.values(key)
        is_split = key == "protocols" and "Protocol" in cut.split
        if len(values) > 1 and key not in cut.each and not is_split:
            found[name] = [_on_the_wire(key, value) for value in values]
    return found


def _on_the_wire(key: str, value: str) -> object:
    return region_of(value) if key in ("regions", "user_regions") else value


def _key(cut: Cut, base: Dataset, of_each: list[str]) -> tuple[str, ...]:
    stream = ("domain", "app", "stream") if cut.is_one_stream else ()
    split = [SPLITS[name].column for name in cut.split]
    of_base = {SPLITS[name].column for name in base.split}
    rest = [name for name in base.key if name not in of_base]
    return tuple(dict.fromkeys((*stream, *split, *of_each, *rest)))


def _description(cut: Cut, base: Dataset) -> str:
    """What the comment of the table says of it."""
    by = ", ".join([*(SPLITS[name].column for name in cut.split), *map(column_of, cut.each)])
    what = f"A cut of the settings{f' by {by}' if by else ''}"
    if cut.is_one_stream:
        what += f" of the stream {cut.app}/{cut.stream}"
    elif "Domain" not in cut.split and base.split:
        what += " of all domains together"
    width = cut.width_s or base.bucket_s
    sentences = [f"{what}, every {width} s." if width else f"{what}."]
    if cut.days > 1:
        sentences.append(f"Each list is of the {cut.days} days up to business_date.")
    listed = [key for key in ("domains", *FILTERS) if cut.values(key) and key not in cut.each]
    limits = [f"{key} {', '.join(cut.values(key))}" for key in listed]
    if limits:
        sentences.append(f"Only {'; '.join(limits)}.")
    if base.bucket_s is not None and (by or limits):
        sentences.append("Peaks of parts do not add up.")
    return " ".join(filter(None, (cut.description.strip(), *sentences)))
