"""Mart definitions: reads and validates the files `assets/sql/<name>.sql`, one SELECT each.

Not here: creating marts in the warehouse (build.py, read it next).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb

from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import CUT_PREFIX
from resources.config import ENGLISH
from resources.errors import LivestatsError
from resources.i18n import column_comment, say, table_comment
from resources.system_tables.registry import OWN_TABLES

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "sql"
"""The mart files. Each begins with a header of comment lines:

    -- What the mart holds; the comment of the relation.
    -- group: traffic
    -- kind: view                 or: table by day, macro
    -- key: business_date, domain               what is unique; may be left out
    -- optional: ip_info          datasets that may be switched off: then they have no rows
    -- parameters:                              of a macro only
    --   first_day: First day of the range.
    --   n = 20: How many.
    -- columns:
    --   business_date: Calendar day in the business time zone.
    --   billed_mbps [Mbps]: What is billed.
    --     A line that is indented deeper goes on with the one above.

One SELECT follows. What it reads is found in the SQL itself. A line `-- include: NAME`, in the header
or in the SELECT, stands for the text of `parts/NAME.sql`: what several marts have in common.
"""

ARCHIVE_TABLE = "meta.archive"
"""A table of one row, for marts: `time_zone` is the name of the business time zone."""


class MartError(LivestatsError, ValueError):
    """A mart file is invalid; the message names the file and the error."""


class MartKind(StrEnum):
    """What a mart is in the warehouse."""

    VIEW = "view"
    TABLE = "table by day"
    MACRO = "macro"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a mart, as the header declares it."""

    name: str
    unit: str | None
    meaning: str

    def comment(self, language: str = ENGLISH) -> str:
        """What DuckDB and BI tools show of it."""
        return column_comment(self.meaning, unit=self.unit, language=language)


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of a macro."""

    name: str
    default: str | None  # an SQL literal; None: required
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Mart:
    """One mart file."""

    name: str
    meaning: str
    group: str
    kind: MartKind
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    sql: str  # the SELECT, without a semicolon
    reads: tuple[str, ...]  # tables and marts, sorted

    @property
    def call(self) -> str:
        """The expression for a FROM; required parameters are NULL."""
        if self.kind is not MartKind.MACRO:
            return self.name
        return f"{self.name}({', '.join('NULL' for p in self.parameters if p.default is None)})"

    def comment(self, language: str = ENGLISH) -> str:
        """What DuckDB and BI tools show of it."""
        found = table_comment(self.meaning, key=self.key, language=language)
        if self.kind is MartKind.MACRO:
            # DuckDB has no comments on the parameters and columns of a macro.
            given = [(p.name, say(p.meaning, language)) for p in self.parameters]
            found += say(" Parameters: {}.", language).format(_listed(given, language))
            columns = [(c.name, c.comment(language)) for c in self.columns]
            found += say(" Columns: {}.", language).format(_listed(columns, language))
        return found


def _listed(items: Sequence[tuple[str, str]], language: str) -> str:
    """'name (meaning)' of each item, joined."""
    return say("; ", language).join(say("{} ({})", language).format(*item) for item in items)


@cache
def read(folder: Path = FOLDER) -> Mapping[str, Mart]:
    """All marts by name, in dependency order.

    Raises MartError for a file that breaks the form described at FOLDER, reads a table that does
    not exist, or depends on itself.
    """
    with duckdb.connect() as parser:
        found = {path.stem: _parse(path, parser) for path in sorted(folder.glob("*.sql"))}
    known = {*DATASETS, *OWN_TABLES, ARCHIVE_TABLE, *found}
    for mart in found.values():
        unknown = sorted(set(mart.reads) - known)
        if unknown:
            raise MartError(f"{mart.name}.sql reads {', '.join(unknown)}: no such table or mart.")
    try:
        order = TopologicalSorter({m.name: m.reads for m in found.values()}).static_order()
        marts = {name: found[name] for name in order if name in found}
    except CycleError as error:
        raise MartError(f"Marts read each other in a circle: {' > '.join(error.args[1])}") from None
    for mart in marts.values():
        others = sources(mart, marts) - set(DATASETS) - {ARCHIVE_TABLE}
        if mart.kind is MartKind.TABLE and others:
            raise MartError(
                f"{mart.name}.sql is a table by day and reads {', '.join(sorted(others))}, whose "
                "changes are not known day by day. Read datasets only, or make it a view."
            )
    return marts


def sources(mart: Mart, marts: Mapping[str, Mart]) -> set[str]:
    """The tables that a mart depends on, directly or through other marts."""
    found: set[str] = set()
    for name in mart.reads:
        found |= sources(marts[name], marts) if name in marts else {name}
    return found


def available(marts: Mapping[str, Mart], tables: Collection[str]) -> list[Mart]:
    """The marts that can be built from `tables`, in dependency order.

    A missing optional dataset reads as an empty table. A mart is left out if a required source is
    missing, or all datasets that it reads.
    """
    found: dict[str, Mart] = {}
    for mart in marts.values():
        there = {*tables, ARCHIVE_TABLE} - {*marts} | {
            *found
        }  # a table may be left from an older mart
        missing = {*mart.reads} - there
        datasets = {n for n in mart.reads if n in DATASETS}
        if missing <= {*mart.optional} and not (datasets and datasets <= missing):
            found[mart.name] = _without(mart, missing)
    return [*found.values()]


def _without(mart: Mart, missing: Collection[str]) -> Mart:
    """The mart with empty tables in place of the missing ones."""
    if not missing:
        return mart
    empty = (
        f"{name} AS (SELECT "
        + ", ".join(f"NULL::{c.kind.sql} AS {c.name}" for c in DATASETS[name].columns)
        + " WHERE false)"
        for name in sorted(missing)
    )
    return replace(
        mart,
        sql=f"WITH {', '.join(empty)} FROM ({mart.sql})",
        reads=tuple(name for name in mart.reads if name not in missing),
    )


_INCLUDE = re.compile(r"^-- include: (.*)\n", re.MULTILINE)
_HEADER = re.compile(r"((?:--.*\n)+)")
_COLUMN = re.compile(r"([a-z][a-z0-9_]*)(?: \[([^\]]+)\])?: (\S.*)")
_PARAMETER = re.compile(r"([a-z][a-z0-9_]*)(?: = ([^:]+))?: (\S.*)")
_FIELDS = ("group", "kind", "key", "optional", "parameters", "columns")


def _parse(path: Path, parser: duckdb.DuckDBPyConnection) -> Mart:
    text = _INCLUDE.sub(lambda found: _part(path, found[1]), path.read_text("utf-8"))
    header = _HEADER.match(text)
    if header is None:
        raise MartError(f"{path} does not begin with a header of comment lines.")
    said = _header_fields(path, header.group(1).splitlines())
    meaning, group, kind = (" ".join(said.get(name, [])) for name in ("", "group", "kind"))
    if kind not in [*MartKind]:
        raise MartError(f"{path}: kind: {kind!r} is none of {', '.join(MartKind)}.")
    if not meaning or not group or not said.get("columns"):
        raise MartError(f"{path}: the header needs a meaning, a group and columns.")
    name = path.stem
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or name in {*DATASETS, *OWN_TABLES}:
        raise MartError(f"{path}: {name} is the name of another table, or is not snake_case.")
    if name.startswith(CUT_PREFIX):
        raise MartError(f"{path}: names that begin with {CUT_PREFIX} are those of cuts.")
    key, optional = (
        tuple(" ".join(said.get(field, [])).replace(",", " ").split())
        for field in ("key", "optional")
    )
    columns = tuple(_column(path, line) for line in said["columns"])
    missing = sorted(set(key) - {c.name for c in columns})
    if missing:
        raise MartError(f"{path}: {', '.join(missing)} of the key is no column.")
    parameters = tuple(_parameter(path, line) for line in said.get("parameters", []))
    if (kind == MartKind.MACRO) != bool(parameters):
        raise MartError(f"{path}: a macro, and nothing else, has parameters.")
    if kind == MartKind.TABLE and columns[0].name != "business_date":
        raise MartError(f"{path}: the first column of a table by day is business_date.")
    sql = text[header.end() :].strip().removesuffix(";").rstrip()
    reads = _reads(path, sql, parser)
    unread = sorted({*optional} - ({*reads} & {*DATASETS}))
    if unread:
        raise MartError(f"{path}: {', '.join(unread)} is optional, but no dataset that it reads.")
    return Mart(
        name=name, meaning=meaning, group=group, kind=MartKind(kind), columns=columns, key=key,
        optional=optional, parameters=parameters, sql=sql, reads=reads,
    )  # fmt: skip


def _part(path: Path, name: str) -> str:
    """The text that several marts include. Raises MartError if there is none of that name."""
    part = path.parent / "parts" / f"{name}.sql"
    try:
        return part.read_text("utf-8")
    except FileNotFoundError:
        raise MartError(f"{path} includes {name}: there is no {part}.") from None


def _header_fields(path: Path, lines: Sequence[str]) -> dict[str, list[str]]:
    """Header field -> its items, with wrapped lines joined. The meaning is under ''."""
    found: dict[str, list[str]] = {}
    field, has_items = "", False
    for number, line in enumerate(lines, 1):
        body = line[2:].rstrip()
        depth = len(body) - len(body.lstrip())
        name, colon, rest = body.strip().partition(":")
        if depth == 1 and colon and name in _FIELDS:
            field, has_items = name, name in ("parameters", "columns")
            found[field] = [rest.strip()] if rest.strip() else []
        elif not body:
            continue
        elif has_items and depth == 3:
            found[field].append(body.strip())
        elif depth > (3 if has_items else bool(field)) and (found.get(field) or not field):
            items = found.setdefault(field, [])
            items[-1:] = [f"{items[-1]} {body.strip()}" if items else body.strip()]
        else:
            raise MartError(f"{path}:{number}: {line!r} fits no part of the header.")
    return found


def _column(path: Path, line: str) -> Column:
    match = _COLUMN.fullmatch(line)
    if match is None:
        raise MartError(f"{path}: {line!r} is not 'name: meaning' or 'name [unit]: meaning'.")
    return Column(name=match[1], unit=match[2], meaning=match[3])


def _parameter(path: Path, line: str) -> Parameter:
    match = _PARAMETER.fullmatch(line)
    if match is None:
        raise MartError(f"{path}: {line!r} is not 'name: meaning' or 'name = default: meaning'.")
    return Parameter(name=match[1], default=match[2], meaning=match[3])


def _reads(path: Path, sql: str, parser: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Tables and marts that `sql` reads, sorted, from its syntax tree; CTEs are not included."""
    ((text,),) = parser.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
    nodes: list[dict[str, Any]] = []  # every object of the tree, at any depth

    def keep(node: dict[str, Any]) -> dict[str, Any]:
        nodes.append(node)
        return node

    parsed = json.loads(text, object_hook=keep)
    if parsed["error"] and parsed["error_type"] == "parser":
        raise MartError(f"{path}: {parsed['error_message']}")
    if parsed["error"] or len(parsed["statements"]) != 1:
        raise MartError(f"{path}: exactly one SELECT is to follow the header.")
    tables, ctes = set(), set()
    for node in nodes:
        if node.get("type") == "BASE_TABLE":
            tables.add(".".join(filter(None, (node["schema_name"], node["table_name"]))))
        elif node.get("type") == "TABLE_FUNCTION":
            name = node["function"]["function_name"]
            if path.with_stem(name).exists():
                tables.add(name)
        ctes |= {cte["key"] for cte in node.get("cte_map", {"map": ()})["map"]}
    hidden = sorted(
        name for name in ctes if name in {*DATASETS, *OWN_TABLES} or path.with_stem(name).exists()
    )
    if hidden:
        raise MartError(
            f"{path}: WITH {', '.join(hidden)} hides what has the same name; rename it."
        )
    return tuple(sorted(tables - ctes))
