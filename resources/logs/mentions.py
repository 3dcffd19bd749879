"""Whether a line of a log file names an item that is erased: an address, a stream or a domain.

Lines have no fields here, for not all formats are documented: a line names an item wherever it stands
in it, percent-encoded too. Not here: rewriting files (erase.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from resources.api.catalog.spelling import domain_key, domain_spellings
from resources.raw.erasures import ItemKind, Sought, item_text

_ADDRESSES = re.compile(r"[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]+")
_HOSTS = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_PATHS = re.compile(r"(?:[a-z]+://([^/\s\"']+))?/([^/\s\"'?]+)/([^/\s\"'?&]+)")


def mentions(line: bytes, item: Sought, domain: str) -> bool:
    """Whether a line of a file of `domain` names the item.

    Of an item that is known by its hash alone, a stream is found in addresses of streams only.
    """
    if not _may_name(line, item):
        return False
    text = line.decode("utf-8", "surrogateescape")
    spellings = {text, unquote(text, errors="surrogateescape")} if "%" in text else {text}
    return any(_names(one, item, domain_key(domain)) for one in spellings)


def _may_name(line: bytes, item: Sought) -> bool:
    """False for most lines, without looking closely."""
    if item.text is None or b"%" in line:
        return True
    if item.kind is ItemKind.STREAM:
        return item.text.split("/", 2)[2].encode("utf-8", "surrogatepass") in line
    if item.kind is ItemKind.ADDRESS and ":" in item.text:
        return b":" in line
    if item.kind is ItemKind.DOMAIN and not line.isascii():
        return True  # may be its name in Unicode
    return item.text.encode("utf-8", "surrogatepass") in line.lower()


def _names(text: str, item: Sought, domain: str) -> bool:
    if item.text is not None:
        return _has(text, item.kind, item.text, domain)
    return any(
        item.is_text(item_text(item.kind, one)) for one in _candidates(text, item.kind, domain)
    )


def _has(text: str, kind: ItemKind, item: str, domain: str) -> bool:
    """The same for an item that is known."""
    if kind is ItemKind.ADDRESS:
        found = _candidates(text, kind, domain)
        return any(item_text(kind, one) == item for one in found)
    if kind is ItemKind.DOMAIN:
        return _has_domain(text, item)
    of_domain, app, name = item.split("/", 2)
    is_there = of_domain == domain or _has_domain(text, of_domain)
    return is_there and _has_word(text, name) and (not app or _has_word(text, app))


def _has_word(text: str, word: str) -> bool:
    return bool(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text))


def _has_domain(text: str, domain: str) -> bool:
    """Whether a name of a host stands there, and not as a part of a longer one."""
    names = "|".join(map(re.escape, domain_spellings(domain)))
    pattern = rf"(?<![\w.-])(?:{names})(?![\w-]|\.[\w-])"
    return bool(re.search(pattern, text, re.IGNORECASE))


def _candidates(text: str, kind: ItemKind, domain: str) -> Iterator[str]:
    """What in a line may be an item of a kind."""
    if kind is ItemKind.ADDRESS:
        for one in set(_ADDRESSES.findall(text)):
            found = one.strip(".")
            yield found
            if ":" in found:  # with a port behind it
                yield found.rpartition(":")[0]
                yield found.rpartition(":")[2]  # an IPv4 address in the notation of IPv6
    elif kind is ItemKind.DOMAIN:
        yield from set(_HOSTS.findall(text))
    else:
        for host, app, name in _PATHS.findall(text):
            for of_domain in {domain, domain_key(host.partition(":")[0])} - {""}:
                yield f"{of_domain}/{app}/{name}"
                yield f"{of_domain}/{app}/{name.rpartition('.')[0] or name}"
