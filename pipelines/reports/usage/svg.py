"""Matplotlib charts as inline SVG; the page's CSS sets colours and fonts, light and dark.

Placeholder colours become CSS variables, ids get the chart's prefix, equal data gives equal bytes.
The charts themselves are drawn by the sections. Read next: traffic.py.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
from matplotlib import dates as matplotlib_dates
from matplotlib.figure import Figure

from pipelines.cli import screen
from pipelines.reports.usage.scope import Source
from resources.api.errors import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

dates: Any = matplotlib_dates  # it has no types

_NAMES = ("ink", "pale", "line", "page", "hole", "s1", "s2", "s3", "s4", "s5", "s6", "s7")
_HEAT = 6
COLOUR: Mapping[str, str] = {
    name: f"#00fe{i:02x}"  # a colour that is not used otherwise
    for i, name in enumerate((*_NAMES, *(f"h{n}" for n in range(_HEAT))))
}
"""Name of a CSS variable -> its placeholder colour in the drawing."""

SERIES = tuple(COLOUR[f"s{i}"] for i in range(1, 7))
"""Colours of lines, in this order; colour-blind people can tell them apart."""
OTHER = COLOUR["s7"]
HEAT = tuple(COLOUR[f"h{n}"] for n in range(_HEAT))
"""From low to high."""
DASHES: Sequence[Any] = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)), (0, (3, 3)), "-")
"""Lines differ by dash pattern as well as by colour."""

WIDTH_IN = 9.6
NARROW_IN = 4.4
"""Of the drawing for phones: at their width its text is as large as that around it."""
_NARROW_LABELS = 4  # along the time axis
_NARROW_NAME = 24  # characters of which two fit beside each other
_SETTINGS: Any = {  # its keys are literals
    "svg.fonttype": "none",
    "font.size": 9.5,
    "hatch.linewidth": 0.8,
    "text.parse_math": False,
}


def figure(height_in: float, panels: int = 1, **more: Any) -> tuple[Figure, list[Axes]]:
    """An empty figure with `panels` above each other."""
    drawn = Figure(figsize=(WIDTH_IN, height_in))
    drawn.set_layout_engine("constrained", w_pad=0.05, h_pad=0.05)
    axes = drawn.subplots(panels, 1, squeeze=False, **more)[:, 0]
    for one in axes:
        style_axes(one)
    return drawn, list(axes)


def style_axes(axes: Axes) -> None:
    """Light grid, no box."""
    axes.set_facecolor("none")
    axes.grid(axis="y", color=COLOUR["line"], linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(COLOUR["pale"])
    axes.tick_params(colors=COLOUR["ink"], labelsize=9.5, length=3, color=COLOUR["pale"])
    axes.tick_params(axis="y", length=0)


def label(axes: Axes, unit: str) -> None:
    """Write the unit above the axis."""
    axes.set_title(unit, loc="left", fontsize=9.5, color=COLOUR["pale"], pad=6)


def legend(
    axes: Axes,
    columns: int,
    handles: Sequence[Any] | None = None,
    names: Sequence[str] | None = None,
) -> None:
    """Put the legend above the chart, on the right."""
    given = {"handles": handles, "labels": names}
    more: Any = {key: value for key, value in given.items() if value is not None}
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=columns,
        frameon=False,
        fontsize=9.5,
        labelcolor=COLOUR["ink"],
        handlelength=1.6,
        handleheight=0.9,
        columnspacing=1.4,
        borderaxespad=0.1,
        **more,
    )


def time_axis(axes: Axes, source: Source) -> None:
    """Show the whole range, captured or not: days, and hours if there is room."""
    days = source.range.length
    axes.set_xlim(dates.date2num(source.start), dates.date2num(source.end))
    step = next(n for n in (1, 2, 3, 7, 14, 31, 61, 10**6) if days <= n * 11)
    starts = [source.start + timedelta(days=i) for i in range(0, days, step)]
    pattern = "%a %d %b" if step < 7 else "%d %b %Y" if days > 300 else "%d %b"
    axes.set_xticks([dates.date2num(at) for at in starts], [f"{at:{pattern}}" for at in starts])
    hours = (6, 12, 18) if days <= 2 else (12,) if days <= 4 else ()
    between = [source.start + timedelta(days=i, hours=h) for i in range(days) for h in hours]
    axes.set_xticks(
        [dates.date2num(at) for at in between],
        [f"{at:%H:%M}" for at in between],
        minor=True,
    )
    axes.tick_params(axis="x", which="minor", labelsize=8.5, labelcolor=COLOUR["pale"], length=3)
    for text in axes.get_xticklabels():
        text.set_horizontalalignment("left" if days > 1 else "center")


def at(moment: datetime) -> float:
    """Position of an instant on a time axis."""
    return float(dates.date2num(moment))


def shade(axes: Axes, source: Source, holes: Sequence[date]) -> None:
    """Hatch the days that are not in the archive, with a label if there is room."""
    for first, last in screen.day_ranges(holes):
        start = datetime.combine(first, datetime.min.time(), source.zone)
        end = datetime.combine(last + timedelta(days=1), datetime.min.time(), source.zone)
        axes.axvspan(
            at(start), at(end), facecolor="none", edgecolor=COLOUR["hole"], hatch="////",
            linewidth=0, zorder=0.5,
        )  # fmt: skip
        if (end - start) / (source.end - source.start) > 0.12:
            axes.text(
                (at(start) + at(end)) / 2, 0.5, "not captured", transform=axes.get_xaxis_transform(),
                ha="center", va="center", color=COLOUR["ink"], fontsize=9.5,
                bbox={"facecolor": COLOUR["page"], "edgecolor": "none", "pad": 3},
            )  # fmt: skip


_REFERENCE = re.compile(r"url\(#([^)]*)\)")
_COLOUR = re.compile(r"#00fe[0-9a-f]{2}")
_LONG = re.compile(r"-?\d+\.\d{2,}")
_FONT = re.compile(r"font: (?:(\w+) )?([\d.]+px)[^;]*")
_VARIABLE = {colour: f"var(--{name})" for name, colour in COLOUR.items()}
_DROPPED = ("metadata", "style")  # a style element would apply to the whole page


@contextmanager
def drawing() -> Iterator[None]:
    """Settings for drawing: names are not parsed as formulas; glyphs may come from the page's font."""
    with mpl.rc_context(_SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        yield


def svg(drawn: Figure, name: str, title: str) -> str:
    """The drawing as elements of a page: one for screens and paper, one for phones; CSS shows either.

    `name` is unique in the page, `title` is for screen readers. The figure is used up.
    """
    for axes in drawn.axes:
        _say_if_empty(axes)
    wide = _element(drawn, name, title)
    _narrow(drawn)
    return wide + _element(drawn, f"{name}-narrow", title, "narrow")


def _say_if_empty(axes: Axes) -> None:
    """Without a value, an axis from 0 to 1 would show a measure that nobody took."""
    if np.isfinite(axes.dataLim.height) and axes.dataLim.y1 != 0:
        return
    axes.set_yticks([])
    if not axes.texts:  # or it is said that nothing was captured
        axes.text(
            0.5, 0.5, "none in these days", transform=axes.transAxes,
            ha="center", va="center", color=COLOUR["pale"], fontsize=9.5,
        )  # fmt: skip


def _narrow(drawn: Figure) -> None:
    """Draw it for a phone: fewer labels of time, the legend in two columns."""
    height_in = drawn.get_figheight()
    for axes in drawn.axes:
        ticks, labels = axes.get_xticks(), [text.get_text() for text in axes.get_xticklabels()]
        step = math.ceil(len(ticks) / _NARROW_LABELS) or 1
        axes.set_xticks([*ticks[::step]], labels[::step])
        axes.set_xticks([], minor=True)
        if (shown := axes.get_legend()) is not None:
            names = [text.get_text() for text in shown.get_texts()]
            columns = 2 if max(map(len, names)) <= _NARROW_NAME else 1
            legend(axes, columns, shown.legend_handles, names)
            height_in += 0.2 * (math.ceil(len(names) / columns) - 1)
    drawn.set_size_inches(NARROW_IN, height_in)


def _element(drawn: Figure, name: str, title: str, kind: str = "") -> str:
    file = io.BytesIO()
    with drawing(), mpl.rc_context({"svg.hashsalt": name}):
        drawn.savefig(
            file, format="svg", transparent=True, metadata={"Date": None, "Creator": None}
        )
    root = ET.fromstring(file.getvalue())  # noqa: S314 - Matplotlib has just written it
    _strip(root)
    used = {found for e in root.iter() for found in _references(e)}
    for element in root.iter():
        _adapt(element, name, used)
    width, height = (72 * float(n) for n in drawn.get_size_inches())
    root.attrib.clear()
    root.attrib.update(
        {"viewBox": f"0 0 {width:.0f} {height:.0f}", "role": "img", "aria-label": title}
    )
    if kind:
        root.set("class", kind)
    return ET.tostring(root, encoding="unicode")


def _strip(element: ET.Element) -> None:
    """Remove name spaces, blanks between elements, and elements that inline SVG must not have."""
    for child in list(element):
        if _local(child.tag) in _DROPPED:
            element.remove(child)
        else:
            _strip(child)
    element.tag = _local(element.tag)
    if element.tag not in {"text", "tspan"} and not (element.text or "").strip():
        element.text = None
    element.tail = None if not (element.tail or "").strip() else element.tail


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _references(element: ET.Element) -> Iterator[str]:
    for name, value in element.attrib.items():
        if _local(name) == "href":
            yield value.removeprefix("#")
        else:
            yield from _REFERENCE.findall(value)


def _adapt(element: ET.Element, prefix: str, used: set[str]) -> None:
    """Prefix the ids, replace the colours by CSS variables, and round the coordinates."""
    given = dict(element.attrib)
    element.attrib.clear()
    for name, value in given.items():
        match _local(name):
            case "id":
                if value in used:
                    element.set("id", f"{prefix}-{value}")
            case "href":
                element.set("href", f"#{prefix}-{value.removeprefix('#')}")
            case "style":
                text = re.sub(r" ?font-family: [^;]*;", "", _FONT.sub(_size, value))
                text = _REFERENCE.sub(rf"url(#{prefix}-\1)", text)
                element.set("style", _COLOUR.sub(lambda m: _VARIABLE.get(m[0], m[0]), text))
            case "d" | "x" | "y" | "transform" as plain:
                element.set(plain, " ".join(_LONG.sub(_rounded, value).split()))
            case other:
                element.set(other, _REFERENCE.sub(rf"url(#{prefix}-\1)", value))


def _size(match: re.Match[str]) -> str:
    """Weight and size of a font; the family is inherited from the page."""
    weight = f"font-weight: {match[1]}; " if match[1] else ""
    return f"{weight}font-size: {match[2]}"


def _rounded(match: re.Match[str]) -> str:
    return f"{float(match[0]):.1f}".removesuffix(".0")


def clean(name: str, most: int = 48) -> str:
    """A foreign name for a drawing: without characters that XML cannot hold, and cut to `most`."""
    shown = printable(name)
    return shown if len(shown) <= most else f"{shown[: most // 2]}…{shown[-most // 2 + 1 :]}"


def note(axes: Axes, value: float, text: str) -> None:
    """Label a horizontal line at its left end."""
    axes.text(
        0.004, value, text, transform=axes.get_yaxis_transform(), fontsize=10, fontweight="bold",
        color=COLOUR["ink"], va="bottom", ha="left",
        bbox={"facecolor": COLOUR["page"], "edgecolor": "none", "pad": 1.5, "alpha": 0.8},
    )  # fmt: skip


def day_bars(axes: Axes, source: Source, values: Mapping[date, float], colour: str) -> None:
    """A bar in the middle of each day that has a value."""
    first = source.range.first
    middles = [at(source.start) + (day - first).days + 0.5 for day in values]
    axes.bar(middles, [*values.values()], width=0.72, color=colour)
    axes.set_ylim(bottom=0)


def thousands(axes: Axes) -> None:
    """Format the axis with thousands separators instead of powers of ten."""
    axes.yaxis.set_major_formatter(
        lambda value, _: f"{value:,.0f}" if value >= 10 else f"{value:g}"
    )
