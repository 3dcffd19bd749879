"""Figures of an entity over chosen days, and how they are written. script/figures.js computes the same.

Read next: view.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipelines.reports.usage import words
from pipelines.reports.usage.entities import Entity, Series
from pipelines.reports.usage.section import Figure

NONE = "–"


@dataclass(frozen=True)
class Reckoner:
    """Computes and writes figures of one page."""

    starts: Sequence[datetime]  # of the days, and of the one after
    language: str

    def value(
        self, figure: Figure, entity: Entity, days: slice = slice(None)
    ) -> float | str | datetime | None:
        """The figure over `days`, by their index; None if no day is captured or there is no such thing."""
        match figure.how:
            case "p95":
                return entity.whole.get("p95")
            case "when":
                return self._when(figure, entity, days)
            case "main":
                sums = [_sum(_series(entity, [name], days)) or 0 for name in figure.of]
                most = max(sums)
                return figure.names[sums.index(most)] if most else None
        values = _series(entity, figure.of, days)
        known = [value for value in values if value is not None]
        if not known:
            return None
        match figure.how:
            case "max":
                return max(known)
            case "days":
                return sum(value > 0 for value in known)
            case "sum":
                return sum(known) * figure.scale
        whole = _sum(_series(entity, figure.per, days))
        if not whole:
            return None
        part = sum(known) / whole
        return part if figure.how == "share" else 1 - part

    def text(self, figure: Figure, entity: Entity, days: slice = slice(None)) -> str:
        """The figure as it is written."""
        return self.written(self.value(figure, entity, days), figure.shown)

    def written(self, value: float | str | datetime | None, shown: str) -> str:
        """A value as it is written; an instant in the business zone."""
        if value is None:
            return NONE
        if isinstance(value, str):
            return value
        if isinstance(value, datetime):
            return f"{value:%H:%M}" if shown == "clock" else words.moment(value)
        match shown:
            case "bytes":
                return words.traffic(value)
            case "mbps":
                return words.bandwidth(value)
            case "share":
                return words.share(value)
            case "seconds":
                return words.duration(value, self.language)
        return words.count(value, self.language)

    def _when(self, figure: Figure, entity: Entity, days: slice) -> datetime | None:
        """The instant of the greatest value; of equal ones the first."""
        (name,) = figure.of
        values = _series(entity, [name], days)
        at = _series(entity, [f"{name}_at"], days)
        most = max((value for value in values if value is not None), default=0)
        if not most:
            return None
        place = values.index(most)
        start = self.starts[(days.start or 0) + place]
        return _later(start, at[place] or 0)


def _later(start: datetime, seconds: float) -> datetime:
    """So many seconds after `start`, also where the clock is set meanwhile."""
    return (start.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(start.tzinfo)


def _series(entity: Entity, names: Sequence[str], days: slice) -> Series:
    """The sums of some series by day; empty if the entity has none of them."""
    found = [series[days] for name in names if (series := entity.get(name)) is not None]
    return [
        None if None in values else sum(v for v in values if v is not None)
        for values in zip(*found, strict=True)
    ]


def _sum(values: Series) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
