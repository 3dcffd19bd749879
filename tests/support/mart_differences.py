"""Rows of a mart as two engines have computed them: what differs."""

import math


def differences(mart, here, found):
    """What differs between the rows of DuckDB and those of the engine, in a line or none."""
    names = [column.name for column in mart.columns]
    if found.column_names != names:
        return [f"columns {found.column_names}"]
    there = [tuple(row.values()) for row in found.to_pylist()]
    if len(here) != len(there):
        return [f"{len(here)} rows, and {len(there)} there"]
    differing = [
        (one, other)
        for one, other in zip(ordered(here, mart), ordered(there, mart), strict=True)
        if not all(map(is_equal, one, other))
    ]
    return [
        f"{len(differing)} of {len(here)} rows: "
        + ", ".join(
            f"{name} {one!r}, {other!r} there"
            for name, one, other in zip(names, *pair, strict=True)
            if not is_equal(one, other)
        )
        for pair in differing[:1]
    ]


def ordered(rows, mart):
    """By the key, then by all columns that are no fractions."""
    names = [column.name for column in mart.columns]
    keys = [names.index(name) for name in mart.key]

    def order(row):
        rest = [value for value in row if not isinstance(value, float)]
        return [(value is None, value) for value in (*(row[i] for i in keys), *rest)]

    return sorted(rows, key=order)


def is_equal(one, other):
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return type(one) is type(other) and one == other
