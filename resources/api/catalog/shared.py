"""Pieces that many endpoints share: parameters, spans, units."""

from __future__ import annotations

from datetime import timedelta

from resources.api.catalog.model import (
    Alone,
    AtMostOne,
    ColumnType,
    Field,
    Layout,
    Level,
    Paging,
    Parameter,
    Span,
    Together,
    Wire,
)
from resources.api.catalog.vendors import Vendor

YEAR = timedelta(days=366)
DAY = timedelta(days=1)
MONTH = timedelta(days=31)
FIVE_MINUTES = timedelta(minutes=5)
WIDTHS = (60, 3600)
"""Beside 300 s, where nothing is made of 5-minute points: bandwidth, billed ones too, is."""

GB_TO_BYTES = 1e9  # the vendor counts base 1000
BPS_TO_MBPS = 1e-6

START = Parameter(name="StartTime", wire=Wire.TIME, required=True)
END = Parameter(name="EndTime", wire=Wire.TIME, required=True)
ONE_DOMAIN = Parameter(name="Domain", wire=Wire.TEXT)
DOMAINS = Parameter(name="DomainList", wire=Wire.TEXTS)
ONE_APP = Parameter(name="App", wire=Wire.TEXT)
ONE_STREAM = Parameter(name="Stream", wire=Wire.TEXT)
ISPS = Parameter(name="ISPList", wire=Wire.TEXTS)
REGIONS = Parameter(name="RegionList", wire=Wire.REGIONS)
USER_REGIONS = Parameter(name="UserRegionList", wire=Wire.REGIONS)
PRIORITY = Parameter(name="StreamPriority", wire=Wire.TEXTS)
PROTOCOLS = Parameter(
    name="ProtocolList",
    wire=Wire.TEXTS,
    allowed=("HTTP-FLV", "HTTP-HLS", "RTMP", "RTM", "SRT", "QUIC"),
)

ONE_REGION_KIND = AtMostOne(names=("RegionList", "UserRegionList"))
QUIC_ALONE = Alone(name="ProtocolList", value="QUIC")
STREAM_WHOLE = Together(names=("Domain", "App", "Stream"))
APP_WITH_STREAM = Together(names=("App", "Stream"))
LIST_OR_ONE = AtMostOne(names=("DomainList", "Domain"))


def aggregation(*allowed: int, default: int) -> Parameter:
    """The bucket width in seconds."""
    return Parameter(name="Aggregation", wire=Wire.INTEGER, allowed=allowed, default=default)


def detail(*allowed: str) -> Parameter:
    """The dimensions that a total can be split by."""
    return Parameter(name="DetailField", wire=Wire.TEXTS, allowed=allowed)


def choice(
    name: str, default: str, *allowed: str, echoed: bool = True, absent_on: tuple[Vendor, ...] = ()
) -> Parameter:
    """One of a few words."""
    return Parameter(
        name=name,
        wire=Wire.TEXT,
        default=default,
        allowed=allowed,
        echoed=echoed,
        absent_on=absent_on,
    )


def pages(
    smallest: int,
    largest: int,
    default: int | None,
    *,
    as_text: bool = False,
    required: bool = False,
) -> tuple[Parameter, Parameter]:
    """The page number and page size parameters."""
    wire = Wire.INTEGER_TEXT if as_text else Wire.INTEGER
    return (
        Parameter(name="PageNum", wire=wire, minimum=1, default=1, echoed=False, required=required),
        Parameter(
            name="PageSize",
            wire=wire,
            minimum=smallest,
            maximum=largest,
            default=default,
            echoed=False,
            required=required,
        ),
    )


def daily_spans(*buckets: int) -> tuple[Span, ...]:
    """One day at most, whatever the bucket."""
    return tuple(Span(bucket_s=b, longest=DAY) for b in buckets)


WHOLE_DAY = (Span(longest=DAY),)

SPLIT_SPANS = (
    Span(bucket_s=60, longest=DAY),
    Span(bucket_s=300, longest=MONTH),
    Span(bucket_s=3600, longest=MONTH),
    Span(bucket_s=60, splits_from=2, longest=timedelta(hours=3)),
    Span(bucket_s=300, splits_from=2, longest=DAY),
    Span(bucket_s=3600, splits_from=2, longest=timedelta(days=7)),
)
"""Session, origin traffic, stream count and edge data: two or more splits shorten the span."""

SERIES_DELAY = timedelta(minutes=15)
SERIES_DELAY_BY_BUCKET = {60: timedelta(minutes=5)}

STREAM_PAGES = Paging(size=1000, smallest=100, largest=1000, default=1000)
EVENT_PAGES = Paging(size=1000, smallest=1, largest=1000, default=20, echo="PageCur")

SLOT = Field(
    name="TimeStamp",
    kind=ColumnType.INSTANT,
    column="slot_start_at",
    comment="Start of the time slot.",
)


def split_labels(*names: str) -> tuple[Field, ...]:
    """The labels of a split item: present only for the dimensions that were split."""
    return tuple(Field(name=name, kind=ColumnType.TEXT, required=False) for name in names)


def series(
    details: str, values: str, labels: tuple[Field, ...], fields: tuple[Field, ...]
) -> tuple[Layout, Layout]:
    """Layouts of a time series: the plain list, and the same list inside each split item."""
    rows = Level(name=values, fields=fields)
    plain = Layout(levels=(rows,))
    split = Layout(levels=(Level(name=details, fields=labels, required=False), rows))
    return plain, split


def measure(name: str, column: str, unit: str, comment: str, factor: float = 1.0) -> Field:
    """A real number with a unit."""
    return Field(
        name=name, kind=ColumnType.FLOAT, column=column, unit=unit, factor=factor, comment=comment
    )


def count(name: str, column: str, unit: str, comment: str, *, required: bool = True) -> Field:
    """A whole number."""
    return Field(
        name=name,
        kind=ColumnType.INTEGER,
        column=column,
        unit=unit,
        comment=comment,
        required=required,
    )


def text(name: str, column: str | None, comment: str, *, required: bool = True) -> Field:
    """A word or a name."""
    return Field(name=name, kind=ColumnType.TEXT, column=column, comment=comment, required=required)


def instant(name: str, column: str, comment: str, *, required: bool = True) -> Field:
    """A point in time, RFC 3339 on the wire."""
    return Field(
        name=name, kind=ColumnType.INSTANT, column=column, comment=comment, required=required
    )
