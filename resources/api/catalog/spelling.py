"""How two texts of the API compare: which differences of form mean nothing.

Data for Parameter, Field, Split and Column. Used by parsing/convert.py and parsing/echoes.py.
"""

from __future__ import annotations

import ipaddress
from enum import StrEnum


def domain_key(name: str) -> str:
    """The form in which two domain names are equal exactly if DNS takes them for equal."""
    return name.lower().removesuffix(".")


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
    DOMAIN = "case and a trailing dot"
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
