"""What a probe asks: the account's domains, and windows of a day that has settled.

Each question is asked once, whichever observation needs it first. What the replies mean is in of_*.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import Any

from pipelines.probe.answers import Row, listed, rows
from pipelines.probe.calls import Caller, Reply
from resources.api.catalog import DATASETS, ENDPOINTS
from resources.api.catalog.model import DomainRole
from resources.api.pagination import page_payload
from resources.api.request_plan import Domain
from resources.api.windows import day_of, wire_time
from resources.config import Settings

EDGE = "DescribeLiveEdgeStatData"
SESSION = "DescribeLiveStreamSessionData"
STATUS = "DescribeLivePlayStatusCodeData"
STREAMS = "DescribeLiveBatchStreamTrafficData"
PUSHES = "DescribeLivePushStreamInfoData"
PUSH_METRICS = "DescribeLivePushStreamMetrics"
DOMAINS = "ListDomainDetail"

WIDTH_S = 300
SLOT = timedelta(seconds=WIDTH_S)
WINDOW = timedelta(hours=3)
DELETED = 3
NO_STREAM = "livestats-probe"  # does not exist

REPEATED = 100
"""Names in the longest list that is tried, one name again and again."""


class Questions:
    """The questions of one probe, and what they are about."""

    def __init__(self, caller: Caller, settings: Settings, now: datetime) -> None:
        self.caller = caller
        self.settings = settings
        self.now = now
        day = day_of(now, settings.zone) - timedelta(days=2)
        self.midnight = datetime.combine(day, time(), settings.zone)
        self.start = self.midnight + timedelta(hours=19)
        self.edge = self.start + WINDOW

    # --- the account

    def list_page(self, number: int, size: int, again: int = 0) -> Reply:
        """A page of the list of domains."""
        payload = {**DATASETS["domain"].parameters, "PageNum": number, "PageSize": size}
        return self.caller.ask(DOMAINS, payload, again)

    @cached_property
    def listing(self) -> Reply:
        """The list of domains as livestats asks for it."""
        return self.list_page(1, self._page_size(DOMAINS))

    @staticmethod
    def _page_size(action: str) -> int:
        paging = ENDPOINTS[action].paging
        return paging.size if paging else 0

    @cached_property
    def sites(self) -> list[Row]:
        """The rows of the list."""
        return [row for row in rows(self.listing) if isinstance(row.get("Domain"), str)]

    def _names(self, is_push: bool, *, deleted: bool = False) -> list[str]:
        found = [
            str(row["Domain"])
            for row in self.sites
            if (row.get("Type") == "push") is is_push and (row.get("Status") == DELETED) is deleted
        ]
        return sorted(dict.fromkeys(found))

    @cached_property
    def pulls(self) -> list[str]:
        """Pull domains that are not deleted; those of the settings if none is listed."""
        named = [*self.settings.pull_domains]
        return named or self._names(False) or self._names(False, deleted=True)

    @cached_property
    def pushes(self) -> list[str]:
        """Push domains, likewise."""
        named = [*self.settings.push_domains]
        return named or self._names(True) or self._names(True, deleted=True)

    @cached_property
    def deleted(self) -> list[str]:
        """Pull domains that are deleted."""
        return self._names(False, deleted=True)

    @cached_property
    def domains(self) -> tuple[Domain, ...]:
        """One domain of each role, for the small questions about permissions."""
        found = [Domain(name, DomainRole.PULL) for name in self.two[:1] or self.pulls[:1]]
        return (*found, *(Domain(name, DomainRole.PUSH) for name in self.pushes[:1]))

    @cached_property
    def alone(self) -> dict[str, Reply]:
        """The first two pull domains, each asked alone; {} unless their list is refused."""
        first = self.pulls[:2]
        reply = self.series(EDGE, first, self.start, self.edge, split=True)
        if reply.failure is None or reply.failure.kind not in ("refused", "denied"):
            return {}
        return {name: self.series(EDGE, [name], self.start, self.edge) for name in first}

    @cached_property
    def two(self) -> list[str]:
        """Two pull domains that can be asked in one list, or one."""
        if not self.alone:
            return self.pulls[:2]
        return [name for name, reply in self.alone.items() if reply.is_good][:1]

    def page_of(self, reply: Reply, number: int, size: int, again: int = 0) -> Reply:
        """Another page of the list that `reply` has a page of."""
        paging = reply.endpoint.paging
        if paging is None:
            return reply
        pages: dict[str, object] = {paging.number_param: number, paging.size_param: size}
        if paging.as_text:
            pages = {name: str(value) for name, value in pages.items()}
        return self.caller.ask(reply.action, {**reply.payload, **pages}, again)

    # --- series of the settled day

    def series(
        self,
        action: str,
        domains: Sequence[str] | None,
        start: datetime,
        end: datetime,
        *,
        split: bool = False,
        more: Mapping[str, Any] | None = None,
    ) -> Reply:
        """A series of 5 minutes; split by domain if asked for and there are two."""
        payload: dict[str, Any] = {} if domains is None else {"DomainList": [*domains]}
        payload |= {"Aggregation": WIDTH_S, **self.times(start, end)}
        if split and len(domains or ()) > 1:
            payload["DetailField"] = ["Domain"]
        return self.caller.ask(action, {**payload, **(more or {})})

    @staticmethod
    def times(start: datetime, end: datetime) -> dict[str, str]:
        """A window as the API takes it, its end as it is."""
        return {"StartTime": wire_time(start), "EndTime": wire_time(end)}

    @cached_property
    def evening(self) -> Reply:
        """Three hours of an evening, the end named by its full hour."""
        return self.series(EDGE, self.two, self.start, self.edge, split=True)

    @cached_property
    def next_slot(self) -> Reply:
        """The slot behind it."""
        return self.series(EDGE, self.two, self.edge, self.edge + SLOT, split=True)

    def settled(self, action: str) -> Reply:
        """The same evening in another series, or that of `evening`."""
        if action == EDGE:
            return self.evening
        return self.series(action, self.two, self.start, self.edge)

    def newest(self, action: str) -> tuple[Reply, datetime]:
        """The last three hours, and their end: the last full five minutes."""
        seconds = int(self.now.timestamp()) // WIDTH_S * WIDTH_S
        end = datetime.fromtimestamp(seconds, UTC).astimezone(self.settings.zone)
        return self.series(action, self.two, end - WINDOW, end), end

    @cached_property
    def all_domains(self) -> Reply:
        """All listed domains in one list."""
        names = list(dict.fromkeys(str(row["Domain"]) for row in self.sites)) or self.two
        return self.series(EDGE, names, self.start, self.edge)

    @cached_property
    def no_list(self) -> Reply:
        """The account without a list of domains."""
        return self.series(EDGE, None, self.start, self.edge)

    @cached_property
    def one_domain(self) -> Reply:
        """A single domain with a split by domain."""
        more = {"DetailField": ["Domain"]}
        return self.series(EDGE, self.two[:1], self.start, self.edge, more=more)

    @cached_property
    def no_viewers(self) -> Reply:
        """Viewers of a domain that should have none: one for pushing, else a deleted one."""
        return self.series(SESSION, (self.pushes or self.deleted)[:1], self.start, self.edge)

    @cached_property
    def carriers(self) -> Reply:
        """One night hour, split by carrier: most likely of all to have slots without anything."""
        known = listed(self.caller.ask("DescribeLiveISPData", {}).result, "ISPList")
        codes = [str(one["Code"]) for one in known if one.get("Code")]
        begin = self.midnight + timedelta(hours=4)
        more = {"ISPList": codes, "DetailField": ["ISP"]}
        return self.series(EDGE, self.two[:1], begin, begin + timedelta(hours=1), more=more)

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Codes of the carriers."""
        known = listed(self.caller.ask("DescribeLiveISPData", {}).result, "ISPList")
        return tuple(str(one.get("Code", "")) for one in known)

    # --- lists of streams and pushes

    @cached_property
    def day(self) -> dict[str, str]:
        """The window of the whole day, to its last second."""
        return self.times(self.midnight, self.midnight + timedelta(hours=24, seconds=-1))

    @cached_property
    def streams(self) -> Reply:
        """The streams of the day with their traffic."""
        paging = ENDPOINTS[STREAMS].paging
        pages = page_payload(paging, 1) if paging else {}
        return self.caller.ask(STREAMS, {"DomainList": self.two, **self.day, **pages})

    def pushed(self, start: datetime, end: datetime) -> Reply:
        """The pushes of a window."""
        paging = ENDPOINTS[PUSHES].paging
        pages = page_payload(paging, 1) if paging else {}
        about = {"DomainList": self.pushes[:1]}
        return self.caller.ask(PUSHES, {**about, **self.times(start, end), **pages})

    @cached_property
    def pushes_of_day(self) -> Reply:
        """All pushes of the day."""
        return self.pushed(self.midnight, self.midnight + timedelta(hours=24, seconds=-1))

    def metrics_of(self, app: str, stream: str) -> Reply:
        """The quality of one stream in the evening."""
        about = {"Domain": (self.pushes or [""])[0], "App": app, "Stream": stream}
        times = self.times(self.start, self.start + timedelta(minutes=5))
        return self.caller.ask(PUSH_METRICS, {**about, **times, "Aggregation": 30})

    @cached_property
    def no_stream(self) -> Reply:
        """The quality of a stream that does not exist."""
        return self.metrics_of(NO_STREAM, NO_STREAM)

    @cached_property
    def one_stream(self) -> Reply | None:
        """The quality of a stream that was live; None if there is none."""
        found = [row for row in [*rows(self.pushes_of_day), *rows(self.streams)] if row.get("App")]
        if not found:
            return None
        return self.metrics_of(str(found[0]["App"]), str(found[0].get("Stream")))
