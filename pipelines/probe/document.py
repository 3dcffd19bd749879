"""The file of a probe: findings and shapes, in words that stand in this repository and nowhere else.

Whatever is written or read is compared with these words, so no name, figure or key of an account can
be in it. What `livestats simulate --like` makes of it is in like.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.probe.codes import WORDS as CODES
from pipelines.probe.shapes import COUNTS, HOW_OFTEN, TYPES, Shape
from pipelines.probe.topics import TOPICS, Confidence, Finding
from resources.api.catalog import ENDPOINTS
from resources.api.catalog.vendors import VENDORS
from resources.errors import LivestatsError
from resources.fs.atomic import write_atomically

FORMAT = "livestats probe 1"
_NUMBERS = ("count", "most", "least", "seconds", "days", "times", "status", "per_s", "documented")
_LARGEST = 100_000
_HOW = ("asked", "answered", "given")
_KEYS = ("answers", "Result", "lists", "list", "rows", "fields", "other fields")
_INNER = ("types", "null", "missing", "count")


class NotAProbe(LivestatsError):
    """A file that `livestats probe` did not write."""


def _names() -> frozenset[str]:
    """Every action, parameter, field and list of the catalog."""
    found = set(ENDPOINTS)
    for endpoint in ENDPOINTS.values():
        found |= {parameter.name for parameter in endpoint.parameters}
        found |= {total.name for total in endpoint.totals}
        layouts = [layout for layout in (endpoint.rows, endpoint.split_rows) if layout]
        for level in (one for layout in layouts for one in layout.levels):
            found |= {level.name, *(f.name for f in level.fields)}
            found |= {one.name for one in level.ignored_lists}
        for layout in layouts:
            names = [level.name for level in layout.levels]
            found |= {".".join(names[: n + 1]) for n in range(len(names))}
        found |= {one.name for one in endpoint.ignored_lists}
    return frozenset(found)


NAMES = _names()
_WORDS = NAMES | CODES | {*_HOW, *TYPES, *HOW_OFTEN, *COUNTS, *_KEYS, *_INNER}


def document(
    findings: Iterable[Finding], shapes: Mapping[str, Shape], *, version: str, vendor: str
) -> dict[str, Any]:
    """What is written; raises ValueError for a word that is none of ours."""
    made = {
        "format": FORMAT,
        "livestats": version,
        "vendor": vendor,
        "findings": [
            {
                "topic": one.topic,
                "answer": one.answer,
                "confidence": one.confidence.value,
                "details": {k: [*v] if isinstance(v, tuple) else v for k, v in one.details.items()},
            }
            for one in findings
        ],
        "shapes": dict(shapes),
    }
    check(made)
    return made


def check(made: Mapping[str, Any]) -> None:
    """Raise ValueError unless all of it is made of our words and of small numbers."""
    if set(made) != {"format", "livestats", "vendor", "findings", "shapes"}:
        raise ValueError("it has other parts than a probe writes")
    if made["format"] != FORMAT or made["vendor"] not in VENDORS:
        raise ValueError(f"it is not of the format {FORMAT!r}")
    for one in made["findings"]:
        topic = TOPICS.get(one["topic"])
        if topic is None or one["answer"] not in topic.answers:
            raise ValueError("it has a topic or an answer that this version does not know")
        Confidence(one["confidence"])
        for key, value in one["details"].items():
            _check_detail(key, value)
    _check_words(made["shapes"])


def _check_detail(key: str, value: object) -> None:
    if key in _NUMBERS:
        if type(value) is not int or not 0 <= value <= _LARGEST:
            raise ValueError(f"{key} is no small number")
    elif key not in ("action", "actions", "fields", "parameter", "code", "echo", "counts"):
        raise ValueError("it has a detail that no probe writes")
    else:
        _check_words(value)


def _check_words(value: object) -> None:
    if isinstance(value, Mapping):
        _check_words([*value.keys()])
        _check_words([*value.values()])
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for one in value:
            _check_words(one)
    elif isinstance(value, str):
        if value not in _WORDS:
            raise ValueError("it has a word that no probe writes")
    elif type(value) is not int or not 0 <= value <= _LARGEST:
        raise ValueError("it has a value that no probe writes")


def write(path: Path, made: Mapping[str, Any]) -> None:
    """Write the file whole or not at all."""
    check(made)
    write_atomically(path, (json.dumps(made, indent=1) + "\n").encode("ascii"))


def read(path: Path) -> list[Finding]:
    """The findings of a file. Raises NotAProbe if it is none."""
    try:
        made = json.loads(path.read_text("utf-8"))
        check(made)
        return [
            Finding(
                one["topic"],
                one["answer"],
                Confidence(one["confidence"]),
                {k: tuple(v) if isinstance(v, list) else v for k, v in one["details"].items()},
            )
            for one in made["findings"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotAProbe(
            f"{path} is no file of `livestats probe`: {error}. Make one with `livestats probe`."
        ) from error
