"""docs/dictionary.md and its Chinese twin, every table and column of an archive.

Made by `python -m pipelines.docgen.dictionary`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

from resources.config import CHINESE, ENGLISH, LANGUAGES
from resources.home.layout import Home
from resources.i18n import say, say_unit
from resources.marts import build, data_dictionary, table_comments
from resources.system_tables.reconciliation import table as reconciliation_table
from resources.warehouse import connection as warehouse_connection

_DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES: Mapping[str, Path] = MappingProxyType(
    {ENGLISH: _DOCS / "dictionary.md", CHINESE: _DOCS / "dictionary.zh-CN.md"}
)
"""By language."""

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
_ABOUT = (
    "Made by `python -m pipelines.docgen.dictionary`; `livestats tables NAME` shows the same, and\n"
    "every table and column has it as its comment in the database. Units are in the names:\n"
    "`_mbps` 10^6 bits per second, `_bytes`, `_ms`, `_s`; bytes are counted by 10^9 to the GB.\n"
    "`business_date` is a day of the business time zone, TIMESTAMPTZ an instant. NULL is\n"
    "missing, never 0. The key is what occurs once."
)
_BOTH = (
    "English: [dictionary.md](dictionary.md), Chinese: [dictionary.zh-CN.md](dictionary.zh-CN.md). The\n"
    "setting `archive.language` (`LIVESTATS_LANGUAGE`), `en` or `zh`, chooses which the database has."
)
_MEMORY = (
    "By these, loads know what is level. Not an interface: they change with versions. "
    "`meta.<table>_listed` holds a dataset's rows under every day that lists them."
)


def page(language: str = ENGLISH) -> str:
    """The whole page."""
    return "\n".join(_lines(language)) + "\n"


def _lines(language: str) -> Iterator[str]:
    tables = data_dictionary.tables(language)
    yield from (f"# {say('Data dictionary', language)}", "", say(_ABOUT, language), "")
    yield from (say(_BOTH, language), "")
    for title, about, kinds in _PARTS:
        found = [table for table in tables if table["kind"] in kinds]
        yield say("**{}.** {}", language).format(say(title, language), say(about, language))
        yield ""
        groups = dict.fromkeys(table["group"] for table in found)
        for group in groups:
            links = (_link(table["table"]) for table in found if table["group"] == group)
            yield say("- {}: {}", language).format(say(group, language), ", ".join(links))
        yield ""
    meta = say(_META, language)
    link = f"[{say('What loads remember', language)}](#{_anchor(meta)})"
    yield from (say("**{}.** {}", language).format(meta, say("{}.", language).format(link)), "")
    for title, _, kinds in _PARTS:
        yield from (f"## {say(title, language)}", "")
        for table in tables:
            if table["kind"] in kinds:
                yield from _table(table, language)
    yield from _meta(language)


def _table(table: dict[str, Any], language: str) -> Iterator[str]:
    yield from (f"### {table['table']}", "", _text(table["description"]), "")
    facts = []
    if table["action"]:
        facts.append(("Source: {}", table["action"]))
    if table["key"]:
        facts.append(("Key: {}", ", ".join(f"`{name}`" for name in table["key"])))
    if table["kind"] == "macro":
        given = (n if d is None else f"{n} := {d}" for n, d in table["parameters"].items())
        facts.append(("Asked as {}", f"`FROM {table['table']}({', '.join(given)})`"))
    elif table["parameters"]:
        fixed = (f"{name} = {_word(value)}" for name, value in table["parameters"].items())
        facts.append(("Asked with {}", ", ".join(fixed)))
    variants = ["; ".join(f"{n} = {_word(v)}" for n, v in v.items()) for v in table["variants"]]
    if variants:
        facts.append(("Each asked for on its own: {}", " / ".join(variants)))
    if facts:
        said = say(". ", language).join(_text(say(t, language).format(f)) for t, f in facts)
        yield from (say("{}.", language).format(said), "")
    has_field = any(column["field"] for column in table["columns"])
    names = ["column", "type", "unit", *(["API field"] if has_field else []), "meaning"]
    yield f"| {' | '.join(say(name, language) for name in names)} |"
    yield "|" + "---|" * len(names)
    for column in table["columns"]:
        unit = say_unit(column["unit"], language)
        cells = [f"`{column['name']}`", f"`{column['type']}`", unit]
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


def _meta(language: str) -> Iterator[str]:
    """The tables in which loads record what is loaded; an empty warehouse has them all."""
    with (
        TemporaryDirectory() as folder,
        warehouse_connection.writing(Home(Path(folder)), "UTC") as connection,
    ):
        reconciliation_table.ensure_tables(connection)
        build.sync_marts(connection, "UTC", ())
        table_comments.sync_comments(connection, language)
        found = connection.execute(
            "SELECT t.table_name, t.comment, string_agg('`' || column_name || '`', ', ' "
            "ORDER BY column_index) FROM duckdb_tables() t JOIN duckdb_columns() c "
            "ON c.table_oid = t.table_oid AND c.schema_name = t.schema_name "
            "WHERE t.schema_name = 'meta' GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    names = (say(name, language) for name in ("name", "what it holds", "columns"))
    yield from (f"## {say(_META, language)}", "", say(_MEMORY, language), "")
    yield from (f"| {' | '.join(names)} |", "|---|---|---|")
    for name, comment, columns in found:
        yield f"| `meta.{name}` | {_text(comment)} | {columns} |"


def _anchor(heading: str) -> str:
    """The anchor of a heading in Markdown."""
    return heading.lower().replace(" ", "-")


def _link(name: str) -> str:
    return f"[{name}](#{name})"


def _text(text: str) -> str:
    """A text inside a Markdown cell."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _word(value: object) -> str:
    return " + ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def main() -> None:
    """Write the pages."""
    for language in LANGUAGES:
        PAGES[language].write_text(page(language), "utf-8")


if __name__ == "__main__":
    main()
