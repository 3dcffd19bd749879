"""The log files themselves, behind links that expire: what is listed about them is in logged.py.

A file has at most `LINES` lines, however many requests it is about, so that a small machine serves it.
"""

from __future__ import annotations

import gzip
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from resources.api.credentials import Credentials
from resources.simulator.exchange import Answer, Request
from resources.simulator.noise import key_of, uniform_index
from resources.simulator.places import client_address
from resources.simulator.world import World

LINES = 40
LINK_S = 600
"""Seconds for which a link is good."""

ACTION = "LogFile"
"""Stands for a download where requests are counted."""

FOLDER = "/logs/"
_SECRET = "simulated-secret-"  # noqa: S105 - of nobody; tests look for it


@dataclass(frozen=True)
class LogFile:
    """One file: `lines` of what is logged for a domain in an hour."""

    kind: str
    domain: str  # "" for relays, which are of the account
    name: str
    hour: int  # Unix time
    lines: int

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return len(content(self))

    def link(self, base: str, now: int) -> str:
        """Where it is offered, signed."""
        expires = now + LINK_S
        about = {"Domain": self.domain, "Hour": self.hour, "Lines": self.lines, "Expires": expires}
        signed = {**about, "Signature": _signature(self, expires)}
        return f"{base}{FOLDER}{self.kind}/{quote(self.name)}?{urlencode(signed)}"


def _signature(file: LogFile, expires: int) -> str:
    return f"{_SECRET}{key_of(file.kind, file.name, file.hour, file.lines, expires):016x}"


@lru_cache(maxsize=4096)
def content(file: LogFile) -> bytes:
    """The bytes of a file, the same on every machine with this zlib."""
    lines = [_line(file, number) for number in range(file.lines)]
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), 6, mtime=0)


def _line(file: LogFile, number: int) -> str:
    """One line in the documented form of access logs: time, client, request, answer, bytes, agent."""
    domain = file.domain or "relay.sim.example"
    at = datetime.fromtimestamp(file.hour + number * 3600 // LINES, UTC)
    who = client_address("log", file.kind, uniform_index(200, file.name, number))
    stream = f"room-{uniform_index(5, file.name, number, 'stream') + 101}"
    sent = uniform_index(90_000_000, file.name, number, "bytes")
    return (
        f'[{at:%d/%b/%Y:%H:%M:%S +0000}] {who} GET HTTP/1.1 200 "{domain}" '
        f'"https://{domain}/live/{stream}.flv" {number * 7 % 600} {sent} "" "{domain}" '
        f'"SimulatedPlayer/1.0" 192.0.2.{number % 250} http'
    )


def of_link(target: str) -> tuple[LogFile, str] | None:
    """The file that a link is about, and its signature; None if it is no link to a file."""
    parts = urlsplit(target)
    kind, _, name = parts.path.removeprefix(FOLDER).partition("/")
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    try:
        numbers = int(query["Hour"]), int(query["Lines"]), int(query["Expires"])
    except (KeyError, ValueError):
        return None
    file = LogFile(kind, query.get("Domain", ""), unquote(name), *numbers[:2])
    is_good = hmac.compare_digest(query.get("Signature", ""), _signature(file, numbers[2]))
    return (file, str(numbers[2])) if is_good else None


def request(
    target: str,
    method: str,
    headers: Mapping[str, str],
    number: int,
    at: datetime,
    credentials: Credentials,
) -> Request:
    """A download as manners see it: it names the domain and the hour of its file."""
    found = of_link(target)
    about = {}
    if found is not None:
        hour = datetime.fromtimestamp(found[0].hour, UTC)
        times = {"StartTime": hour, "EndTime": hour + timedelta(hours=1)}
        about = {name: time.isoformat() for name, time in times.items()}
        about["Domain"] = found[0].domain
    return Request(
        ACTION, target, method, headers, json.dumps(about).encode(), number, at, credentials,
        endpoint=None, ask=lambda *_: {},
    )  # fmt: skip


def answer(world: World, target: str, headers: Mapping[str, str], now: datetime) -> Answer:
    """The file behind a link, or the refusal of a storage server."""
    found = of_link(target)
    if "authorization" in headers:
        return refused(400, "key-at-storage")
    if found is None or now.timestamp() >= int(found[1]):
        return refused(403, "expired-link")
    if found[0].domain and found[0].domain not in world.sites:
        return refused(404, "no-file")
    return Answer(ACTION, raw=content(found[0]), content_type="application/gzip")


def refused(status: int, counted_as: str) -> Answer:
    """A refusal as storage servers send it."""
    page = f"<Error><Code>{status}</Code><Message>{counted_as}</Message></Error>".encode()
    return Answer(ACTION, status, raw=page, content_type="application/xml", counted_as=counted_as)
