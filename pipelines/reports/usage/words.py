"""Formatting of figures for the report: units, shares, changes; and the words of its page.

script/texts.js writes the same figures in the same way. For the terminal see cli/screen.py.
Read next: section.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from pipelines.cli import screen
from resources.config import CHINESE, ENGLISH
from resources.i18n import say

_SPACE = "\u00a0"
"""No-break space, which keeps a figure and its unit on one line."""

PAGE: Mapping[str, str] = {
    "title": "Live streaming: {name}",
    "all_domains": "all domains",
    "days": "Days",
    "from": "from",
    "until": "to",
    "last": "{number} days",
    "all": "all",
    "chosen": "{days}, {number} of {all} days.",
    "how": "Drag over a chart to choose days; a double click chooses all.",
    "about": "{days}, {number} days of {zone}.",
    "against": "Compared with {days} where both are in the archive.",
    "as_of": "Captured by {moment}.",
    "no_day": "No day of the range is captured.",
    "back": "Back to {name}",
    "stream_on": "{stream} on {domain}",
    "left_out": "At least {number} more are not in this table.",
    "range": "{first} to {last}",
    "more_ranges": "{list} and {number} more ranges",
    "reasoned": "{days}: {why}",
    "without": "Without {number} of {all} days: {list}.",
    "nothing": "Nothing to show: no day of these is complete.",
    "compared": "{change} vs. the period before",
    "no_days": "no comparison: days are missing",
    "no_earlier_days": "no comparison: earlier days are missing",
    "no_earlier": "no comparison: no earlier data",
    "unchanged": "unchanged",
    "points": "{change} points",
    "hatched": "not captured",
    "p95": "95th percentile {value}",
    "none": "none in these days",
    "figures": "{caption}, in figures",
    "made": "Made by livestats {version} from the marts of the served copy. Hatched days are not in the "
    "archive, and in no figure.",
}
"""Key -> a text of the page beside those of its sections; the script has them by these keys."""


def page(key: str, language: str) -> str:
    """A text of the page in a language, with its {placeholders}."""
    return say(PAGE[key], language)


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


def count(number: float, language: str = ENGLISH) -> str:
    """A count: `12,345`, `1.23 million`; in Chinese in units of 10^4 and 10^8."""
    if abs(number) < 1e6:
        return f"{number:,.0f}"
    large = (1e8, "亿") if language == CHINESE else (1e9, "billion")
    size, unit = (
        large
        if abs(number) >= large[0]
        else (1e4, "万")
        if language == CHINESE
        else (1e6, "million")
    )
    return f"{short(number / size)}{_SPACE}{unit}"


def share(part: float) -> str:
    """A part of 1 in per cent; small shares keep enough digits to differ from 0 %."""
    percent = part * 100
    if percent and abs(percent) < 0.995:
        return f"{percent:.2f}{_SPACE}%" if abs(percent) >= 0.095 else f"{percent:.1g}{_SPACE}%"
    if 99 < percent < 100:
        return f"{int(percent * 100) / 100:.2f}{_SPACE}%"  # never rounded up to 100 %
    return f"{percent:.0f}{_SPACE}%" if percent >= 99.95 else f"{percent:.1f}{_SPACE}%"


def duration(seconds: float, language: str = ENGLISH) -> str:
    """A length of time: `45 s`, `12 min`, `3 h 5 min`."""
    second, minute, hour = ("秒", "分钟", "小时") if language == CHINESE else ("s", "min", "h")
    if seconds < 90:
        return f"{seconds:.0f}{_SPACE}{second}"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes}{_SPACE}{minute}"
    return f"{minutes // 60}{_SPACE}{hour}{_SPACE}{minutes % 60}{_SPACE}{minute}"


def moment(at: datetime) -> str:
    """An instant in its own time zone: `2026-11-21 20:05`."""
    return f"{at:%Y-%m-%d %H:%M}"


def month(first: date, language: str = ENGLISH) -> str:
    """A calendar month: `November 2026`."""
    if language == CHINESE:
        return f"{first.year}{_SPACE}年{_SPACE}{first.month}{_SPACE}月"
    return f"{first:%B %Y}"


def days_text(days: Iterable[date], language: str = ENGLISH, most: int = 3) -> str:
    """Days as ranges: `2026-11-01 to 2026-11-05, 2026-11-09 and 2 more ranges`."""
    ranges = screen.day_ranges(days)
    shown = ", ".join(
        f"{a}" if a == b else page("range", language).format(first=a, last=b)
        for a, b in ranges[:most]
    )
    if len(ranges) <= most:
        return shown
    return page("more_ranges", language).format(list=shown, number=len(ranges) - most)


def change(now: float, before: float, language: str = ENGLISH) -> str | None:
    """Relative change: `+12 %`; None if `before` is 0."""
    if not before:
        return None
    percent = (now - before) / before * 100
    if abs(percent) < 0.05:
        return page("unchanged", language)
    shown = f"{abs(percent):.1f}" if abs(percent) < 10 else f"{abs(percent):,.0f}"
    return f"{'+' if percent > 0 else '−'}{shown}{_SPACE}%"


def points(now: float, before: float, language: str = ENGLISH) -> str:
    """Change of a share (0 to 1) in percentage points: `+0.3 points`."""
    moved = (now - before) * 100
    if abs(moved) < 0.005:
        return page("unchanged", language)
    sign = "+" if moved > 0 else "−"
    size = f"{sign}{abs(moved):.{1 if abs(moved) >= 0.95 else 2}f}"
    return page("points", language).format(change=size).replace(" ", _SPACE)
