"""What is wrong with a cut: held against its endpoint's parameters and the rules between them.

Each message says what was asked, what is possible, and what to do. Not here: how many requests and
rows a cut takes (resources/api/cut_cost.py), which depends on the account.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from resources.api.catalog.cut_dataset import dataset_of, values_in, variants_of
from resources.api.catalog.cuts import ALL, FILTERS, VALUES, Cut, column_of
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import SPLITS, DedupKeep, Endpoint, Scope
from resources.api.catalog.parameters import (
    AllOrNone,
    ExclusiveValue,
    MutuallyExclusive,
    Parameter,
    RequiresValue,
)
from resources.errors import LivestatsError

NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


class CutError(LivestatsError, ValueError):
    """A cut that cannot be; the message begins with the key that is wrong."""


def dataset_from(cut: Cut, known: Mapping[str, Dataset]) -> Dataset:
    """The dataset of a cut; `known` are the datasets of the catalog. Raises CutError."""
    if not NAME.fullmatch(cut.name):
        raise CutError(
            f"the name {cut.name!r} is not possible: a small letter, then at most 40 small letters, "
            "digits and _."
        )
    base = _base(cut, known)
    for problem in _problems(cut, base):
        raise CutError(problem)
    return dataset_of(cut, base)


def actions_for_cuts(known: Mapping[str, Dataset]) -> dict[str, Dataset]:
    """The actions that cuts can be made of, each with the dataset that they are made from."""
    found: dict[str, Dataset] = {}
    for one in known.values():
        if not one.is_cut and _can_be_cut(one):
            found.setdefault(one.endpoint.action, one)
    return found


def _can_be_cut(one: Dataset) -> bool:
    """True if requests of a dataset name domains and a day, and rows belong to that day alone."""
    is_listed_twice = one.dedup_keep in (DedupKeep.FIRST_DAY, DedupKeep.LAST_DAY)
    by_domain = one.scope in (Scope.DOMAINS, Scope.DOMAIN, Scope.ACCOUNT)
    return by_domain and not (one.endpoint.is_present_state or is_listed_twice)


def _base(cut: Cut, known: Mapping[str, Dataset]) -> Dataset:
    possible = actions_for_cuts(known)
    if cut.endpoint in possible:
        return possible[cut.endpoint]
    near = difflib.get_close_matches(cut.endpoint, possible, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}? " if near else ""
    raise CutError(
        f"endpoint: {cut.endpoint!r} is no action that can be cut: {hint}Possible: "
        f"{', '.join(possible)}."
    )


def _problems(cut: Cut, base: Dataset) -> Iterator[str]:
    """What is wrong, the first of it first."""
    yield from _of_width(cut, base)
    yield from _of_days(cut, base)
    yield from _of_stream(cut, base.endpoint)
    yield from _of_split(cut, base)
    for key in FILTERS:
        if getattr(cut, key):
            yield from _of_filter(cut, key, base)
    yield from _of_each(cut, base)
    yield from _of_values(cut, base)
    yield from _of_constraints(cut, base)
    if cut.vhosts and cut.domains:
        yield "vhosts and domains exclude each other: write one of them."
    if any(not one for one in cut.domains):
        yield "domains: a pattern is empty; without the key all domains are meant."
    most = base.history.days - 1 if base.history else 0
    if not 0 <= cut.reread_days <= most:
        yield f"reread_days = {cut.reread_days}: 0 to {most} is possible."


def _of_width(cut: Cut, base: Dataset) -> Iterator[str]:
    if cut.width_s is None:
        return
    action = base.endpoint.action
    if base.bucket_s is None:
        yield f"width_s: {action} has no slots: its figures are of the whole day. Take width_s out."
        return
    allowed = base.endpoint.parameter["Aggregation"].allowed
    if cut.width_s not in allowed:
        yield f"width_s = {cut.width_s}: {action} has {_names(allowed)} s."


def _of_split(cut: Cut, base: Dataset) -> Iterator[str]:
    possible = splits_of(base.endpoint)
    for name in cut.split:
        if name in possible:
            continue
        told = f"split: {base.endpoint.action} does not split by {name!r}. "
        told += f"It splits by {_names(possible)}." if possible else "It has no split."
        split = SPLITS.get(name)
        key = next((k for k, p in FILTERS.items() if split and p == split.filter), None)
        if key and FILTERS[key] in base.endpoint.parameter:
            told += f' Write each = ["{key}"] to ask once for each of its values.'
        yield told
    if len(set(cut.split)) < len(cut.split):
        yield f"split: {_names(cut.split)}: each dimension once."


def splits_of(endpoint: Endpoint) -> tuple[str, ...]:
    """The dimensions that an action splits by, and whose labels come back with the figures."""
    detail = endpoint.parameter.get("DetailField")
    if detail is None or endpoint.split_rows is None:
        return ()
    labels = {f.name for f in endpoint.split_rows.levels[0].fields}
    return tuple(str(name) for name in detail.allowed if name in labels and name in SPLITS)


def _of_days(cut: Cut, base: Dataset) -> Iterator[str]:
    """Only a list of the first may be of several days: what has a time belongs to its own day."""
    if cut.days == 1:
        return
    if not base.ranked:
        yield f"days: {base.endpoint.action} is asked day by day; only lists of the first are not."
        return
    # One request has to hold it: the first of two parts are not those of the whole. An hour is left
    # for the end of summer time.
    most = (base.endpoint.longest(None, 0) - timedelta(hours=1)).days
    if not 1 <= cut.days <= most:
        yield f"days = {cut.days}: 1 to {most} is possible."


def _of_stream(cut: Cut, endpoint: Endpoint) -> Iterator[str]:
    if cut.app is None and cut.stream is None:
        return
    if not cut.is_one_stream:
        yield "app and stream belong together: write both, and domains beside them."
    takes = {"Domain", "App", "Stream"} <= {*endpoint.parameter}
    if not takes or endpoint.split_rows is None:
        lists = [k for k in ("apps", "streams") if FILTERS[k] in endpoint.parameter]
        hint = f" Write {' and '.join(lists)} instead." if lists else " Take them out."
        yield f"app and stream: {endpoint.action} is not asked about one stream.{hint}"
    if not cut.domains:
        yield "domains: one stream needs the domain that it is played from."
    if "Domain" in cut.split:
        yield "split: one stream is of one domain; take Domain out, the column is there."


def _of_filter(cut: Cut, key: str, base: Dataset) -> Iterator[str]:
    name = FILTERS[key]
    parameter = base.endpoint.parameter.get(name)
    if parameter is None:
        has = [k for k, p in FILTERS.items() if p in base.endpoint.parameter]
        yield f"{key}: {base.endpoint.action} has no such filter. It has {_names(has) or 'none'}."
        return
    if cut.is_all(key):
        word = getattr(cut, key)
        if word not in ALL.get(key, ()):
            words = f", or {' or '.join(map(repr, ALL[key]))}" if key in ALL else ""
            yield f"{key} = {word!r}: a list of values is possible{words}."
        is_split = any(SPLITS[one].filter == name for one in cut.split)
        if key not in cut.each and not is_split:
            yield f'{key} = {word!r} filters nothing. Add it to each = ["{key}"], or take it out.'
        return
    yield from _of_list(key, cut.values(key), parameter)
    yield from _beside_a_split(cut, key)


def _of_list(key: str, values: Sequence[str], parameter: Parameter) -> Iterator[str]:
    if len(set(values)) < len(values) or not all(values):
        yield f"{key} = {[*values]}: each value once, and none empty."
    for value in values:
        if parameter.allowed and value not in parameter.allowed:
            yield f"{key}: {value!r} is not possible. Possible: {_names(parameter.allowed)}."
        levels = value.split("/")
        if key in ("regions", "user_regions") and not (len(levels) <= 3 and all(levels)):
            yield f"{key}: {value!r} is no region. Write Area, Area/Country or Area/Country/Province."
    if parameter.max_items is not None and len(values) > parameter.max_items:
        yield f"{key} has {len(values)} values: {parameter.max_items} are possible."


def _beside_a_split(cut: Cut, key: str) -> Iterator[str]:
    """A dimension is split only where its filter has two or more values."""
    for name in cut.split:
        if SPLITS[name].filter == FILTERS[key] and len(cut.values(key)) == 1:
            yield (
                f"split: with {key} = {[*cut.values(key)]} there is nothing to split by {name}: two "
                f"values or more are needed. Take {name} out, the column is there nevertheless."
            )


def _of_each(cut: Cut, base: Dataset) -> Iterator[str]:
    rows = {f.column for level in base.endpoint.rows.levels for f in level.fields}
    for key in cut.each:
        if key not in FILTERS:
            yield f"each: {key!r} is no filter. Possible: {_names(FILTERS)}."
        elif not getattr(cut, key):
            word = f" = {ALL[key][-1]!r}" if key in ALL else ""
            yield f"each: {key} has no values. Write {key}{word}{' or' if word else ' ='} a list."
        elif column_of(key) in rows:
            yield f"each: {base.endpoint.action} tells that with every row. Take {key} out of it."
        elif any(SPLITS[name].filter == FILTERS[key] for name in cut.split):
            yield f"each: {key} is split by already. Take it out of one of the two."
    if len(set(cut.each)) < len(cut.each):
        yield f"each: {_names(cut.each)}: each filter once."


def _of_values(cut: Cut, base: Dataset) -> Iterator[str]:
    for key, name in VALUES.items():
        possible = values_in(base, name)
        for value in getattr(cut, key):
            if not possible:
                has = [k for k, p in VALUES.items() if values_in(base, p)]
                yield f"{key}: {base.endpoint.action} has none. It has {_names(has) or 'no such'}."
            elif value not in possible:
                yield f"{key}: {value!r} is not possible. Possible: {_names(possible)}."
    if not variants_of(cut, base):
        pairs = [" with ".join(map(str, one.values())) for one in base.variants]
        yield f"these values do not go together. Possible: {_names(pairs)}."


def _of_constraints(cut: Cut, base: Dataset) -> Iterator[str]:
    """The rules between parameters, for what a single request of the cut would hold."""
    keys = {name: key for key, name in (*FILTERS.items(), *VALUES.items())}
    given = {FILTERS[key] for key in FILTERS if getattr(cut, key)}
    for rule in base.endpoint.constraints:
        match rule:
            case MutuallyExclusive(names=names) if len(given.intersection(names)) > 1:
                both = [keys[name] for name in names if name in given]
                yield f"{' and '.join(both)} exclude each other: write one of them."
            case ExclusiveValue(name=name, value=value) if name in given:
                key = keys[name]
                values = cut.values(key)
                is_apart = key in cut.each or any(SPLITS[s].filter == name for s in cut.split)
                if value in values and len(values) > 1 and not is_apart:
                    yield (
                        f"{key}: {value} admits no other value beside it. Make two cuts, or ask once "
                        f'for each: each = ["{key}"].'
                    )
            case RequiresValue(names=names, other=other, value=value):
                limited = [keys[name] for name in names if name in given]
                chosen = {str(_first(one.get(other))) for one in variants_of(cut, base)}
                if limited and chosen != {value}:
                    yield f"{_names(limited)}: only with {keys[other]} = ['{value}']."
            case AllOrNone(names=names) if 0 < len(given.intersection(names)) < len(names):
                yield f"{_names(names)} belong together."


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) else value


def _names(values: object) -> str:
    return ", ".join(map(str, values)) if isinstance(values, Sequence | Mapping) else str(values)
