"""docs/dictionary.md, every table and column: made by `python -m pipelines.dictionary_page`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from resources import comments, contents, reconciliation, warehouse
from resources.home import Home
from resources.marts import level
from resources.settings import ENGLISH

PAGE = Path(__file__).resolve().parents[1] / "docs" / "dictionary.md"

_PARTS: Sequence[tuple[str, str, tuple[str, ...]]] = (
    (
        "Marts",
        "Answers made from the tables: begin here. Kept level with each load.",
        ("view", "table by day", "macro"),
    ),
    (
        "Tables of what the API says",
        "One for each dataset, as the vendor gives it, in units of the names. `x 1e9` after a "
        "field: the column is the API's value times that.",
        ("dataset",),
    ),
    (
        "About the archive",
        "What livestats knows of its own data.",
        ("bookkeeping",),
    ),
)
_META = "Schema meta"


def page() -> str:
    """The whole page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    tables = contents.tables()
    yield from (
        "# Data dictionary",
        "",
        "Made by `python -m pipelines.dictionary_page`; `livestats tables NAME` shows the same, and",
        "every table and column has it as its comment in the database. Units are in the names:",
        "`_mbps` 10^6 bits per second, `_bytes`, `_ms`, `_s`; bytes are counted by 10^9 to the GB.",
        "`business_date` is a day of the business time zone, TIMESTAMPTZ an instant. NULL is",
        "missing, never 0. The key is what occurs once.",
        "",
    )
    for title, about, kinds in _PARTS:
        found = [table for table in tables if table["kind"] in kinds]
        yield from (f"**{title}.** {about}", "")
        groups = dict.fromkeys(table["group"] for table in found)
        for group in groups:
            links = (_link(table["table"]) for table in found if table["group"] == group)
            yield f"- {group}: {', '.join(links)}"
        yield ""
    yield from (f"**{_META}.** [What loads remember](#schema-meta).", "")
    for title, _, kinds in _PARTS:
        yield from (f"## {title}", "")
        for table in tables:
            if table["kind"] in kinds:
                yield from _table(table)
    yield from _meta()


def _table(table: dict[str, Any]) -> Iterator[str]:
    yield from (f"### {table['table']}", "", _text(table["description"]), "")
    facts = []
    if table["action"]:
        facts.append(f"Source: {table['action']}")
    if table["key"]:
        facts.append(f"Key: {', '.join(f'`{name}`' for name in table['key'])}")
    if table["kind"] == "macro":
        given = (n if d is None else f"{n} := {d}" for n, d in table["parameters"].items())
        facts.append(f"Asked as `FROM {table['table']}({', '.join(given)})`")
    elif table["parameters"]:
        fixed = (f"{name} = {_word(value)}" for name, value in table["parameters"].items())
        facts.append(f"Asked with {', '.join(fixed)}")
    variants = ["; ".join(f"{n} = {_word(v)}" for n, v in v.items()) for v in table["variants"]]
    if variants:
        facts.append(f"Each asked for on its own: {' / '.join(variants)}")
    if facts:
        yield from (f"{'. '.join(map(_text, facts))}.", "")
    has_field = any(column["field"] for column in table["columns"])
    yield "| column | type | unit | " + ("API field | " if has_field else "") + "meaning |"
    yield "|---|---|---|---|" + ("---|" if has_field else "")
    for column in table["columns"]:
        cells = [f"`{column['name']}`", f"`{column['type']}`", column["unit"] or ""]
        if has_field:
            cells.append(_field(column))
        yield f"| {' | '.join([*map(_text, cells), _text(column['comment'])])} |"
    yield ""


def _field(column: dict[str, Any]) -> str:
    """The API's name, and what its value is multiplied by."""
    if not column["field"]:
        return ""
    times = "" if column["factor"] == 1 else f" x {column['factor']:g}".replace("+0", "")
    return f"{column['field']}{times}"


def _meta() -> Iterator[str]:
    """The tables by which loads know what is level; an empty warehouse has them all."""
    with TemporaryDirectory() as folder, warehouse.writing(Home(Path(folder)), "UTC") as connection:
        reconciliation.ensure_tables(connection)
        level.bring_level(connection, "UTC", ())
        comments.bring_level(connection, ENGLISH)
        found = connection.execute(
            "SELECT t.table_name, t.comment, string_agg('`' || column_name || '`', ', ' "
            "ORDER BY column_index) FROM duckdb_tables() t JOIN duckdb_columns() c "
            "ON c.table_oid = t.table_oid AND c.schema_name = t.schema_name "
            "WHERE t.schema_name = 'meta' GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    yield from (
        f"## {_META}",
        "",
        "By these, loads know what is level. Not an interface: they change with versions. "
        "`meta.<table>_listed` holds a dataset's rows under every day that lists them.",
        "",
        "| name | what it holds | columns |",
        "|---|---|---|",
    )
    for name, comment, columns in found:
        yield f"| `meta.{name}` | {_text(comment)} | {columns} |"


def _link(name: str) -> str:
    return f"[{name}](#{name})"


def _text(text: str) -> str:
    """A text inside a Markdown cell."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _word(value: object) -> str:
    return " + ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
