"""Formatting of figures for the report: units, shares, changes.

For the terminal see cli/screen.py. Read next: section.py.
"""

from __future__ import annotations

from datetime import datetime

_SPACE = "\u00a0"
"""No-break space, which keeps a figure and its unit on one line."""


def scaled(value: float, units: tuple[str, ...]) -> tuple[float, str]:
    """A value in the largest of `units` (each 1,000 of the one before) in which it is at least 1."""
    number = abs(value)
    for unit in units[:-1]:
        if number < 999.5:
            return number if value >= 0 else -number, unit
        number /= 1000
    return number if value >= 0 else -number, units[-1]


def short(value: float) -> str:
    """Three significant digits: `0.12`, `12.3`, `1,234`."""
    if value == 0:
        return "0"
    size = abs(value)
    return f"{value:,.{0 if size >= 99.95 else 1 if size >= 9.995 else 2}f}"


def traffic(size: float) -> str:
    """Bytes, with 10^9 to the GB like the vendor: `12.3 TB`."""
    number, unit = scaled(size, ("B", "kB", "MB", "GB", "TB", "PB"))
    return f"{short(number)}{_SPACE}{unit}"


def bandwidth(mbps: float) -> str:
    """Bits per second: `12.3 Gbps`."""
    number, unit = scaled(mbps * 1000, ("kbps", "Mbps", "Gbps", "Tbps"))
    return f"{short(number)}{_SPACE}{unit}"


def count(number: float) -> str:
    """A count: `12,345`, `1.23 million`."""
    if abs(number) < 1e6:
        return f"{number:,.0f}"
    millions, unit = (number / 1e6, "million") if abs(number) < 1e9 else (number / 1e9, "billion")
    return f"{short(millions)}{_SPACE}{unit}"


def share(part: float) -> str:
    """A part of 1 in per cent; small shares keep enough digits to differ from 0 %."""
    percent = part * 100
    if percent and abs(percent) < 0.995:
        return f"{percent:.2f}{_SPACE}%" if abs(percent) >= 0.095 else f"{percent:.1g}{_SPACE}%"
    if 99 < percent < 100:
        return f"{int(percent * 100) / 100:.2f}{_SPACE}%"  # never rounded up to 100 %
    return f"{percent:.0f}{_SPACE}%" if percent >= 99.95 else f"{percent:.1f}{_SPACE}%"


def duration(seconds: float) -> str:
    """A length of time: `45 s`, `12 min`, `3 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f}{_SPACE}s"
    minutes = round(seconds / 60)
    return (
        f"{minutes}{_SPACE}min"
        if minutes < 60
        else f"{minutes // 60}{_SPACE}h{_SPACE}{minutes % 60}{_SPACE}min"
    )


def moment(at: datetime) -> str:
    """An instant in its own time zone: `2026-11-21 20:05`."""
    return f"{at:%Y-%m-%d %H:%M}"


def change(now: float, before: float) -> str | None:
    """Relative change: `+12 %`; None if `before` is 0."""
    if not before:
        return None
    percent = (now - before) / before * 100
    if abs(percent) < 0.05:
        return "unchanged"
    shown = f"{abs(percent):.1f}" if abs(percent) < 10 else f"{abs(percent):,.0f}"
    return f"{'+' if percent > 0 else '−'}{shown}{_SPACE}%"


def points(now: float, before: float) -> str:
    """Change of a share (0 to 1) in percentage points: `+0.3 points`."""
    moved = (now - before) * 100
    if abs(moved) < 0.005:
        return "unchanged"
    sign = "+" if moved > 0 else "−"
    return f"{sign}{abs(moved):.{1 if abs(moved) >= 0.95 else 2}f}{_SPACE}points"
