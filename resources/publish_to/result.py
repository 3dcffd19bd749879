"""What a publication did, whatever the place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a publication did."""

    where: str
    schema: str
    tables: int
    changed: tuple[str, ...] = ()  # tables with other rows or columns
    removed: tuple[str, ...] = ()  # tables that are not published any more
    rows: int = 0  # that were written
    is_new: bool = True  # False: the same was there already
