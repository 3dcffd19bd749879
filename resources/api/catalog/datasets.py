"""A dataset: what is kept of an endpoint, with fixed parameters. One dataset is one table.

Here: the type and what follows from its fields. Not here: the datasets, which are in account.py,
edge.py and the other files of this folder. Read next: columns.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from types import MappingProxyType

from resources.api.catalog.columns import SLOT_START_AT, columns_of
from resources.api.catalog.model import (
    Column,
    DedupKeep,
    DomainRole,
    DuplicateKeys,
    Endpoint,
    Preference,
    Scope,
)
from resources.api.catalog.spelling import domain_key, domain_spellings

CUT_PREFIX = "cut_"
"""Tables of this prefix are cuts of the settings; nothing else may have such a name."""


@dataclass(frozen=True, kw_only=True, eq=False)  # one object per entry: identity is equality
class Dataset:
    """An endpoint with fixed parameters, and the table that its rows become."""

    name: str
    endpoint: Endpoint
    description: str
    scope: Scope
    key: tuple[str, ...]
    role: DomainRole = DomainRole.ANY
    bucket_s: int | None = None
    split: tuple[str, ...] = ()
    parameters: Mapping[str, object] = field(default_factory=dict)
    variants: tuple[Mapping[str, object], ...] = ({},)
    variant_columns: Mapping[str, str] = field(default_factory=dict)  # parameter -> column
    variant_comments: Mapping[str, str] = field(default_factory=dict)
    ranked: bool = False  # the position in the list is a column
    streams_from: tuple[str, ...] = ()  # datasets that name the streams of the day
    addresses_from: tuple[tuple[str, str], ...] = ()  # (dataset, column) that hold addresses
    derived_from: tuple[str, ...] = ()
    """Datasets whose answers hold this one's rows beside their split, the best first. A day that one
    of them has captured needs no request: see capture/derive.py."""
    event_start: str | None = None  # column that tells when an event began: not after the day
    event_times: tuple[str, str] | None = None  # columns that tell when it began and ended
    dedup_keep: DedupKeep | None = None  # deduplicates rows listed under several days
    duplicate_keys: DuplicateKeys = DuplicateKeys.REFUSE  # within one answer
    prefer: tuple[Preference, ...] = ()  # for DuplicateKeys.KEEP_ONE, the first one decides
    history_override: timedelta | None = None  # for an endpoint without a history limit
    reread_days: int = 3  # days of this age or younger are captured again
    is_month_to_date: bool = False  # a day's figures are of its month so far
    days_of_list: int = 1  # that a day's list is of, the day itself the last
    group: str = "usage"
    other_widths_s: tuple[int, ...] = ()  # other bucket widths (s) that marts and rules support
    distorting_widths_s: tuple[int, ...] = ()
    """Widths that marts would be wrong with: only archives that have them already may keep them."""
    required_variants: tuple[str, ...] = ()  # labels of variants that marts and rules read
    domains: tuple[str, ...] = ()  # patterns of the domains to request; (): all
    streams: tuple[str, ...] = ()  # patterns of app/stream; (): all
    protocols: tuple[str, ...] = ()  # that a split by protocol has; (): all
    one_stream: tuple[str, str] | None = None  # (app, stream): the only one asked about
    drawn: Mapping[str, str] = field(default_factory=dict)
    """Filters that are asked once for each value of the account: parameter -> field of Inventory."""
    is_large_allowed: bool = False  # of a cut: it may ask and hold more than is usual
    meaning: Mapping[str, object] = field(default_factory=dict)
    """Overrides from the settings that change what a captured day holds; stored with each capture."""

    @property
    def is_cut(self) -> bool:
        """True for a dataset that the settings define: see cuts.py."""
        return self.name.startswith(CUT_PREFIX)

    @property
    def is_dimension(self) -> bool:
        """True for the present state of the account: captured now, not for a past day."""
        return self.endpoint.is_present_state and not self.addresses_from

    @property
    def needs(self) -> tuple[str, ...]:
        """Datasets of the same day that must be captured first: they list the streams or addresses."""
        return tuple(
            dict.fromkeys((*self.streams_from, *(name for name, _ in self.addresses_from)))
        )

    @property
    def times(self) -> tuple[str, str] | None:
        """Columns that tell when a row begins and ends; None if a row tells nothing of its time."""
        return self.event_times if self.bucket_s is None else (SLOT_START_AT, SLOT_START_AT)

    @property
    def asked_width_s(self) -> int | None:
        """The bucket width that is asked for; rows of a wide one need not begin with the day."""
        width = self.parameters.get("Aggregation", self.bucket_s)
        return None if width is None else int(str(width))

    @property
    def history(self) -> timedelta | None:
        """How far back the API answers; None for the present state of the account."""
        return self.history_override or self.endpoint.history

    @property
    def delay(self) -> timedelta:
        """Time after the end of a day until its data is complete at the vendor."""
        return self.endpoint.delay_of(self.asked_width_s)

    def first_asked(self, day: date) -> date:
        """The first of the days that the requests of a day are about; `day` is the last."""
        if self.is_month_to_date:
            return day.replace(day=1)
        return day - timedelta(days=self.days_of_list - 1)

    def includes_domain(self, name: str) -> bool:
        """True if the dataset is to hold this domain; patterns compare as DNS does.

        A pattern may have a part of a label beyond ASCII, which Punycode does not show: 直播*.com.
        """
        spellings = domain_spellings(domain_key(name))
        return not self.domains or any(
            fnmatchcase(spelled, form)
            for one in self.domains
            for form in {domain_key(one), one.strip().lower()}
            for spelled in spellings
        )

    def includes_stream(self, app: str, stream: str) -> bool:
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
        return columns_of(self)

    @cached_property
    def column(self) -> Mapping[str, Column]:
        """The table's columns by name."""
        return MappingProxyType({c.name: c for c in self.columns})
