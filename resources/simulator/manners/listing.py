"""Manners of lists: who is listed, how often, in which letters, and on which page.

The numbers in an answer are in figures.py.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from resources.api.catalog.model import Endpoint
from resources.simulator.exchange import DOMAIN_PARAMETERS, Answer, Request
from resources.simulator.manners.manner import Manner, Options
from resources.simulator.render import Result

LIST_OF_DOMAINS, LIST_OF_CARRIERS = "ListDomainDetail", "DescribeLiveISPData"
LIST_OF_REGIONS = "DescribeLiveRegionData"
DELETED = 3


@dataclass
class ListManner(Manner):
    """Base class: changes a list that comes in pages, before it is cut into pages."""

    def is_about(self, request: Request) -> bool:
        return request.endpoint is not None and request.endpoint.paging is not None

    @abstractmethod
    def rows(self, request: Request, rows: list[Result]) -> list[Result]:
        """The list that the client shall see instead of `rows`."""

    def behind(self, request: Request, answer: Answer) -> Answer:
        if answer.has_nothing:
            return answer
        request.notes["rows"] = self.rows(request, _whole_list(request))
        return answer.with_result(_one_page(request, answer.result))


def _whole_list(request: Request) -> list[Result]:
    """All rows that the request is about, as earlier manners left them."""
    if "rows" in request.notes:
        rows: list[Result] = request.notes["rows"]
        return rows
    assert request.endpoint is not None  # noqa: S101 - see ListManner.is_about
    assert request.endpoint.paging is not None  # noqa: S101
    paging, level = request.endpoint.paging, request.endpoint.rows.levels[-1].name
    write = str if paging.as_text else int
    found: list[Result] = []
    number = 1
    while True:
        asked = {paging.number_param: write(number), paging.size_param: write(paging.largest)}
        result = request.ask(request.action, {**request.parameters, **asked})
        page = result.get(level) or []
        found += page
        if len(page) < paging.largest:
            return found
        number += 1


def _one_page(request: Request, result: Result) -> Result:
    """`result` with the page of the list in `request.notes` that was asked for."""
    assert request.endpoint is not None  # noqa: S101 - see ListManner.is_about
    assert request.endpoint.paging is not None  # noqa: S101
    paging, level = request.endpoint.paging, request.endpoint.rows.levels[-1].name
    rows = request.notes["rows"][: paging.most_rows]
    asked = request.parameters
    size = int(asked.get(paging.size_param) or paging.default or paging.size)
    number = int(asked.get(paging.number_param) or 1)
    cap, counts = request.notes.get("page_cap", (size, "asked"))
    most = min(size, cap)
    first = (number - 1) * (most if counts == "given" else size)
    result[level] = rows[first : first + most]
    block = result if paging.block is None else result[paging.block]
    write = str if paging.as_text and paging.block is not None else int
    block[paging.total] = write(len(rows) + request.notes.get("total_moved", 0))
    return result


@dataclass
class ShortPages(ListManner):
    """Gives at most this many rows to a page; page numbers count pages as asked, or as given."""

    name = "short-pages"
    example = "short-pages=100@counts=asked"

    most: int = 100
    counts: str = "asked"
    options: ClassVar[Options] = {"counts": ("asked", "given")}

    def behind(self, request: Request, answer: Answer) -> Answer:
        request.notes["page_cap"] = (self.most, self.counts)
        return super().behind(request, answer)

    def rows(self, request: Request, rows: list[Result]) -> list[Result]:
        return rows


@dataclass
class MovingTotal(ListManner):
    """Tells another total with every answer."""

    name = "moving-total"
    example = "moving-total@action=DescribeLivePushStreamInfoData@until-call=4"

    def behind(self, request: Request, answer: Answer) -> Answer:
        request.notes["total_moved"] = self.calls
        return super().behind(request, answer)

    def rows(self, request: Request, rows: list[Result]) -> list[Result]:
        return rows


@dataclass
class DoubledKey(ListManner):
    """Lists rows twice: a deleted domain beside its successor, or two pushes of one second."""

    name = "doubled-key"
    example = "doubled-key=2@action=ListDomainDetail,DescribeLivePushStreamInfoData"

    count: int = 1
    kind: str = "other"
    options: ClassVar[Options] = {"kind": ("other", "equal")}

    def rows(self, request: Request, rows: list[Result]) -> list[Result]:
        found: list[Result] = []
        for number, row in enumerate(rows):
            found.append(row)
            if number < self.count:
                found.append(self._again(request.action, row))
        return found

    def _again(self, action: str, row: Result) -> Result:
        if self.kind == "equal":
            return dict(row)
        if action == LIST_OF_DOMAINS:
            year = int(row["CreateTime"][:4]) - 1
            return {**row, "Status": DELETED, "CreateTime": f"{year}{row['CreateTime'][4:]}"}
        if "StreamPriority" in row:
            return {**row, "StreamPriority": "backup"}
        return dict(row)


@dataclass
class LateDomains(ListManner):
    """Does not list these domains: with @until-call or @until they become visible then."""

    name = "late-domains"
    example = "late-domains=pull-2.sim.example,push-2.sim.example@until-call=2"

    which: tuple[str, ...]

    def is_about(self, request: Request) -> bool:
        return request.action == LIST_OF_DOMAINS

    def rows(self, request: Request, rows: list[Result]) -> list[Result]:
        hidden = {name.lower() for name in self.which}
        return [row for row in rows if row["Domain"].lower() not in hidden]


@dataclass
class LateCarriers(Manner):
    """Lists only the first so many carriers: with @until-call or @until all are listed then."""

    name = "late-carriers"
    example = "late-carriers=3@until-call=1"

    most: int

    def is_about(self, request: Request) -> bool:
        return request.action == LIST_OF_CARRIERS

    def behind(self, request: Request, answer: Answer) -> Answer:
        if answer.has_nothing:
            return answer
        result = answer.result
        return answer.with_result(result | {"ISPList": result["ISPList"][: self.most]})


@dataclass
class LateRegions(Manner):
    """Lists only the first so many areas, and of each country the first so many provinces."""

    name = "late-regions"
    example = "late-regions=3@until-call=1"

    most: int

    def is_about(self, request: Request) -> bool:
        return request.action == LIST_OF_REGIONS

    def behind(self, request: Request, answer: Answer) -> Answer:
        if answer.has_nothing:
            return answer
        result = answer.result
        areas = [
            {**area, "Countries": [self._short(country) for country in area["Countries"]]}
            for area in result["Areas"][: self.most]
        ]
        return answer.with_result(result | {"Areas": areas})

    def _short(self, country: Result) -> Result:
        return {**country, "Provinces": country["Provinces"][: self.most]}


@dataclass
class NewDomains(LateDomains):
    """Lists these domains as created at this time."""

    name = "new-domains"
    example = "new-domains=pull-2.sim.example,push-2.sim.example@created=2026-11-20T10:00:00Z"

    created: str = "2026-11-20T10:00:00Z"

    def rows(self, request: Request, rows: list[Result]) -> list[Result]:
        new = {name.lower() for name in self.which}
        return [
            {**row, "CreateTime": self.created} if row["Domain"].lower() in new else row
            for row in rows
        ]


@dataclass
class NameCase(Manner):
    """Lists domain names in mixed case, takes any case, and answers in lower case."""

    name = "name-case"
    example = "name-case"

    def before(self, request: Request) -> Answer | None:
        asked = request.parameters
        lower: dict[str, Any] = {}
        for name in DOMAIN_PARAMETERS:
            if isinstance(asked.get(name), str):
                lower[name] = asked[name].lower()
            elif isinstance(asked.get(name), list):
                lower[name] = [str(item).lower() for item in asked[name]]
        request.change(**lower)
        return None

    def behind(self, request: Request, answer: Answer) -> Answer:
        if request.action != LIST_OF_DOMAINS or answer.has_nothing:
            return answer
        assert request.endpoint is not None  # noqa: S101 - the list of domains is an action
        result = answer.result
        for row in result.get(request.endpoint.rows.levels[-1].name) or []:
            for field in ("Domain", "PushDomain"):
                row[field] = row[field].title()
        return answer.with_result(result)


def _announced(endpoint: Endpoint, result: Mapping[str, Any]) -> int:
    """How many rows an answer says there are on all pages; 0 for an endpoint without pages."""
    paging = endpoint.paging
    if paging is None:
        return 0
    block = result if paging.block is None else result[paging.block]
    return int(block[paging.total])


@dataclass
class NullResult(Manner):
    """Answers "Result": null where there is nothing, or no Result at all (`missing`)."""

    name = "null-result"
    example = "null-result"

    when: str = "empty"
    options: ClassVar[Options] = {"when": ("empty", "always", "missing")}

    def behind(self, request: Request, answer: Answer) -> Answer:
        if answer.has_nothing or request.endpoint is None:
            return answer
        result = answer.result
        layouts = (request.endpoint.rows, request.endpoint.split_rows)
        is_empty = not any(result.get(rows.levels[0].name) for rows in layouts if rows is not None)
        is_nothing = is_empty and not _announced(request.endpoint, result)
        if is_nothing or self.when == "always":
            return replace(answer, result_json=None if self.when == "missing" else b"null")
        return answer


MANNERS: tuple[type[Manner], ...] = (
    ShortPages,
    MovingTotal,
    DoubledKey,
    LateDomains,
    LateCarriers,
    LateRegions,
    NewDomains,
    NameCase,
    NullResult,
)
