"""Log files that the vendor offers for download: the list of them, an hour and domain each.

Not here: the files, which have a line for each request: resources/logs.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from resources.api.catalog.columns import DOMAIN
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import (
    Endpoint,
    ListLevel,
    Paging,
    RowLayout,
    Scope,
    Secret,
)
from resources.api.catalog.parameters import Parameter, WireType
from resources.api.catalog.shared import (
    DAY,
    DOMAINS,
    END,
    MONTH,
    NO_SPAN_GIVEN,
    START,
    count,
    instant,
    page_parameters,
    text,
)

_HOUR = timedelta(hours=1)
_TYPES = ("pull", "push", "source", "relay")

LOGS = Endpoint(
    action="DescribeLiveLogData",
    parameters=(
        Parameter(name="Type", wire_type=WireType.TEXT, required=True, allowed=_TYPES),
        DOMAINS,
        *(replace(p, rounding_s=3600) for p in (START, END)),  # files are of whole hours
        *page_parameters(1, 1000, 20),
    ),
    window_limits=NO_SPAN_GIVEN,
    asked_beyond=_HOUR,  # a window must contain the hour of a file, "earlier than", "later than"
    history=MONTH,
    delay=_HOUR,  # files grow for up to 24 h more: that is what days are read again for
    rate_per_s=100.0,
    paging=Paging(size=1000, smallest=1, largest=1000, default=20),
    rows=RowLayout(
        levels=(
            ListLevel(
                name="LogInfoList",
                fields=(
                    replace(
                        DOMAIN,
                        required=False,
                        comment="Domain name; '' or NULL for relays, whose files are of the account.",
                    ),
                    instant("DateTime", "hour_start_at", "Hour that the file is about."),
                    text("LogName", "file_name", "Name of the file; its number is at the end."),
                    count(
                        "LogSize", "file_bytes", "bytes", "Size, compressed, when it was listed."
                    ),
                    replace(
                        text(
                            "DownloadUrl",
                            "file_url",
                            "Where it was offered, without the signature of the link.",
                        ),
                        secret=Secret.QUERY,
                    ),
                ),
            ),
        ),
    ),
)

DATASETS = (
    Dataset(
        name="log_file",
        endpoint=LOGS,
        scope=Scope.WHOLE,
        variants=tuple({"Type": kind} for kind in _TYPES),
        variant_columns={"Type": "log_type"},
        variant_comments={
            "Type": "What is logged: pull (viewers), push, source (from origins) or relay (pull to push).",
        },
        event_start="hour_start_at",
        event_times=("hour_start_at", "hour_start_at"),
        key=("business_date", "log_type", "domain", "file_name"),
        history_override=MONTH - DAY,  # an hour is asked beyond the day; whole days are counted
        description="Log files that the vendor keeps for download, for each domain and hour: name and "
        "size. The files themselves are downloaded if `logs.files` asks for it; what signs their links is "
        "not kept, in raw neither.",
        group="events",
    ),
)
