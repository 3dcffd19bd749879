"""Questions with ready SQL: assets/sql/examples/<name>.sql, the question in a comment on top."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from resources.errors import LivestatsError

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "sql" / "examples"


class UnknownExample(LivestatsError):
    """There is no example of that name; the message names the nearest, or all."""


@dataclass(frozen=True)
class Example:
    """One question and the SQL that answers it."""

    name: str
    question: str
    sql: str  # the whole file


def examples() -> tuple[Example, ...]:
    """All examples, by name."""
    return tuple(_read(path) for path in sorted(FOLDER.glob("*.sql")))


def example(name: str) -> Example:
    """The example of that name. Raises UnknownExample."""
    names = sorted(path.stem for path in FOLDER.glob("*.sql"))
    if name not in names:  # also keeps a name from being a path
        near = get_close_matches(name, names, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names)}."
        raise UnknownExample(f"There is no example {name!r}. {hint}")
    return _read(FOLDER / f"{name}.sql")


def _read(path: Path) -> Example:
    text = path.read_text("utf-8")
    lines = text.splitlines()
    question = []
    for line in lines:
        if not line.startswith("--"):
            break
        question.append(line.removeprefix("--").strip())
    return Example(path.stem, " ".join(question), text)
