"""Answers kept in memory: rendered once for the template day, and given another day's dates.

What tells the day in an answer is cut out once; putting another day in is one join of bytes. The
numbers of an answer are the same on every day, its times and identifiers are not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from benchmarks.backfill.days import TEMPLATE, moved
from benchmarks.backfill.load import ZONE, answer, count_rows, table_of
from resources.api.catalog import API_VERSION
from resources.simulator import auth
from resources.simulator.api import Api

_TODAY, _TOMORROW = (f"{TEMPLATE + timedelta(days=i)}T".encode() for i in (0, 1))
_MARKS = re.compile(
    b'(?P<day>%b|%b)|"StreamBeginTime":(?P<ms>[0-9]{13})|"(?:SessionID|TaskID)":"(?P<id>[0-9a-f]{8})'
    % (_TODAY, _TOMORROW)
)
_MIDNIGHT_MS = int(datetime(*TEMPLATE.timetuple()[:3], tzinfo=ZONE).timestamp() * 1000)
_DAY_MS = 86_400_000


class Template:
    """One answer, and how it reads on another day."""

    def __init__(self, body: bytes, table: str, rows: int, *, has_days: bool) -> None:
        """`rows` of `table` stand in `body`."""
        self.table, self.rows = table, rows
        pieces: list[bytes] = []
        marks: list[bytes | int] = []  # a text of the template day, or milliseconds after midnight
        at = 0
        for found in _MARKS.finditer(body) if has_days else ():
            assert found.lastgroup is not None
            first, end = found.span(found.lastgroup)
            pieces.append(body[at:first])
            text = body[first:end]
            marks.append(int(text) - _MIDNIGHT_MS if found.lastgroup == "ms" else text)
            at = end
        pieces.append(body[at:])
        # Equal marks are one object, and most answers hold no other than the day.
        self._only_today = all(mark == _TODAY for mark in marks)
        self._marks, self._kinds = marks, set(marks)
        self._pieces = pieces

    def on(self, day: date) -> bytes:
        """The body as it reads on `day`."""
        today = f"{day}T".encode()
        if self._only_today:
            return today.join(self._pieces)
        written: dict[bytes | int, bytes] = {
            mark: _written(mark, day, today) for mark in self._kinds
        }
        parts: list[bytes] = [b""] * (2 * len(self._marks) + 1)
        parts[::2] = self._pieces
        parts[1::2] = [written[mark] for mark in self._marks]
        return b"".join(parts)


def _written(mark: bytes | int, day: date, today: bytes) -> bytes:
    if isinstance(mark, int):
        return str(mark + _MIDNIGHT_MS + (day - TEMPLATE).days * _DAY_MS).encode()
    if mark == _TODAY:
        return today
    if mark == _TOMORROW:
        return f"{day + timedelta(days=1)}T".encode()
    # An identifier: other pushes and tasks on every day, the same ones however often one asks.
    shifted = (int(mark, 16) + (day - TEMPLATE).days * 0x9E3779B1) % 2**32
    return f"{shifted:08x}".encode()


_START = re.compile(rb'"StartTime": ?"(\d{4}-\d\d-\d\d)T')


class Library:
    """Every answer that was asked for, by action and question of the template day."""

    def __init__(self, api: Api) -> None:
        """Answers are rendered when they are first asked for."""
        self._api = api
        self._by_body: dict[tuple[str, bytes], Template] = {}
        self._by_meaning: dict[tuple[str, str], Template] = {}

    def find(self, action: str, body: bytes) -> tuple[Template, date]:
        """The answer to a request, and the day that it is about.

        Raises Refused as the simulator does, and for a window that is not inside of one day.
        """
        day, asked = as_template_day(body)
        key = (action, asked)
        if key not in self._by_body:
            self._by_body[key] = self._render(action, asked)
        return self._by_body[key], day

    def _render(self, action: str, body: bytes) -> Template:
        sent: Mapping[str, object] = json.loads(body or b"{}")
        meaning = (action, json.dumps(sent, sort_keys=True))
        if meaning not in self._by_meaning:
            result = answer(self._api, action, body)
            dataset = table_of(action, sent)
            text = json.dumps(result, ensure_ascii=False, separators=(",", ":")).encode()
            self._by_meaning[meaning] = Template(
                envelope(action, b',"Result":' + text),
                dataset.name,
                count_rows(dataset, result),
                has_days="StartTime" in sent,
            )
        return self._by_meaning[meaning]


def as_template_day(body: bytes) -> tuple[date, bytes]:
    """The day that a request is about, and the same request about the template day."""
    found = _START.search(body)
    if found is None:
        return TEMPLATE, body
    day = date.fromisoformat(found[1].decode())
    return day, moved(body, day, TEMPLATE)


def envelope(action: str, rest: bytes) -> bytes:
    """An answer as the API wraps it; `rest` follows inside of the outer object."""
    metadata = {
        "RequestId": "0" * 32,
        "Action": action,
        "Version": API_VERSION,
        "Service": auth.SERVICE,
        "Region": auth.REGION,
    }
    return b'{"ResponseMetadata":' + json.dumps(metadata).encode() + rest + b"}"
