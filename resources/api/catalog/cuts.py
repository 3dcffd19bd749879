"""A cut: a dataset that the settings define, by endpoint, split, filters and width.

Here: what a cut says. Not here: the dataset that it becomes (cut_dataset.py), what is wrong with one
(cut_rules.py), reading it from the settings file (resources/config/cut_settings.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from types import MappingProxyType
from typing import Any

from resources.api.catalog.datasets import CUT_PREFIX


def _about(meaning: str, example: object) -> dict[str, object]:
    return {"meaning": meaning, "example": example}


def _filter(parameter: str, column: str, meaning: str, example: object) -> dict[str, object]:
    return {**_about(meaning, example), "parameter": parameter, "column": column}


def _values(parameter: str, column: str) -> Any:
    meaning = f"Values of {parameter}, each a request of its own; they become the column {column}."
    return field(
        default=(),
        metadata={**_about(meaning, ()), "values_of": parameter, "column": column},
    )


@dataclass(frozen=True, kw_only=True)
class Cut:
    """One section [cut.NAME]. Each field but the name is a key of it."""

    name: str
    endpoint: str = field(
        metadata=_about("Action of the API that is asked.", "DescribeLiveEdgeStatData")
    )
    split: tuple[str, ...] = field(
        default=(),
        metadata=_about("Dimensions that the figures are split by.", ("Domain", "Protocol")),
    )
    width_s: int | None = field(
        default=None,
        metadata=_about("Width of a time slot in seconds, for actions with slots.", 300),
    )
    days: int = field(
        default=1,
        metadata=_about(
            "Days that a list of the first is of, the day of its rows the last; 7: of a week.", 7
        ),
    )
    domains: tuple[str, ...] = field(
        default=(),
        metadata=_about(
            "Only domains that fit one of these patterns (* any text, ? one character).",
            ("*.example.com",),
        ),
    )
    app: str | None = field(
        default=None, metadata=_about("App of the one stream that is asked about.", "live")
    )
    stream: str | None = field(
        default=None, metadata=_about("The one stream that is asked about; with app.", "room1")
    )
    protocols: tuple[str, ...] | str = field(
        default=(),
        metadata=_filter(
            "ProtocolList",
            "protocol",
            'Only these protocols. "all" with each: all that there are.',
            ("RTMP", "SRT"),
        ),
    )
    isps: tuple[str, ...] | str = field(
        default=(),
        metadata=_filter(
            "ISPList",
            "isp",
            'Only these carriers, by their codes in the table isp. "all": all that it lists.',
            ("telecom",),
        ),
    )
    regions: tuple[str, ...] | str = field(
        default=(),
        metadata=_filter(
            "RegionList",
            "region",
            "Only CDN nodes of these regions, as Area, Area/Country or Area/Country/Province, by "
            'the codes in the table region. "areas", "countries" or "provinces": all that it lists.',
            ("CN/CN",),
        ),
    )
    user_regions: tuple[str, ...] | str = field(
        default=(),
        metadata=_filter(
            "UserRegionList",
            "user_region",
            "Only clients of these regions, named in the same way.",
            ("CN/CN",),
        ),
    )
    vhosts: tuple[str, ...] | str = field(
        default=(),
        metadata=_filter(
            "VhostList",
            "vhost",
            "Only these domain spaces, by the column vhost of the table domain; not with domains.",
            ("space-1",),
        ),
    )
    apps: tuple[str, ...] | str = field(
        default=(), metadata=_filter("AppList", "app", "Only streams of these apps.", ("live",))
    )
    streams: tuple[str, ...] | str = field(
        default=(), metadata=_filter("StreamList", "stream", "Only these streams.", ("room1",))
    )
    resolutions: tuple[str, ...] | str = field(
        default=(), metadata=_filter("Resolution", "resolution", "Only these tiers.", ("1080P",))
    )
    transcode_types: tuple[str, ...] | str = field(
        default=(),
        metadata=_filter("TranscodeType", "transcode_type", "Only these codecs.", ("Normal_H265",)),
    )
    each: tuple[str, ...] = field(
        default=(),
        metadata=_about(
            "Filters that are asked once for each of their values, which become a column: a split "
            "that the action does not have.",
            ("isps",),
        ),
    )
    online_user_type: tuple[str, ...] = _values("OnlineUserType", "online_user_type")
    stream_type: tuple[str, ...] = _values("StreamType", "stream_type")
    request_type: tuple[str, ...] = _values("Type", "request_type")
    query_type: tuple[str, ...] = _values("QueryType", "query_type")
    sort_by: tuple[str, ...] = _values("SortBy", "sort_by")
    agg_type: tuple[str, ...] = _values("AggType", "agg_type")
    description: str = field(
        default="", metadata=_about("A sentence for the comment of the table.", "For the board.")
    )
    reread_days: int = field(
        default=3,
        metadata=_about(
            "Days of this age or younger are asked again each day, for late data; 0: never.", 3
        ),
    )
    allow: bool = field(
        default=False,
        metadata=_about(
            "true: the cut may take more than 5,000 requests or 5 million rows a day.", True
        ),
    )

    @property
    def table(self) -> str:
        """The name of its table and dataset."""
        return f"{CUT_PREFIX}{self.name}"

    @property
    def is_one_stream(self) -> bool:
        """True if it asks about a single stream by its name."""
        return self.app is not None and self.stream is not None

    def values(self, key: str) -> tuple[str, ...]:
        """The values of a filter that the settings list; () for none and for "all"."""
        found = getattr(self, key)
        return () if isinstance(found, str) else tuple(found)

    def is_all(self, key: str) -> bool:
        """True if a filter is to have every value that there is."""
        return isinstance(getattr(self, key), str)

    @classmethod
    def of_meaning(cls, name: str, meaning: Mapping[str, Any]) -> Cut:
        """The cut whose meaning an archive has kept. Raises TypeError for another version's."""
        given: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in meaning.items()
        }
        return cls(name=name, **given)

    @property
    def meaning(self) -> dict[str, object]:
        """All that decides what a captured day holds, for JSON: it cannot change afterwards."""
        found = {
            key: value
            for key, known in KEYS.items()
            if key not in _FREE and (value := getattr(self, key)) != known.default
        }
        return {k: [*v] if isinstance(v, tuple) else v for k, v in found.items()}


KEYS: Mapping[str, Field[Any]] = MappingProxyType(
    {known.name: known for known in fields(Cut) if known.name != "name"}
)
"""All keys of a section [cut.NAME]."""

FILTERS: Mapping[str, str] = MappingProxyType(
    {
        key: known.metadata["parameter"]
        for key, known in KEYS.items()
        if "parameter" in known.metadata
    }
)
"""Keys that filter -> parameter of the API."""

VALUES: Mapping[str, str] = MappingProxyType(
    {
        key: known.metadata["values_of"]
        for key, known in KEYS.items()
        if "values_of" in known.metadata
    }
)
"""Keys that say how a figure is meant -> parameter of the API."""

FILTER_COMMENTS: Mapping[str, str] = MappingProxyType(
    {
        "ProtocolList": "Delivery protocol that the row is limited to.",
        "ISPList": "Carrier that the row is limited to, see isp.",
        "RegionList": "Region of the CDN nodes that the row is limited to, see region.",
        "UserRegionList": "Region of the clients that the row is limited to, see region.",
        "VhostList": "Domain space that the row is limited to, see domain.",
        "AppList": "App that the row is limited to.",
        "StreamList": "Stream that the row is limited to.",
        "Resolution": "Transcoding tier that the row is limited to.",
        "TranscodeType": "Codec that the row is limited to.",
    }
)
"""Comments of the columns that filters with one value become."""

ALL: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "protocols": ("all",),
        "isps": ("all",),
        "regions": ("areas", "countries", "provinces"),
        "user_regions": ("areas", "countries", "provinces"),
    }
)
"""Keys that take a word in the place of a list: every value that the API or the account has."""

_FREE = ("description", "reread_days", "allow")  # keys that may change at any time


def column_of(key: str) -> str:
    """The column that a filter becomes where each request has one value of it."""
    return str(KEYS[key].metadata["column"])


def region_of(text: str) -> dict[str, str]:
    """A region in the form that the API takes, from Area, Area/Country or Area/Country/Province."""
    return dict(zip(("Area", "Country", "Province"), text.split("/"), strict=False))


def text_of_region(region: Mapping[str, object]) -> str:
    """The text of a region in the form that the API takes."""
    return "/".join(map(str, region.values()))
