"""Redaction: every secret that this process holds or has sent, and its removal from what others read.

Where credentials come from is in `credentials`, URLs in `hosts`. Bodies are redacted before they are
kept (`client`), texts where they are quoted (`errors.printable`), log records by `guard_logs`.
"""

from __future__ import annotations

import base64
import logging
import re
import sys
import threading
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any
from urllib.parse import quote, unquote

MASK = "***"

SHORTEST = 16
"""Characters of a secret that is removed from bodies. Shorter ones are made up, and could be data."""

SHORTEST_IN_URL = 4
"""Characters of a password or token of a URL that is removed from messages, which hold no data."""

LONGEST_SEARCHED = 1_000_000
"""Bytes of a text in which every spelling is looked for; in a longer one the plain ones alone are."""

LONGEST_ESCAPED = 65_536
"""Bytes of a text in which secrets are looked for whose characters are escaped one by one."""

LONGEST_SPELLING = len("&#x002b;")
"""Characters of a text that may stand for one of a secret."""

_USERINFO = re.compile(r"(?<=//)(?!user:password@)[^/\s\"'<>]+(?=@)")  # not that of our own advice
_SIGNED = re.compile(r"((?:Signature|Credential)=)[^\s,;\"'<>]+")
_URL_VARIABLES = ("LIVESTATS_API_URL", "LIVESTATS_ALERT_WEBHOOK")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_NO_SECRET = ("host", "content-type")  # of the signed headers: they stand in messages and answers


class _Secrets:
    """The spellings to look for, made once for each secret. Safe to share among threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, bool] = {}  # secret -> whether it may stand in a body
        self.plain: tuple[bytes, ...] = ()
        self.encoded: tuple[bytes, ...] = ()
        self.only_in_texts: tuple[bytes, ...] = ()
        self.escaped = b""  # a pattern; `re` keeps it compiled once a text needs it
        self.longest = 0

    def add(self, values: Iterable[str], shortest: int) -> None:
        """Remember `values`; a short one is looked for in texts only."""
        with self._lock:
            new = {v for v in values if len(v) >= shortest} - self._known.keys()
            if not new:
                return
            self._known.update((value, len(value) >= SHORTEST) for value in new)
            # Longest first, so that no part of a longer one is left over.
            known = sorted(self._known, key=len, reverse=True)
            everywhere = [value for value in known if self._known[value]]
            self.only_in_texts = tuple(v.encode() for v in known if not self._known[v])
            self.plain = tuple(one for value in everywhere for one in _plain(value))
            self.encoded = tuple(one for value in everywhere for one in _encoded(value))
            pattern = "|".join("".join(map(_any_spelling, value)) for value in everywhere)
            self.escaped = pattern.encode()
            self.longest = max((len(v) * LONGEST_SPELLING for v in everywhere), default=0)


_held = _Secrets()
_sent = threading.local()  # `needles`: those of the request that this thread sent last


def hold(*values: str | None) -> None:
    """Remember secrets for as long as the process lives, and guard its log from then on."""
    guard_logs()
    _held.add((value for value in values if value), SHORTEST)


def hold_url(url: str | None) -> None:
    """Remember what is secret in a URL: its password, query values and long parts of its path."""
    if not url or "://" not in url:
        return
    rest = url.partition("://")[2]
    userinfo, _, address = rest.rpartition("@")
    password = userinfo.partition(":")[2]
    found = [userinfo, password] if password else []  # a user name alone is no secret
    path, _, query = (address if password else rest).partition("?")
    found += [part.partition("=")[2] for part in query.split("&")]
    found += [part for part in path.split("/")[1:] if len(part) >= SHORTEST]
    found += [unquote(part) for part in found]
    if any(found):
        guard_logs()
        _held.add(found, SHORTEST_IN_URL)


def hold_urls(environ: Mapping[str, str], *others: str) -> None:
    """The same for every URL of the environment that may hold a secret, and for `others`."""
    for name, value in environ.items():
        if name in _URL_VARIABLES or name.lower() in _PROXIES:
            hold_url(value)
    for url in others:
        hold_url(url)


def sent(headers: Mapping[str, str]) -> None:
    """Remember what this thread signs a request with, until it sends the next one."""
    authorization = headers.get("Authorization", "")
    values = [value for name, value in headers.items() if name.lower() not in _NO_SECRET]
    # What is secret in the authorization is the key, which is held, and the signature. So the whole is
    # looked for as it is, and encoded only its signature: this is done for every call.
    values = [value for value in values if value != authorization]
    values.append(authorization.rpartition("Signature=")[2])
    new = [value for value in values if len(value) >= SHORTEST]
    needles = [one for value in new for one in (*_plain(value), *_encoded(value))]
    _sent.needles = (*(_plain(authorization) if authorization else ()), *needles)


def requested(link: str) -> None:
    """Remember the query of a signed link that this thread opens, until it sends the next request."""
    query = link.partition("?")[2].partition("#")[0]
    values = [query, *(part.partition("=")[2] for part in query.split("&"))]
    values += [unquote(value) for value in values]
    new = sorted({value for value in values if len(value) >= SHORTEST}, key=len, reverse=True)
    _sent.needles = tuple(one for value in new for one in (*_plain(value), *_encoded(value)))


def longest() -> int:
    """Bytes of the longest text that `redact_body` replaces; 0: it replaces none."""
    return max(_held.longest, *(len(one) for one in getattr(_sent, "needles", ())), 0)


def redact_body(text: bytes) -> bytes:
    """`text` with every secret in it replaced by `***`."""
    needles = (*_held.plain, *getattr(_sent, "needles", ()))
    if len(text) <= LONGEST_SEARCHED:
        needles = (*needles, *_held.encoded)
    for needle in needles:
        if needle in text:
            text = text.replace(needle, MASK.encode())
    if not _held.escaped or len(text) > LONGEST_ESCAPED:
        return text
    is_escaped = b"\\" in text or b"%" in text or b"&" in text
    return re.sub(_held.escaped, MASK.encode(), text) if is_escaped else text


def redact(text: str) -> str:
    """The same for a message: passwords of URLs and parts of any signature are replaced as well."""
    found = redact_body(text.encode("utf-8", "surrogatepass"))
    for needle in _held.only_in_texts:
        found = found.replace(needle, MASK.encode())
    redacted = found.decode("utf-8", "surrogatepass")
    return _SIGNED.sub(rf"\1{MASK}", _USERINFO.sub(MASK, redacted))


def redact_error(error: BaseException) -> None:
    """Redact an exception and those that it is chained to, in place.

    One whose text still shows a secret, for its class makes it anew, is taken out of the chain.
    """
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        at.args = tuple(redact(a) if isinstance(a, str) else a for a in at.args)
        for inner in (a for a in at.args if isinstance(a, BaseException)):
            redact_error(inner)
        for name, value in vars(at).items():
            if isinstance(value, str) and redact(value) != value:
                setattr(at, name, redact(value))
        for link in ("__cause__", "__context__"):
            next_one = getattr(at, link)
            if next_one is not None and redact(_shown(next_one)) != _shown(next_one):
                setattr(at, link, None)
        at = at.__cause__ or at.__context__


def guard_logs() -> None:
    """Redact every log record of this process, and what it prints of an error that nobody caught."""
    make, show, show_thread = logging.getLogRecordFactory(), sys.excepthook, threading.excepthook
    if getattr(make, "redacts", False):
        return

    def record(*words: Any, **options: Any) -> logging.LogRecord:
        made = make(*words, **options)
        if made.exc_info and made.exc_info[1] is not None:
            redact_error(made.exc_info[1])
        try:
            text = made.getMessage()
        except (TypeError, ValueError, KeyError):  # a wrong call: logging would print it as it is
            text = ""
            made.msg, made.args = redact(f"{made.msg} {made.args!r}"), ()
        if (redacted := redact(text)) != text:
            made.msg, made.args = redacted, ()
        return made

    def uncaught(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        redact_error(error)
        show(kind, error, trace)

    def uncaught_in_thread(what: threading.ExceptHookArgs) -> None:
        if what.exc_value is not None:
            redact_error(what.exc_value)
        show_thread(what)

    record.redacts = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(record)
    sys.excepthook, threading.excepthook = uncaught, uncaught_in_thread


def _shown(error: BaseException) -> str:
    return f"{error} {error!r} {vars(error)}"


def _plain(secret: str) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys((secret.encode(), secret.replace("/", r"\/").encode())))


def _encoded(secret: str) -> tuple[bytes, ...]:
    """What a secret looks like in a URL, in HTML, and inside of anything that is base64."""
    found = [one for start in range(3) for one in _in_base64(secret.encode(), start)]
    if not (secret.isascii() and secret.isalnum()):  # those are the same in URLs and HTML
        in_url = quote(secret, safe="")
        html = secret.replace("&", "&amp;").replace('"', "&#34;").replace("'", "&#39;")
        lower = re.sub("%..", lambda code: code[0].lower(), in_url)
        found = [in_url, lower, quote(secret), html, *found]
    plain = _plain(secret)
    return tuple(dict.fromkeys(one.encode() for one in found if one.encode() not in plain))


def _in_base64(secret: bytes, start: int) -> tuple[str, ...]:
    """The characters that a secret alone decides, if it begins at `start` of a group of three bytes."""
    text = base64.b64encode(b"\0" * start + secret).decode().rstrip("=")
    whole = text[(0, 2, 3)[start] : len(text) - ((start + len(secret)) % 3 != 0)]
    return (whole, whole.translate(str.maketrans("+/", "-_")))


def _any_spelling(char: str) -> str:
    """A pattern for a character as it is, after a backslash, or by its number: JSON, URL, HTML."""
    code = f"{ord(char):02x}"
    digits = "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in code)
    numbers = rf"\\u00{digits}|%{digits}|&#x0*{digits};|&#0*{ord(char)};"
    return rf"(?:\\?{re.escape(char)}|{numbers})"
