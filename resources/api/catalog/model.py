"""What an entry of the catalogue can say: the words in which the API is described.

An `Endpoint` holds facts about one action of the vendor's API: what may be asked, how much at a
time, and what comes back. A `Dataset` holds our choice of what to keep of it: one dataset, one
table. Planner, pager, normaliser, assets, dictionary and simulator read these and nothing else, so
a new endpoint is a new entry; when one seems to need an `if` elsewhere, a field is missing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property
from types import MappingProxyType

from resources.api.catalog.vendors import Vendor


class ColumnType(StrEnum):
    """Type of a value; the name of the member's value is its DuckDB type."""

    TEXT = "VARCHAR"
    INTEGER = "BIGINT"
    FLOAT = "DOUBLE"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    INSTANT = "TIMESTAMPTZ"
    """RFC 3339 text with an offset on the wire."""
    INSTANT_MS = "TIMESTAMP WITH TIME ZONE"
    """Unix milliseconds on the wire."""

    @property
    def sql(self) -> str:
        """The DuckDB type that a column of this kind has."""
        return ColumnType.INSTANT.value if self is ColumnType.INSTANT_MS else self.value


@dataclass(frozen=True, kw_only=True)
class Field:
    """One scalar of an answer. `column` is None for a field that is known but not kept."""

    name: str  # on the wire
    kind: ColumnType
    column: str | None = None
    unit: str | None = None  # of the column
    factor: float = 1.0  # column value = API value x factor
    required: bool = True  # False: the key may be missing or null
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class Level:
    """One list on the way to the rows: its name in the object above it, and its scalars."""

    name: str
    fields: tuple[Field, ...] = ()
    required: bool = True  # False: the list may be missing; null and [] always mean "nothing"
    nested: tuple[Level, ...] = ()  # lists inside its items that are known but not kept


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Lists inside lists; a row is an item of the innermost one with the scalars above it."""

    levels: tuple[Level, ...]
    outer: bool = False  # True: an item without children is a row of its own


@dataclass(frozen=True, kw_only=True)
class Total:
    """A figure over the whole answer (or one split item) that its rows must add up to."""

    name: str
    kind: ColumnType
    of: str | None = None  # field of the rows; None: not comparable, only known
    how: str = "sum"  # "sum" or "max"
    in_splits: bool = True  # False: split items do not have it


class Wire(StrEnum):
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
    """One request parameter and the values it may take. Limits of lists apply to their items."""

    name: str
    wire: Wire
    required: bool = False
    default: str | int | None = None
    allowed: tuple[str | int, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    max_items: int | None = None
    echoed: bool = True  # comes back in Result under the same name
    absent_on: tuple[Vendor, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Together:
    """All of these parameters or none of them."""

    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AtMostOne:
    """No two of these parameters."""

    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Alone:
    """This value of a list parameter admits no other beside it."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class OnlyWith:
    """These parameters need `other` to hold exactly `value`."""

    names: tuple[str, ...]
    other: str
    value: str


Constraint = Together | AtMostOne | Alone | OnlyWith


@dataclass(frozen=True, kw_only=True)
class Span:
    """The longest window of one request, for a bucket width and a number of split dimensions."""

    longest: timedelta
    bucket_s: int | None = None  # None: an endpoint without buckets
    splits_from: int = 0  # holds from this number of DetailField entries on


@dataclass(frozen=True, kw_only=True)
class Paging:
    """How pages are asked for, and where the answer tells number and total."""

    size: int  # the page size that we ask for
    smallest: int
    largest: int
    default: int | None
    number_param: str = "PageNum"
    size_param: str = "PageSize"
    block: str | None = "Pagination"  # object in Result that holds echo and total
    echo: str | None = "PageNum"  # None: the page number does not come back
    total: str = "TotalCount"
    as_text: bool = False  # numbers travel as strings
    most_rows: int | None = None  # rows beyond this rank can never be listed


@dataclass(frozen=True, kw_only=True, eq=False)  # one object per entry: identity is equality
class Endpoint:
    """One action of the API: facts only, all from the vendor's documentation and SDKs."""

    action: str
    rows: Layout
    split_rows: Layout | None = None  # rows when a split was asked for and is possible
    parameters: tuple[Parameter, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    spans: tuple[Span, ...] = ()
    history: timedelta | None = None  # None: the present state, no past
    delay: timedelta = timedelta(0)  # age at which a value is complete
    delay_by_bucket: Mapping[int, timedelta] = field(default_factory=dict)
    rate_per_s: float = 30.0  # documented calls per second and account
    paging: Paging | None = None
    totals: tuple[Total, ...] = ()  # of Result and of each split item
    nested: tuple[Level, ...] = ()  # lists in Result that are known but not kept
    absent_on: tuple[Vendor, ...] = ()

    @cached_property
    def parameter(self) -> Mapping[str, Parameter]:
        """The request parameters by name."""
        return MappingProxyType({p.name: p for p in self.parameters})

    @property
    def is_present_state(self) -> bool:
        """True for an answer that is about now and takes no time range."""
        return "StartTime" not in self.parameter

    def requires(self, name: str) -> bool:
        """True if the action cannot be called without the parameter `name`."""
        return name in self.parameter and self.parameter[name].required

    def longest(self, bucket_s: int | None, splits: int) -> timedelta:
        """The longest window for `bucket_s` and a number of DetailField entries.

        Raises ValueError for a bucket width that the action does not offer.
        """
        fits = [s for s in self.spans if s.bucket_s == bucket_s and s.splits_from <= splits]
        if not fits:
            offered = sorted({s.bucket_s for s in self.spans if s.bucket_s})
            raise ValueError(f"{self.action} has no buckets of {bucket_s} s: choose from {offered}")
        return max(fits, key=lambda s: s.splits_from).longest

    def delay_of(self, bucket_s: int | None) -> timedelta:
        """How long after its end a window is complete, for a bucket width."""
        return self.delay_by_bucket.get(bucket_s or 0, self.delay)


class Scope(StrEnum):
    """What one request of a dataset is about."""

    ACCOUNT = "account"
    DOMAINS = "a list of domains"
    DOMAIN = "one domain"
    STREAM = "one stream"
    ADDRESSES = "a list of addresses"


class Once(StrEnum):
    """Under which day a row stands that the answers of several days list."""

    FIRST_DAY = "first"
    LAST_DAY = "last"


class Role(StrEnum):
    """Which domains of the account an endpoint knows."""

    PUSH = "push"
    PULL = "pull"
    ANY = "push and pull"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table."""

    name: str
    kind: ColumnType
    comment: str
    unit: str | None = None
    field: str | None = None  # API name of the value; None: ours
    factor: float = 1.0
    nullable: bool = False


@dataclass(frozen=True, kw_only=True)
class Split:
    """A value of DetailField: its column, and the filter whose values it runs over."""

    name: str
    column: str
    comment: str
    filter: str | None = None  # None: no list of values needs to be sent
    overlaps: bool = False  # its values count some things twice: they exceed the total


SPLITS: Mapping[str, Split] = MappingProxyType(
    {
        s.name: s
        for s in (
            Split(name="Domain", column="domain", filter="DomainList", comment="Domain name."),
            Split(name="ISP", column="isp", filter="ISPList", comment="Carrier code, see isp."),
            Split(
                name="Protocol",
                column="protocol",
                filter="ProtocolList",
                overlaps=True,
                comment="Delivery protocol. QUIC overlaps the others: never sum over protocols.",
            ),
            Split(name="UserArea", column="user_area", comment="Client area code, see region."),
            Split(name="UserCountry", column="user_country", comment="Client country, see region."),
            Split(
                name="UserProvince",
                column="user_province",
                comment="Client province, see region; mainland China only.",
            ),
        )
    }
)

PROTOCOL_GROUPS: tuple[tuple[str, ...], ...] = (
    ("HTTP-FLV", "HTTP-HLS", "RTMP", "RTM", "SRT"),
    ("QUIC",),  # the API refuses QUIC beside any other value
)


def label_of(variant: Mapping[str, object]) -> str:
    """A variant as settings and people name it: its values, such as max or Domain/TotalTraffic."""
    values = (v if isinstance(v, list) else [v] for v in variant.values())
    return "/".join("+".join(map(str, value)) for value in values)


@dataclass(frozen=True, kw_only=True, eq=False)  # one object per entry: identity is equality
class Dataset:
    """What we keep of an endpoint: endpoint + fixed parameters. One dataset is one table."""

    name: str
    endpoint: Endpoint
    description: str
    scope: Scope
    key: tuple[str, ...]
    role: Role = Role.ANY
    bucket_s: int | None = None
    split: tuple[str, ...] = ()
    parameters: Mapping[str, object] = field(default_factory=dict)
    variants: tuple[Mapping[str, object], ...] = ({},)
    variant_columns: Mapping[str, str] = field(default_factory=dict)  # parameter -> column
    variant_comments: Mapping[str, str] = field(default_factory=dict)
    ranked: bool = False  # the position in the list is a column
    streams_from: tuple[str, ...] = ()  # datasets that name the streams of the day
    addresses_from: tuple[tuple[str, str], ...] = ()  # (dataset, column) that hold addresses
    event_start: str | None = None  # column that tells when an event began
    once: Once | None = None  # rows that several days list stand in the table once
    asked_within: timedelta | None = None  # where the endpoint itself forgets nothing
    reread_days: int = 3  # younger days are asked again, for late data
    group: str = "usage"
    widths: tuple[int, ...] = ()  # other bucket widths (s) that marts and rules can stand
    relied_on: tuple[str, ...] = ()  # labels of variants that marts and rules read
    domains: tuple[str, ...] = ()  # patterns of those that are asked; (): all
    streams: tuple[str, ...] = ()  # patterns of app/stream; (): all
    meaning: Mapping[str, object] = field(default_factory=dict)
    """What settings have made other than the catalogue has it, and a captured day rests on."""

    @property
    def is_dimension(self) -> bool:
        """True for the present state of the account: captured now, not for a past day."""
        return self.endpoint.is_present_state and not self.addresses_from

    @property
    def needs(self) -> tuple[str, ...]:
        """Datasets whose capture of the same day says what to ask."""
        return tuple(
            dict.fromkeys((*self.streams_from, *(name for name, _ in self.addresses_from)))
        )

    @property
    def history(self) -> timedelta | None:
        """How far back a day can be asked; None for the present state of the account."""
        return self.asked_within or self.endpoint.history

    @property
    def delay(self) -> timedelta:
        """How long after its end a day can be asked."""
        return self.endpoint.delay_of(self.bucket_s)

    def takes_domain(self, name: str) -> bool:
        """True if the dataset is to hold this domain."""
        return not self.domains or any(fnmatchcase(name, one) for one in self.domains)

    def takes_stream(self, app: str, stream: str) -> bool:
        """True if the dataset is to hold this stream."""
        name = f"{app}/{stream}"
        return not self.streams or any(fnmatchcase(name, one) for one in self.streams)

    @property
    def fixed_parameters(self) -> dict[str, object]:
        """Request fields that are the same in every request of this dataset."""
        fixed: dict[str, object] = dict(self.parameters)
        if self.bucket_s is not None:
            fixed["Aggregation"] = self.bucket_s
        if self.split:
            fixed["DetailField"] = list(self.split)
        return fixed

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The table's columns in order: when, about what, which variant, values."""
        from resources.api.catalog.columns import columns_of

        return columns_of(self)

    @cached_property
    def column(self) -> Mapping[str, Column]:
        """The table's columns by name."""
        return MappingProxyType({c.name: c for c in self.columns})
