"""Rejected answers, which came and could not be read or proven: which are kept, which still matter.

Their manifest has, beside what captures state, `rejected` (one entry per stored answer) and
`unanswered` (the other requests of the day; absent if they are not all known).
Not here: making captures of them (replay_rejected.py), writing them (partition_writer.py).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resources.api import body as api_body
from resources.api.body import LARGE_BYTES, Body
from resources.raw import captures

if TYPE_CHECKING:
    from resources.capture.answers import FetchedPage

_REQUEST_ID = re.compile(rb'"RequestId"\s*:\s*"[^"]*"')  # differs in equal answers
_LISTS = ("rejected", "unanswered")


def is_kept(
    folder: Path, pages: Iterable[Sequence[FetchedPage]], facts: Mapping[str, object]
) -> bool:
    """True if the newest rejected answers of the day are these: the same requests and bodies.

    What holds no data is kept once, whatever it says.
    """
    kept = captures.rejected_in(folder)
    if not kept:
        return False
    try:
        manifest = kept[-1].manifest
        if any(_payloads(manifest, key) != _payloads(facts, key) for key in _LISTS):
            return False
        if _widths(manifest) != _widths(facts):
            return False
        if any(manifest.get(key) != facts.get(key) for key in ("settings", "domains", "sources")):
            return False
        before = sorted(_digest(payload, body) for _, _, payload, body in kept[-1].responses())
    except captures.UnusableCapture:
        return False
    now = (page for of_request in pages for page in of_request)
    return before == sorted(_digest(page.payload, body_of(page)) for page in now)


def _payloads(facts: Mapping[str, Any], key: str) -> list[str] | None:
    entries = facts.get(key)
    return None if entries is None else sorted(payload_key(one["payload"]) for one in entries)


def _widths(facts: Mapping[str, Any]) -> list[int]:
    """The widths that slots had instead of those asked for; earlier versions did not state them."""
    return sorted(one.get("width_s", 0) for one in facts["rejected"])


def _digest(payload: Mapping[str, object], body: Body) -> str:
    """Equal for equal requests and bodies; bodies without a Result are all equal.

    These hold no data, and may differ each time: a page of a proxy with a number of its own.
    """
    digest = hashlib.sha256(payload_key(payload).encode("utf-8", "surrogatepass"))
    if len(body) < LARGE_BYTES and b'"Result"' not in b"".join(map(bytes, api_body.pieces(body))):
        return digest.hexdigest()
    for piece in api_body.pieces(body):
        digest.update(_REQUEST_ID.sub(b"", bytes(piece)))
    return digest.hexdigest()


def body_of(page: FetchedPage) -> Body:
    """The body of a page that came."""
    stored = page.stored
    return api_body.unpack(stored, page.size) if isinstance(stored, bytes) else stored


def payload_key(payload: Mapping[str, object]) -> str:
    """Text that is equal for equal requests, whether stored or planned."""
    return json.dumps(payload, sort_keys=True)


def has_relevant_rejected(folder: Path, time_zone: str) -> bool:
    """True if a day has rejected answers, and no capture or one that lacks what they are about.

    What cannot be read does not count here: `livestats verify` reports it.
    """
    kept = captures.rejected_in(folder)
    capture = captures.newest(folder, time_zone) if kept else None
    if capture is None:
        return bool(kept)
    try:
        lacking = {payload_key(one["payload"]) for one in capture.lacking}
    except captures.UnusableCapture:
        return False
    return any(lacking.intersection(_rejected_payloads(one)) for one in kept) if lacking else False


def _rejected_payloads(kept: captures.Capture) -> list[str]:
    try:
        return _payloads(kept.manifest, "rejected") or []
    except captures.UnusableCapture:
        return []
