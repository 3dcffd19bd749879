"""Manners of content: an answer that is no answer to the question, or has another shape.

Who is listed, and pages, are in listing.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from resources.api.catalog.model import Endpoint
from resources.simulator.exchange import Answer, Request
from resources.simulator.manners.manner import Manner, Options, same_names
from resources.simulator.render import Result


def leaves(endpoint: Endpoint, result: Result) -> Iterator[Result]:
    """The innermost rows of an answer, of its split too."""
    for layout in (endpoint.rows, endpoint.split_rows):
        if layout is None:
            continue
        items = [result]
        for level in layout.levels:
            items = [row for item in items for row in item.get(level.name) or []]
        yield from items


def emptied(endpoint: Endpoint, result: Result) -> Result:
    """The answer as it is where nothing happened."""
    for layout in (endpoint.rows, endpoint.split_rows):
        if layout is not None and layout.levels[0].name in result:
            result[layout.levels[0].name] = []
    for total in endpoint.totals:
        if total.name in result:
            result[total.name] = 0
    paging = endpoint.paging
    if paging is not None:
        block = result if paging.block is None else result[paging.block]
        block[paging.total] = type(block[paging.total])(0)
    return result


@dataclass
class Content(Manner):
    """Base class: changes good answers of actions that exist."""

    def changed(self, request: Request, endpoint: Endpoint, result: Result) -> Result:
        """The Result that the client gets."""
        raise NotImplementedError

    def behind(self, request: Request, answer: Answer) -> Answer:
        if answer.has_nothing or request.endpoint is None:
            return answer
        return answer.with_result(self.changed(request, request.endpoint, answer.result))


@dataclass
class FalseEmpty(Content):
    """Answers 200 with nothing, or with zeros, though something happened."""

    name = "false-empty"
    example = "false-empty=DescribeLiveEdgeStatData,DescribeLivePlayStatusCodeData"
    takes_actions = True

    which: tuple[str, ...]
    how: str = "nothing"
    options: ClassVar[Options] = {"how": ("nothing", "zeros")}

    def is_about(self, request: Request) -> bool:
        return request.action in self.which

    def changed(self, request: Request, endpoint: Endpoint, result: Result) -> Result:
        if self.how == "nothing":
            return emptied(endpoint, result)
        for row in leaves(endpoint, result):
            row.update({k: 0 for k, v in row.items() if type(v) in (int, float)})
        return result | {t.name: 0 for t in endpoint.totals if t.name in result}


@dataclass
class OtherWidth(Manner):
    """Answers a series in slots of another width; its echo tells it, or tells what was asked."""

    name = "other-width"
    example = "other-width=3600@asked=300@echo=answered"

    width: int = 3600
    asked: int = 300
    echo: str = "answered"
    options: ClassVar[Options] = {"echo": ("answered", "asked")}

    def is_about(self, request: Request) -> bool:
        known = request.endpoint.parameter.get("Aggregation") if request.endpoint else None
        fits = known is not None and (not known.allowed or self.width in known.allowed)
        return fits and request.parameters.get("Aggregation") == self.asked

    def before(self, request: Request) -> Answer | None:
        request.change(Aggregation=self.width)
        return None

    def behind(self, request: Request, answer: Answer) -> Answer:
        result = answer.result
        if self.echo == "asked" and "Aggregation" in result:
            return answer.with_result(result | {"Aggregation": self.asked})
        return answer


@dataclass
class OtherWindow(Manner):
    """Answers for a window that begins this many days earlier."""

    name = "other-window"
    example = "other-window=1@action=DescribeLiveEdgeStatData"

    earlier: int = 1
    echo: str = "asked"
    options: ClassVar[Options] = {"echo": ("answered", "asked")}

    def is_about(self, request: Request) -> bool:
        return request.days is not None

    def before(self, request: Request) -> Answer | None:
        asked, back = request.parameters, timedelta(days=self.earlier)
        window = {name: asked[name] for name in request.times}
        request.notes["window"] = window
        moved = {k: (datetime.fromisoformat(v) - back).isoformat() for k, v in window.items()}
        request.change(**moved)
        return None

    def behind(self, request: Request, answer: Answer) -> Answer:
        if self.echo == "answered" or not answer.is_good:
            return answer
        result = answer.result
        window = request.notes["window"]
        return answer.with_result({k: window.get(k, v) for k, v in result.items()})


@dataclass
class OtherEcho(Content):
    """Echoes another value of a parameter than was asked: a list without its last item, or more."""

    name = "other-echo"
    example = "other-echo=DomainList@how=add"

    parameter: str = "DomainList"
    how: str = "drop"
    options: ClassVar[Options] = {"how": ("drop", "add", "turn")}

    def changed(self, request: Request, endpoint: Endpoint, result: Result) -> Result:
        known = endpoint.parameter.get(self.parameter)
        value: Any = result.get(self.parameter) if known and known.echoed else None
        if isinstance(value, list):
            many: dict[str, Callable[[list[Any]], list[Any]]] = {
                "drop": lambda v: v[:-1],
                "add": lambda v: [*v, "other.example"],
                "turn": lambda v: v[::-1],
            }
            result[self.parameter] = many[self.how](value)
        elif isinstance(value, str):
            result[self.parameter] = f"other-{value}"
        elif isinstance(value, int):
            result[self.parameter] = value + 1
        return result


@dataclass
class SkipDomain(Manner):
    """Answers as if this domain were not in the list that was asked for."""

    name = "skip-domain"
    example = "skip-domain=pull-2.sim.example@echo=asked"

    which: tuple[str, ...]
    echo: str = "asked"
    options: ClassVar[Options] = {"echo": ("answered", "asked")}

    def is_about(self, request: Request) -> bool:
        asked = request.names("DomainList")
        return 0 < len(same_names(self.which, asked)) < len(asked)

    def before(self, request: Request) -> Answer | None:
        asked, skipped = request.names("DomainList"), {name.lower() for name in self.which}
        request.notes["asked"] = asked
        request.change(DomainList=[name for name in asked if name.lower() not in skipped])
        return None

    def behind(self, request: Request, answer: Answer) -> Answer:
        result = answer.result
        if self.echo == "asked" and "DomainList" in result:
            return answer.with_result(result | {"DomainList": request.notes["asked"]})
        return answer


def with_series(
    endpoint: Endpoint, result: Result, change: Callable[[list[Result]], list[Result]]
) -> Result:
    """An answer with each of its series, of its split too, changed."""
    for layout in (endpoint.rows, endpoint.split_rows):
        items = [result]
        for level in layout.levels if layout else ():
            if "TimeStamp" in {field.name for field in level.fields}:
                for item in items:
                    if item.get(level.name):
                        item[level.name] = change(item[level.name])
            items = [row for item in items for row in item.get(level.name) or []]
    return result


@dataclass
class MissingSlots(Content):
    """Leaves out the last slots of a series."""

    name = "missing-slots"
    example = "missing-slots=12@action=DescribeLiveEdgeStatData"

    count: int = 1

    def changed(self, request: Request, endpoint: Endpoint, result: Result) -> Result:
        return with_series(endpoint, result, lambda rows: rows[: -self.count])


@dataclass
class DoubledSlots(Content):
    """Lists the first slots of every series twice."""

    name = "doubled-slots"
    example = "doubled-slots=3@action=DescribeLiveEdgeStatData"

    count: int = 1

    def changed(self, request: Request, endpoint: Endpoint, result: Result) -> Result:
        return with_series(endpoint, result, lambda rows: [*rows, *rows[: self.count]])


@dataclass
class MovedSlots(Content):
    """States every slot so many seconds after its time, or before it."""

    name = "moved-slots"
    example = "moved-slots=1800@action=DescribeLiveEdgeStatData"

    seconds: int = 300

    def changed(self, request: Request, endpoint: Endpoint, result: Result) -> Result:
        def moved(row: Result) -> Result:
            at = datetime.fromisoformat(row["TimeStamp"]) + timedelta(seconds=self.seconds)
            return {**row, "TimeStamp": at.isoformat()}

        return with_series(endpoint, result, lambda rows: [moved(row) for row in rows])


@dataclass
class OtherTotals(Content):
    """States totals that are so many times what the rows add up to."""

    name = "other-totals"
    example = "other-totals=2@action=DescribeLiveBatchStreamTrafficData"

    times: int = 2
    field: str = ""  # "": all totals

    def changed(self, request: Request, endpoint: Endpoint, result: Result) -> Result:
        for total in endpoint.totals:
            if total.name in result and self.field in ("", total.name):
                result[total.name] *= self.times
        return result


@dataclass
class QuotedNumbers(Content):
    """Writes the numbers of the rows in quotes."""

    name = "quoted-numbers"
    example = "quoted-numbers@action=DescribeLiveBatchStreamTrafficData"

    field: str = ""  # "": all numbers

    def changed(self, request: Request, endpoint: Endpoint, result: Result) -> Result:
        for row in leaves(endpoint, result):
            quoted = {
                name: str(value)
                for name, value in row.items()
                if type(value) in (int, float) and self.field in ("", name)
            }
            row.update(quoted)
        return result


@dataclass
class NewField(Content):
    """Adds a field that nobody knows to every row."""

    name = "new-field"
    example = "new-field=Quality@action=DescribeLiveEdgeStatData"

    field: str = "NewField"

    def changed(self, request: Request, endpoint: Endpoint, result: Result) -> Result:
        for row in leaves(endpoint, result):
            row[self.field] = 1
        return result


@dataclass
class MissingField(Content):
    """Leaves a field out of one row, the first number of the row if none is named."""

    name = "missing-field"
    example = "missing-field@action=DescribeLiveEdgeStatData"

    field: str = ""

    def changed(self, request: Request, endpoint: Endpoint, result: Result) -> Result:
        for row in leaves(endpoint, result):
            numbers = [name for name, value in row.items() if type(value) in (int, float)]
            field = self.field or next(iter(numbers), "")
            if field in row:
                del row[field]
                return result
        return result


MANNERS: tuple[type[Manner], ...] = (
    FalseEmpty,
    OtherWidth,
    OtherWindow,
    OtherEcho,
    SkipDomain,
    MissingSlots,
    DoubledSlots,
    MovedSlots,
    OtherTotals,
    QuotedNumbers,
    NewField,
    MissingField,
)
