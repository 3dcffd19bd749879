"""Callbacks that the vendor sent for pushes, screenshots and recordings.

Their bodies and headers hold secrets and personal data of others: they are not kept, see `Secret`.
"""

from __future__ import annotations

from dataclasses import replace

from resources.api.catalog.columns import APP, DOMAIN, OCCURRENCE, STREAM
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import (
    DuplicateKeys,
    Endpoint,
    ListLevel,
    Paging,
    RowLayout,
    Scope,
    Secret,
    WindowLimit,
)
from resources.api.catalog.shared import (
    DOMAINS,
    END,
    MONTH,
    ONE_APP,
    ONE_STREAM,
    SERIES_DELAY,
    START,
    YEAR,
    instant,
    list_parameter,
    page_parameters,
    secret_text,
    text,
)

_PAGE, _SIZE = page_parameters(1, 1000, 100)


CALLBACK = Endpoint(
    action="DescribeLiveCallbackData",
    parameters=(
        START,
        END,
        DOMAINS,
        ONE_APP,
        ONE_STREAM,
        list_parameter(
            "CallbackEventType", "push_start", "push_end", "snapshot_event", "record_event"
        ),
        list_parameter("CallbackStatus", "success", "fail"),
        replace(_PAGE, maximum=10_000),
        _SIZE,
    ),
    window_limits=(WindowLimit(longest=MONTH),),
    history=YEAR,
    delay=SERIES_DELAY,  # undocumented, as its sisters
    paging=Paging(size=1000, smallest=1, largest=1000, default=100),
    rows=RowLayout(
        levels=(
            ListLevel(
                name="CallbackInfoList",
                required=False,
                fields=(
                    DOMAIN,
                    APP,
                    STREAM,
                    text(
                        "CallbackEventType", "event_type", "What it tells of, such as push_start."
                    ),
                    instant("CallbackTime", "called_at", "When it was sent."),
                    text("CallbackStatus", "callback_status", "success or fail."),
                    text("CallbackMethod", "http_method", "HTTP method."),
                    replace(
                        text(
                            "CallbackAddress", "callback_url", "Where to, without query and user."
                        ),
                        secret=Secret.QUERY,
                    ),
                    text("CallbackResponseCode", "response_code", "Code that came back."),
                    text(
                        "CallbackResponseTime",
                        "response_duration",
                        "How long it took, as the vendor writes it: the unit is not documented.",
                    ),
                    text("CallbackErrorCode", "error_code", "Kind of error; '' if there was none."),
                    text("CallbackErrorMessage", "error_message", "What failed, free text."),
                    secret_text("CallbackBody"),
                    secret_text("CallbackResponseBody"),
                    secret_text("CallbackResponseHeader"),
                ),
            ),
        ),
    ),
)

DATASETS = (
    Dataset(
        name="callback",
        endpoint=CALLBACK,
        scope=Scope.DOMAINS,
        key=("business_date", "domain", "app", "stream", "event_type", "called_at", OCCURRENCE),
        duplicate_keys=DuplicateKeys.NUMBER,  # attempts have no number of their own
        event_start="called_at",
        event_times=("called_at", "called_at"),
        description="Callbacks of the vendor to you, every attempt: what for, when, and whether it was "
        "answered. Bodies, headers and queries of addresses are not kept, in raw neither.",
        group="events",
    ),
)
