"""Log records as JSON objects, one a line, for collectors of logs: LIVESTATS_LOG_FORMAT=json.

What a record is about is read off its words: `log.error("%s %s: %s", dataset.name, day, error)`. Where
they do not hold it, `extra` does, by the names of ABOUT. Secrets are in redaction.py.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Mapping
from datetime import date, datetime
from types import TracebackType
from typing import Any

from resources.api.errors import ApiError
from resources.api.redaction import redact

VARIABLE = "LIVESTATS_LOG_FORMAT"
JSON, TEXT = "json", "text"

ABOUT = ("dataset", "day", "action", "error")
"""Names in a record's `extra`: two names and a date; an error becomes its kind and what the API said."""

_OF_ANSWER = ("action", "request_id", "code", "http_status")


class JsonFormatter(logging.Formatter):
    """One line of JSON for a record, without secrets and without characters that a terminal obeys."""

    def format(self, record: logging.LogRecord) -> str:
        """Time (ISO 8601 with offset), level, logger and message; the others where they are known."""
        at = datetime.fromtimestamp(record.created).astimezone()
        fields: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields |= _about(record)
        if isinstance(error := fields.get("error"), BaseException):
            fields["error"] = type(error).__name__
        if isinstance(error, ApiError):
            said = {name: getattr(error, name) for name in _OF_ANSWER}
            fields |= {name: value for name, value in said.items() if value is not None}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return _line({name: value for name, value in fields.items() if value is not None})


def _about(record: logging.LogRecord) -> dict[str, Any]:
    """What a record is about, by the names of ABOUT: of its extra, else of its words."""
    words = record.args if isinstance(record.args, tuple) else ()
    found: dict[str, Any] = {}
    if len(words) > 1 and isinstance(words[1], date) and str(record.msg).startswith("%s %s: "):
        found = {"dataset": words[0], "day": words[1]}
    errors = [one for one in words if isinstance(one, BaseException)]
    if record.exc_info and record.exc_info[1]:
        errors.append(record.exc_info[1])
    if errors:
        found["error"] = errors[0]
    given = {name: vars(record).get(name) for name in ABOUT}
    return found | {name: value for name, value in given.items() if value is not None}


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Whether the environment asks for JSON. Raises ValueError for a word that is not known."""
    word = environ.get(VARIABLE) or TEXT
    if word not in (JSON, TEXT):
        raise ValueError(f"{VARIABLE} is {word!r}. It is `json` or `text`, which is the default.")
    return word == JSON


def is_on() -> bool:
    """Whether this process logs JSON."""
    return _HANDLER in logging.getLogger().handlers


def switch_on() -> None:
    """Have everything that this process logs, and what it dies of, written to stderr as JSON."""
    _HANDLER.setStream(sys.stderr)
    logging.getLogger().addHandler(_HANDLER)
    logging.getLogger("livestats").setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    sys.excepthook, threading.excepthook = _uncaught, _uncaught_in_thread


def _line(fields: dict[str, Any]) -> str:
    """Each text is redacted before quotes in it are escaped, which would hide a secret."""
    kept = {k: v if isinstance(v, int) else redact(str(v)) for k, v in fields.items()}
    text = json.dumps(kept, ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _log.critical("ended by an error", exc_info=(kind, error, trace), extra={"error": error})


def _uncaught_in_thread(what: threading.ExceptHookArgs) -> None:
    if what.exc_value is not None:
        _uncaught(what.exc_type, what.exc_value, what.exc_traceback)


_HANDLER = logging.StreamHandler()
_HANDLER.setFormatter(JsonFormatter())
_HANDLER.setLevel(logging.INFO)  # Dagster gives its loggers lower ones, for each event of a run
_log = logging.getLogger("livestats.command")
