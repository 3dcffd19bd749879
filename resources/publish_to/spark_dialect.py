"""The SELECT of a mart in Spark's SQL. What is not known to mean the same there is refused.

sqlglot translates nearly all of DuckDB's SQL without complaint, also what then means something else: a list
that is indexed by an expression is off by one, several unnest() of one SELECT are crossed instead of
zipped, isodow() is two days off, arg_max() takes NULLs. So there is a list of what is known, and rules for
what is written otherwise. The session of the engine must be in UTC: then Spark's TIMESTAMP is DuckDB's
TIMESTAMPTZ. What all marts give on both engines is compared by tests/scale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from resources.marts.definition import Mart, MartKind
from resources.publish_to.errors import NotInstalled, NotPublished

Node = Any  # of sqlglot, which the default install does not have


class NotPortable(NotPublished):
    """A mart has SQL that is not known to mean the same in Spark; the message says which."""


def to_spark(mart: Mart, places: Mapping[str, str]) -> str:
    """The SELECT of a mart for Spark.

    `places` maps the tables that it reads to the names that they have there. Raises NotPortable, before
    anything is computed, and NotInstalled without sqlglot.
    """
    try:
        import sqlglot
    except ImportError as error:
        raise NotInstalled(
            "Marts on Spark need packages that the default install does not have. In the checkout: "
            ".venv/bin/python -m pip install --no-build-isolation --editable '.[scale]'"
        ) from error
    if mart.kind is MartKind.MACRO:
        raise NotPortable(f"{mart.name}: a macro takes parameters, and is of DuckDB only.")
    try:
        tree = sqlglot.parse_one(mart.sql, read="duckdb")
        for node in tree.walk():
            if reason := _refused(node):
                raise NotPortable(
                    f"{mart.name}: {node.sql(dialect='duckdb')[:120]} {reason}. docs/add-a-mart.md has "
                    "what marts are written with."
                )
        places = {table: place for table, place in places.items() if table in mart.reads}
        # The leaves first: a rule finds what its node holds already translated.
        for node in reversed([*tree.walk(bfs=True)]):
            if rule := _RULES.get(_kind(node)):
                rule(node, places)
        raising = sqlglot.ErrorLevel.RAISE
        return str(tree.sql(dialect="spark", comments=False, unsupported_level=raising))
    except sqlglot.errors.SqlglotError as error:
        raise NotPortable(f"{mart.name}: sqlglot cannot translate it: {error}") from None


def _kind(node: Node) -> str:
    return type(node).__name__


# What is refused


_ALIKE = frozenset({
    "Abs", "Add", "Alias", "And", "Between", "Boolean", "Case", "Coalesce", "Column", "Count",
    "CTE", "DataType", "Distinct", "Div", "DPipe", "EQ", "From", "Greatest", "GT", "GTE",
    "Identifier", "If", "In", "IntDiv", "Is", "Lag", "Lead", "Literal", "LT", "LTE", "Median",
    "Min", "Mul", "Neg", "NEQ", "Not", "Null", "Nullif", "NullSafeNEQ", "Or", "Order", "Ordered",
    "Paren", "Rank", "Round", "RowNumber", "Select", "Sub", "Subquery", "Sum", "Table",
    "TableAlias", "Tuple", "Values", "Var", "Where", "WindowSpec",
})  # fmt: skip
"""Kinds of nodes that mean the same in both, as sqlglot writes them."""


def _refused(node: Node) -> str:
    """Why a node is not known to mean the same in Spark; '' for one that is."""
    kind = _kind(node)
    if kind in _ALIKE:
        return ""
    check = _CHECKS.get(kind)
    return check(node) if check else "is not known to mean the same in Spark"


def _is_instant(node: Node) -> bool:
    """True for a column whose name says that it is an instant."""
    return _kind(node) == "Column" and node.name.endswith("_at")


def _is_local(node: Node) -> bool:
    """True for a cast to a time without a zone."""
    return _kind(node) == "Cast" and node.to.this.name in ("TIMESTAMP", "TIMESTAMPNTZ")


def _calendar(node: Node) -> str:
    return "depends on the zone of the session" if _is_instant(node.this) else ""


def _cast(node: Node) -> str:
    to, source = node.to.this.name, node.this
    while _kind(source) in ("Coalesce", "Filter", "Paren"):
        source = source.this
    if to == "DATE":
        return _calendar(node)
    if to in ("BIGINT", "INT", "INTEGER"):
        is_whole = _kind(source) in ("Column", "Count", "IntDiv", "Literal", "Null", "Sum")
        return "" if is_whole else "cuts fractions off in Spark, and rounds in DuckDB"
    if to in ("TEXT", "VARCHAR"):
        is_plain = _kind(source) in ("IntDiv", "Literal", "Null")
        return "" if is_plain else "is not known to give the same text in Spark"
    known = to in ("BOOLEAN", "DOUBLE", "TIMESTAMP", "TIMESTAMPNTZ", "TIMESTAMPTZ")
    return "" if known else "is a type that is not known"


def _explode(node: Node) -> str:
    select = node.parent_select
    beside = [one for one in select.find_all(type(node)) if one.parent_select is select]
    if len(beside) > 1:
        return "stands beside another unnest(): Spark crosses them, DuckDB zips them"
    if _kind(node.this) != "GenerateSeries" or _kind(node.parent) != "Alias":
        return "is not a column of a generate_series()"
    return ""


def _filter(node: Node) -> str:
    if _kind(node.parent) == "Window":
        return "has OVER, which Spark does not know; CASE inside of the function does the same"
    return "" if node.this.args.get("count") is None else "has a list of largest values in it"


def _function(node: Node) -> str:
    name = node.name.lower()
    if name not in _FUNCTIONS:
        return "is a function that is not known in Spark"
    if name == "timezone" and not (
        _is_instant(node.expressions[1]) or _is_local(node.expressions[1])
    ):
        return "may convert either way: give it a column whose name ends in _at, or a ::TIMESTAMP"
    return ""


def _having(node: Node) -> str:
    """Engines differ in what a name means that is a column of both the tables and the SELECT."""
    given = {one.alias for one in node.parent.expressions if _kind(one) == "Alias"}
    named = {one.name for one in node.walk() if _kind(one) == "Column" and not one.table}
    return "names what the SELECT names as well" if given & named else ""


def _join(node: Node) -> str:
    is_known = not node.method and node.kind in ("", "INNER", "CROSS", "ANTI", "OUTER")
    return "" if is_known and node.side in ("", "LEFT", "FULL") else "is a join that is not known"


def _only_inside(kind: str, reason: str) -> Callable[[Node], str]:
    return lambda node: "" if _kind(node.parent) == kind else reason


def _unless(argument: str, reason: str) -> Callable[[Node], str]:
    return lambda node: reason if node.args.get(argument) else ""


def _fine(_node: Node) -> str:
    return ""


_CHECKS: Mapping[str, Callable[[Node], str]] = {
    "Anonymous": _function,
    "ArgMax": _unless("count", "is a list of several"),
    "Bracket": lambda _: "is a list indexed: off by one in Spark; write list_extract(list, number)",
    "Cast": _cast,
    "Concat": lambda node: (
        "" if all(_kind(part) == "Literal" for part in node.expressions) else "skips NULLs"
    ),
    **dict.fromkeys(
        ("DayOfMonth", "DayOfWeekIso", "Hour", "LastDay", "Minute", "Month", "Quarter", "Second"),
        _calendar,
    ),
    "TimestampTrunc": _calendar,
    "Year": _calendar,
    "Explode": _explode,
    "Filter": _filter,
    "GenerateSeries": _only_inside("Explode", "is known inside of unnest() only"),
    "Group": _unless("all", "names no columns; name them"),
    "Having": _having,
    "Interval": _only_inside("GenerateSeries", "depends on the zone of the session; to_seconds()"),
    "Join": _join,
    "Max": _fine,
    "Star": _unless("except_", "leaves columns out; name those that stay"),
    "Union": _unless("by_name", "is by name"),
    "Window": _fine,
    "With": _unless("recursive", "is recursive"),
}  # fmt: skip


# What is written otherwise


def _call(name: str, *arguments: Node) -> Node:
    from sqlglot import exp

    return exp.Anonymous(this=name, expressions=[*arguments])


def _parsed(sql: str) -> Node:
    import sqlglot

    return sqlglot.parse_one(sql, read="spark")


def _as_whole(node: Node) -> Node:
    from sqlglot import exp

    return exp.cast(node, "INT", dialect="spark")


def _to_zone(zone: Node, time: Node) -> Node:
    if _kind(time) == "Cast":
        return _call("to_utc_timestamp", time, zone)
    return _call("from_utc_timestamp", time, zone)


_FUNCTIONS: Mapping[str, Callable[..., Node]] = {
    "epoch_us": lambda instant: _call("unix_micros", instant),
    "list_extract": lambda found, index: _call("try_element_at", found, _as_whole(index)),
    "timezone": _to_zone,
    "to_seconds": lambda seconds: _call("make_dt_interval", *map(_parsed, "000"), seconds),
}


def _translate_function(node: Node, _places: Mapping[str, str]) -> None:
    node.replace(_FUNCTIONS[node.name.lower()](*node.expressions))


def _translate_arg_max(node: Node, _places: Mapping[str, str]) -> None:
    """DuckDB passes over rows whose value is NULL."""
    from sqlglot import exp

    value = node.this
    is_there = exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null()))
    node.set("expression", exp.Case().when(is_there, node.expression))


def _translate_list_of_largest(node: Node, _places: Mapping[str, str]) -> None:
    count = node.args.get("count")
    if count is not None:
        ordered = _call("sort_array", _call("collect_list", node.this), _parsed("false"))
        node.replace(_call("slice", ordered, _parsed("1"), count))


def _translate_weekday(node: Node, _places: Mapping[str, str]) -> None:
    from sqlglot import exp

    from_sunday = exp.paren(exp.Add(this=_call("dayofweek", node.this), expression=_parsed("5")))
    from_monday = exp.Mod(this=from_sunday, expression=_parsed("7"))
    node.replace(exp.paren(exp.Add(this=from_monday, expression=_parsed("1"))))


def _translate_table(node: Node, places: Mapping[str, str]) -> None:
    from sqlglot import exp

    place = places.get(".".join(part.name for part in node.parts))
    if place is not None:
        alias = node.alias or node.name
        node.replace(exp.alias_(exp.to_table(place, dialect="spark"), alias, table=True))


def _translate_type(node: Node, _places: Mapping[str, str]) -> None:
    from sqlglot import exp

    if node.this.name == "TIMESTAMPNTZ":
        node.replace(exp.DataType.build("TIMESTAMPTZ"))


def _translate_cte(node: Node, _places: Mapping[str, str]) -> None:
    node.set("materialized", None)


_RULES: Mapping[str, Callable[[Node, Mapping[str, str]], None]] = {
    "Anonymous": _translate_function,
    "ArgMax": _translate_arg_max,
    "CTE": _translate_cte,
    "DataType": _translate_type,
    "DayOfWeekIso": _translate_weekday,
    "Max": _translate_list_of_largest,
    "Table": _translate_table,
}
