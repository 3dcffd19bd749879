"""The template day, and requests about it moved to other days. Imports nothing that takes time."""

from __future__ import annotations

from datetime import date, timedelta

TEMPLATE = date(2026, 6, 17)
"""A Wednesday: neither a weekend's audience nor a change of the month."""


def on_day(body: bytes, day: date) -> bytes:
    """A request about the template day, asked about `day`."""
    return moved(body, TEMPLATE, day)


def moved(body: bytes, old: date, new: date) -> bytes:
    """`body` with both ends of its window moved; the two days may overlap, so one waits aside."""
    aside = body.replace(f"{old}T".encode(), b"\0")
    tomorrow, next_new = (f"{day + timedelta(days=1)}T".encode() for day in (old, new))
    return aside.replace(tomorrow, next_new).replace(b"\0", f"{new}T".encode())
