"""The types of the catalog: `Endpoint` (facts about one API action) and `Dataset` (one table).

A new endpoint is a new entry. If it seems to need an `if` elsewhere, a field is missing here.
Request parameters are in parameters.py; table columns are derived in columns.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

from resources.api.catalog.parameters import Constraint, Parameter
from resources.api.catalog.spelling import Spelling
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


class Method(StrEnum):
    """The HTTP method of an action."""

    POST = "POST"
    """Parameters travel as a JSON object in the body."""
    GET = "GET"
    """Parameters travel in the query, each as text."""


class Secret(StrEnum):
    """What of a value is never kept, not even in raw/: it is replaced as soon as an answer is there."""

    WHOLE = "all of it"
    QUERY = "the query and the user of a URL"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One scalar of a response. `column` is None for a field that is documented but not kept."""

    name: str  # on the wire
    kind: ColumnType
    column: str | None = None
    unit: str | None = None  # of the column
    factor: float = 1.0  # column value = API value x factor
    required: bool = True  # False: the key may be missing or null
    comment: str = ""
    spelling: Spelling = Spelling.EXACT
    secret: Secret | None = None
    is_personal: bool = False  # the setting archive.personal_data is about its column
    absent_on: tuple[Vendor, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ListLevel:
    """One list on the path to the rows: its name in the parent object, and its scalar fields.

    An ignored list without fields is one of texts.
    """

    name: str
    fields: tuple[Field, ...] = ()
    required: bool = True  # False: the list may be missing; null and [] always mean "nothing"
    ignored_lists: tuple[ListLevel, ...] = ()  # lists in its items, documented but not kept


def the_answer(*fields: Field) -> RowLayout:
    """The layout of an answer that has no list: Result itself is its one row."""
    return RowLayout(levels=(ListLevel(name="", fields=fields),))


@dataclass(frozen=True, kw_only=True)
class RowLayout:
    """Nested lists. A row is one item of the innermost list with the scalars of its parents."""

    levels: tuple[ListLevel, ...]
    outer: bool = False  # True: an item without children is a row (as a left join keeps it)

    @property
    def is_the_answer(self) -> bool:
        """True if Result itself is the one row."""
        return self.levels[0].name == ""


@dataclass(frozen=True, kw_only=True)
class ResponseTotal:
    """A total stated for the whole response (or one split item); rows must add up to it."""

    name: str
    kind: ColumnType
    of: str | None = None  # field of the rows; None: not comparable, only known
    how: str = "sum"  # "sum" or "max"
    in_splits: bool = True  # False: split items do not have it


@dataclass(frozen=True, kw_only=True)
class WindowLimit:
    """The longest window of one request, for a bucket width and a number of split dimensions."""

    longest: timedelta
    bucket_s: int | None = None  # None: an endpoint without buckets
    min_splits: int = 0  # holds from this number of DetailField entries on


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
    is_rough: bool = False
    """True: the total is approximate and proves nothing. Pages then go on to an empty one."""
    most_rows: int | None = None  # rows beyond this rank can never be listed


@dataclass(frozen=True, kw_only=True, eq=False)  # one object per entry: identity is equality
class Endpoint:
    """One action of the API: facts only, all from the vendor's documentation and SDKs."""

    action: str
    rows: RowLayout
    split_rows: RowLayout | None = None  # rows when a split was asked for and is possible
    method: Method = Method.POST
    parameters: tuple[Parameter, ...] = ()
    times: tuple[str, str] = ("StartTime", "EndTime")  # names of the parameters of the window
    times_in_utc: bool = False  # True: the window is to be sent as UTC
    constraints: tuple[Constraint, ...] = ()
    window_limits: tuple[WindowLimit, ...] = ()
    window_slack: timedelta = timedelta(hours=1)
    """How far outside of its window a row may lie. An hour: one action is documented to align both
    ends to full hours, and of the others it is not documented how they read the ends."""
    stamps_days: bool = False
    """True: a row stands for a day of the vendor, under a time somewhere in it, both ends included."""
    asked_beyond: timedelta = timedelta(0)
    """How far the window that is asked for reaches beyond what is wanted, on both sides. Rows outside of
    what is wanted are dropped."""
    history: timedelta | None = None  # None: the present state, no past
    delay: timedelta = timedelta(0)  # age at which a value is complete
    delay_by_bucket: Mapping[int, timedelta] = field(default_factory=dict)
    rate_per_s: float = 30.0  # documented calls per second and account
    paging: Paging | None = None
    totals: tuple[ResponseTotal, ...] = ()  # of Result and of each split item
    ignored_lists: tuple[ListLevel, ...] = ()  # lists in Result that are known but not kept
    listed_totals: tuple[tuple[str, str], ...] = ()
    """(one of them, its field, which is one of the rows too): its sum over the list is that of all rows."""
    ignored_fields: tuple[Field, ...] = ()  # scalars in Result likewise
    absent_on: tuple[Vendor, ...] = ()
    null_result: bool = False  # True: the vendor's types let Result be null, which means nothing

    @cached_property
    def parameter(self) -> Mapping[str, Parameter]:
        """The request parameters by name."""
        return MappingProxyType({p.name: p for p in self.parameters})

    @cached_property
    def secrets(self) -> tuple[tuple[str, Mapping[str, Secret]], ...]:
        """Lists of Result whose items have fields that are not kept, and those fields."""
        found = [
            (level.name, {f.name: f.secret for f in level.fields if f.secret is not None})
            for level in self.rows.levels[:1]
        ]
        return tuple((name, fields) for name, fields in found if fields)

    @property
    def is_present_state(self) -> bool:
        """True for an answer that is about now and takes no time range."""
        return self.times[0] not in self.parameter

    def requires(self, name: str) -> bool:
        """True if the action cannot be called without the parameter `name`."""
        return name in self.parameter and self.parameter[name].required

    def longest(self, bucket_s: int | None, splits: int) -> timedelta:
        """The longest window for `bucket_s` and a number of DetailField entries.

        Raises ValueError for a bucket width that the action does not offer.
        """
        fits = [s for s in self.window_limits if s.bucket_s == bucket_s and s.min_splits <= splits]
        if not fits:
            offered = sorted({s.bucket_s for s in self.window_limits if s.bucket_s})
            raise ValueError(f"{self.action} has no buckets of {bucket_s} s: choose from {offered}")
        return max(fits, key=lambda s: s.min_splits).longest

    def delay_of(self, bucket_s: int | None) -> timedelta:
        """How long after its end a window is complete, for a bucket width."""
        return self.delay_by_bucket.get(bucket_s or 0, self.delay)


class Scope(StrEnum):
    """What one request of a dataset covers."""

    ACCOUNT = "account"  # with the list of all its domains
    WHOLE = "the account, without a list"
    DOMAINS = "a list of domains"
    DOMAIN = "one domain"
    STREAM = "one stream"
    ADDRESSES = "a list of addresses"


class DedupKeep(StrEnum):
    """Which day keeps a row that is listed under several days: each key is stored once."""

    FIRST_DAY = "first"
    LAST_DAY = "last"


class DuplicateKeys(StrEnum):
    """What to do with rows of one answer that have the same key."""

    REFUSE = "refuse"
    """Never right: a row has moved from page to page. The answer is requested again."""
    KEEP_ONE = "keep one"
    """Only one of them is meant: the one that `Dataset.prefer` puts first."""
    NUMBER = "number"
    """All are kept, sorted by content and numbered in the column `occurrence`, last in the key."""


@dataclass(frozen=True, kw_only=True)
class Preference:
    """Which of two rows with one key is kept, by one column; null comes last."""

    column: str
    last: tuple[object, ...] = ()  # these values come after all others
    is_largest_first: bool = False  # for numbers and times; without `last`


class DomainRole(StrEnum):
    """The kind of domain that an endpoint has data for."""

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
    spelling: Spelling = Spelling.EXACT
    is_personal: bool = False


@dataclass(frozen=True, kw_only=True)
class Split:
    """A value of DetailField: its column, and the filter whose values it runs over."""

    name: str
    column: str
    comment: str
    filter: str | None = None  # None: no list of values needs to be sent
    overlaps: bool = False  # its values count some things twice: they exceed the total
    partial: bool = False  # its values leave something out: they fall short of the total
    spelling: Spelling = Spelling.EXACT


SPLITS: Mapping[str, Split] = MappingProxyType(
    {
        s.name: s
        for s in (
            Split(
                name="Domain",
                column="domain",
                filter="DomainList",
                comment="Domain name.",
                spelling=Spelling.DOMAIN,
            ),
            Split(
                name="ISP",
                column="isp",
                filter="ISPList",
                comment="Carrier code, see isp.",
                spelling=Spelling.ANY_CASE,
            ),
            Split(
                name="Protocol",
                column="protocol",
                filter="ProtocolList",
                overlaps=True,
                comment="Delivery protocol. QUIC overlaps the others: never sum over protocols.",
                spelling=Spelling.ANY_CASE,
            ),
            Split(name="Area", column="area", comment="Area code of the CDN node, see region."),
            Split(name="Country", column="country", comment="Country of the CDN node, see region."),
            Split(
                name="Province",
                column="province",
                partial=True,
                comment="Province of the CDN node, see region; mainland China only.",
            ),
            Split(name="UserArea", column="user_area", comment="Client area code, see region."),
            Split(name="UserCountry", column="user_country", comment="Client country, see region."),
            Split(
                name="UserProvince",
                column="user_province",
                partial=True,
                comment="Client province, see region; mainland China only.",
            ),
        )
    }
)

PROTOCOL_GROUPS: tuple[tuple[str, ...], ...] = (
    ("HTTP-FLV", "HTTP-HLS", "RTMP", "RTM", "SRT", "CMAF"),
    ("QUIC",),  # the API refuses QUIC beside any other value
)


def variant_label(variant: Mapping[str, object]) -> str:
    """A variant as settings and people name it: its values, such as max or Domain/TotalTraffic."""
    values = (v if isinstance(v, list) else [v] for v in variant.values())
    return "/".join("+".join(map(str, value)) for value in values)
