"""How two texts of the API compare: which differences of form mean nothing.

Data for Parameter, Field, Split and Column. Used by parsing/convert.py and parsing/echoes.py.
"""

from __future__ import annotations

import ipaddress
import unicodedata
from contextlib import suppress
from enum import StrEnum

_PUNYCODE = "xn--"


def domain_key(name: str) -> str:
    """The form in which two domain names are equal exactly if DNS takes them for equal.

    Labels beyond ASCII are in Punycode, as they travel (IDNA), whether a name came so or not. No name
    is refused: what DNS does not allow, like an underscore beside such letters, is a name as well.
    Blanks around it are none of it.
    """
    if name.isascii():
        return _without_last_dot(name.strip().lower())
    plain = unicodedata.normalize("NFKC", name).strip().lower().replace("\u3002", ".")
    labels = _without_last_dot(unicodedata.normalize("NFC", plain)).split(".")
    return ".".join(map(_in_ascii, labels))


def bare_name(name: str) -> str:
    """A domain name as it is asked for: without blanks around it and the dot of the root."""
    return _without_last_dot(name.strip())


def _without_last_dot(name: str) -> str:
    return name.removesuffix(".") or name  # a dot alone is a name, and no blank


def _in_ascii(label: str) -> str:
    if label.isascii():
        return label
    return _PUNYCODE + label.encode("punycode").decode("ascii")


def domain_spellings(key: str) -> tuple[str, ...]:
    """A name as `domain_key` gives it, and as people write it if that differs."""
    if _PUNYCODE not in key:
        return (key,)
    labels = []
    for label in key.split("."):
        text = label
        if label.startswith(_PUNYCODE):
            with suppress(UnicodeError):  # looks like Punycode, and is none
                text = label.removeprefix(_PUNYCODE).encode("ascii").decode("punycode")
        labels.append(text)
    return tuple(dict.fromkeys((key, ".".join(labels))))


def stream_key(name: str) -> str:
    """A stream, as `domain/app/stream`, with its domain as `domain_key` gives it."""
    domain, slash, stream = name.partition("/")
    return domain_key(domain) + slash + stream


def address_key(text: str) -> str:
    """The form in which two texts are equal exactly if they are the same IP address."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text


class Spelling(StrEnum):
    """What two texts may differ in and still be the same value."""

    EXACT = "nothing"
    ANY_CASE = "upper and lower case"
    DOMAIN = "case, a trailing dot, and Unicode or Punycode"
    ADDRESS = "notations of one IP address"

    def key(self, text: str) -> str:
        """The form in which texts are equal exactly if they are the same value."""
        match self:
            case Spelling.EXACT:
                return text
            case Spelling.ANY_CASE:
                return text.lower()
            case Spelling.DOMAIN:
                return domain_key(text)
            case Spelling.ADDRESS:
                return address_key(text)
