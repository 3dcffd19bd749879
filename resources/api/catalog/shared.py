"""Parts shared by several endpoints: parameters, window limits, units, field constructors."""

from __future__ import annotations

from datetime import timedelta

from resources.api.catalog.model import (
    ColumnType,
    Field,
    ListLevel,
    Paging,
    RowLayout,
    Secret,
    WindowLimit,
)
from resources.api.catalog.parameters import (
    AllOrNone,
    ExclusiveValue,
    MutuallyExclusive,
    Parameter,
    WireType,
)
from resources.api.catalog.spelling import Spelling
from resources.api.catalog.vendors import VOLCENGINE, Vendor

YEAR = timedelta(days=366)
DAY = timedelta(days=1)
MONTH = timedelta(days=31)
QUARTER = timedelta(days=93)
DAY_S = 86_400
FIVE_MINUTES = timedelta(minutes=5)
OTHER_WIDTHS_S = (60, 3600)
"""Bucket widths allowed beside 300 s. Not for bandwidth: billing is computed from 5-minute points."""

GB_TO_BYTES = 1e9  # the vendor counts base 1000
GIB_TO_BYTES = float(2**30)  # but storage base 1024
BPS_TO_MBPS = 1e-6

START = Parameter(name="StartTime", wire_type=WireType.TIME, required=True)
END = Parameter(
    name="EndTime",
    wire_type=WireType.TIME,
    required=True,
    rounding_s=1,  # 23:59:59 and the midnight after it end the same window
)
ONE_DOMAIN = Parameter(
    name="Domain", wire_type=WireType.TEXT, spelling=Spelling.DOMAIN, repeats="DomainList"
)
DOMAINS = Parameter(
    name="DomainList", wire_type=WireType.TEXTS, spelling=Spelling.DOMAIN, fills_in=True
)
ONE_APP = Parameter(name="App", wire_type=WireType.TEXT)
ONE_STREAM = Parameter(name="Stream", wire_type=WireType.TEXT)
ISPS = Parameter(
    name="ISPList", wire_type=WireType.TEXTS, spelling=Spelling.ANY_CASE, fills_in=True
)
REGIONS = Parameter(name="RegionList", wire_type=WireType.REGIONS, fills_in=True)
USER_REGIONS = Parameter(name="UserRegionList", wire_type=WireType.REGIONS, fills_in=True)
PRIORITY = Parameter(name="StreamPriority", wire_type=WireType.TEXTS, fills_in=True)
PROTOCOLS = Parameter(
    name="ProtocolList",
    wire_type=WireType.TEXTS,
    allowed=("HTTP-FLV", "HTTP-HLS", "RTMP", "RTM", "SRT", "CMAF", "QUIC"),
    absent_values=((VOLCENGINE, ("CMAF",)),),
    spelling=Spelling.ANY_CASE,
    fills_in=True,
)

ONE_REGION_KIND = MutuallyExclusive(names=("RegionList", "UserRegionList"))
QUIC_ALONE = ExclusiveValue(name="ProtocolList", value="QUIC")
FULL_STREAM_NAME = AllOrNone(names=("Domain", "App", "Stream"))
APP_WITH_STREAM = AllOrNone(names=("App", "Stream"))
LIST_OR_SINGLE_DOMAIN = MutuallyExclusive(names=("DomainList", "Domain"))


def bucket_parameter(*allowed: int, default: int) -> Parameter:
    """The bucket width in seconds."""
    return Parameter(
        name="Aggregation", wire_type=WireType.INTEGER, allowed=allowed, default=default
    )


def split_parameter(*allowed: str) -> Parameter:
    """The dimensions that a total can be split by."""
    return Parameter(
        name="DetailField",
        wire_type=WireType.TEXTS,
        allowed=allowed,
        spelling=Spelling.ANY_CASE,
    )


def enum_parameter(
    name: str, default: str, *allowed: str, echoed: bool = True, absent_on: tuple[Vendor, ...] = ()
) -> Parameter:
    """A text parameter with a fixed set of values."""
    return Parameter(
        name=name,
        wire_type=WireType.TEXT,
        default=default,
        allowed=allowed,
        echoed=echoed,
        spelling=Spelling.ANY_CASE,
        absent_on=absent_on,
    )


def list_parameter(name: str, *allowed: str) -> Parameter:
    """A list of texts from a fixed set; none means all of them."""
    return Parameter(
        name=name,
        wire_type=WireType.TEXTS,
        allowed=allowed,
        spelling=Spelling.ANY_CASE,
        fills_in=True,
    )


TRANSCODE_TYPES = list_parameter(
    "TranscodeType",
    *("Normal_H264", "Normal_H265", "Normal_H266"),
    *("ByteHD_H264", "ByteHD_H265", "ByteHD_H266", "ByteQE", "Audio"),
)
RESOLUTIONS = list_parameter("Resolution", "480P", "720P", "1080P", "2K", "4K", "8K", "0P")


def page_parameters(
    smallest: int,
    largest: int,
    default: int | None,
    *,
    as_text: bool = False,
    required: bool = False,
) -> tuple[Parameter, Parameter]:
    """The page number and page size parameters."""
    wire = WireType.INTEGER_TEXT if as_text else WireType.INTEGER
    return (
        Parameter(
            name="PageNum", wire_type=wire, minimum=1, default=1, echoed=False, required=required
        ),
        Parameter(
            name="PageSize",
            wire_type=wire,
            minimum=smallest,
            maximum=largest,
            default=default,
            echoed=False,
            required=required,
        ),
    )


def one_day_limits(*buckets: int) -> tuple[WindowLimit, ...]:
    """One day at most, whatever the bucket."""
    return tuple(WindowLimit(bucket_s=b, longest=DAY) for b in buckets)


WHOLE_DAY = (WindowLimit(longest=DAY),)
NO_SPAN_GIVEN = (WindowLimit(longest=MONTH),)  # undocumented; we ask for one day at a time

ONLY_DAYS = (WindowLimit(bucket_s=DAY_S, longest=QUARTER),)
BILLING_LIMITS = (
    WindowLimit(bucket_s=300, longest=MONTH),
    WindowLimit(bucket_s=3600, longest=QUARTER),
    *ONLY_DAYS,
)
"""Series of billed usage: a split does not shorten the span."""

SPLIT_WINDOW_LIMITS = (
    WindowLimit(bucket_s=60, longest=DAY),
    WindowLimit(bucket_s=300, longest=MONTH),
    WindowLimit(bucket_s=3600, longest=MONTH),
    WindowLimit(bucket_s=60, min_splits=2, longest=timedelta(hours=3)),
    WindowLimit(bucket_s=300, min_splits=2, longest=DAY),
    WindowLimit(bucket_s=3600, min_splits=2, longest=timedelta(days=7)),
)
"""Session, origin traffic, stream count and edge data: two or more splits shorten the span."""

SERIES_DELAY = timedelta(minutes=15)
SERIES_DELAY_BY_BUCKET = {60: timedelta(minutes=5)}

STREAM_PAGES = Paging(size=1000, smallest=100, largest=1000, default=1000)
ROUGH_PAGES = Paging(
    size=1000,
    smallest=1,
    largest=1000,
    default=None,
    block=None,
    echo=None,
    total="RoughCount",
    is_rough=True,
)
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


def time_series_layouts(
    details: str, values: str, labels: tuple[Field, ...], fields: tuple[Field, ...]
) -> tuple[RowLayout, RowLayout]:
    """Layouts of a time series: the plain list, and the same list inside each split item."""
    rows = ListLevel(name=values, fields=fields)
    plain = RowLayout(levels=(rows,))
    split = RowLayout(levels=(ListLevel(name=details, fields=labels, required=False), rows))
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


def text(
    name: str,
    column: str | None,
    comment: str,
    *,
    required: bool = True,
    spelling: Spelling = Spelling.EXACT,
) -> Field:
    """A word or a name."""
    return Field(
        name=name,
        kind=ColumnType.TEXT,
        column=column,
        comment=comment,
        required=required,
        spelling=spelling,
    )


def secret_text(name: str) -> Field:
    """A text of which nothing is kept, not even in raw."""
    return Field(name=name, kind=ColumnType.TEXT, required=False, secret=Secret.WHOLE)


def instant(name: str, column: str, comment: str, *, required: bool = True) -> Field:
    """A point in time, RFC 3339 on the wire."""
    return Field(
        name=name, kind=ColumnType.INSTANT, column=column, comment=comment, required=required
    )
