"""What a request may hold: its parameters, what comes back of them, and the rules between them.

Values are checked by the simulator; requests are built in resources/api/request_plan.py, echoes are
checked in resources/api/parsing/echoes.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from resources.api.catalog.spelling import Spelling
from resources.api.catalog.vendors import Vendor


class WireType(StrEnum):
    """JSON type of a request parameter."""

    TEXT = "string"
    INTEGER = "integer"
    INTEGER_TEXT = "integer in a string"
    TIME = "RFC 3339 time"
    TEXTS = "list of strings"
    INTEGERS = "list of integers"
    REGIONS = "list of {Area, Country, Province}"


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One request parameter, the values it may take, and in which form it may come back.

    Limits and spelling of lists apply to their items. Echoed lists have no order.
    """

    name: str
    wire_type: WireType
    required: bool = False
    default: str | int | None = None
    allowed: tuple[str | int, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    max_items: int | None = None
    echoed: bool = True  # comes back in Result under the same name
    spelling: Spelling = Spelling.EXACT  # of the echo
    rounding_s: int = 0  # an echoed time may be so many seconds off
    fills_in: bool = False  # not sent, it may come back with the values that it then stands for
    repeats: str | None = None  # not sent, it may come back with a value of this list
    absent_on: tuple[Vendor, ...] = ()
    absent_values: tuple[tuple[Vendor, tuple[str, ...]], ...] = ()  # of `allowed`, by vendor

    def lacks(self, vendor: Vendor) -> tuple[str, ...]:
        """The values that a vendor does not take."""
        return tuple(v for one, values in self.absent_values if one is vendor for v in values)


@dataclass(frozen=True, kw_only=True)
class AllOrNone:
    """All of these parameters or none of them."""

    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class MutuallyExclusive:
    """No two of these parameters."""

    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ExclusiveValue:
    """This value of a list parameter admits no other beside it."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class RequiresValue:
    """These parameters need `other` to hold exactly `value`."""

    names: tuple[str, ...]
    other: str
    value: str


Constraint = AllOrNone | MutuallyExclusive | ExclusiveValue | RequiresValue
