"""Example queries: assets/sql/examples/<name>.sql, each with its question in a comment on top.

One that joins a file of the user has a line for it: `-- --with prices: domain, price_per_gb`.

Not here: running them (sql_sandbox.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from resources.errors import LivestatsError, near
from resources.serving.question_inputs import parameters_in

_FILE = re.compile(r"^-- --with (?P<name>\w+): (?P<columns>.+)$", re.MULTILINE)
FOLDER = Path(__file__).resolve().parents[2] / "assets" / "sql" / "examples"


class UnknownExample(LivestatsError):
    """No example has that name; the message names the closest one, or all."""


@dataclass(frozen=True)
class Example:
    """One question and the SQL that answers it."""

    name: str
    question: str
    sql: str  # the whole file

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of values that can be given to it; without them it asks about the newest days."""
        return tuple(sorted(parameters_in(self.sql)))

    @property
    def files(self) -> Mapping[str, str]:
        """Tables that it takes out of files of the user, and their columns, in words."""
        return {found["name"]: found["columns"] for found in _FILE.finditer(self.sql)}


def examples() -> tuple[Example, ...]:
    """All examples, by name."""
    return tuple(_read(path) for path in sorted(FOLDER.glob("*.sql")))


def example(name: str) -> Example:
    """The example of that name. Raises UnknownExample."""
    names = sorted(path.stem for path in FOLDER.glob("*.sql"))
    if name not in names:  # also keeps a name from being a path
        hint = near.hint(name, names) or f"There are: {', '.join(names)}."
        raise UnknownExample(f"There is no example {name!r}. {hint}")
    return _read(FOLDER / f"{name}.sql")


def _read(path: Path) -> Example:
    text = path.read_text("utf-8")
    lines = text.splitlines()
    comments = []
    for line in lines:
        if not line.startswith("--"):
            break
        comments.append(line.removeprefix("--").strip())
    return Example(path.stem, " ".join(comments), text)
