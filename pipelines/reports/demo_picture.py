"""Picture of the demo: bandwidth, viewers and stream health over the same days, as a PNG.

The charts of the usage report are in usage/svg.py. Read next: cli/demo.py.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
from matplotlib import dates as matplotlib_dates
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from PIL import Image

if TYPE_CHECKING:
    from matplotlib.axes import Axes

dates: Any = matplotlib_dates  # it has no types

_COLOURS = ("#2b6cb0", "#dd6b20", "#2f9e77", "#b83280", "#805ad5", "#718096")
_INK, _PALE = "#1a202c", "#718096"
_HEALTH = (  # state of a stream in a cell of time, and its colour
    ("not live", "#edf2f7"),
    ("good", "#9fd8b6"),
    ("bit-rate dip", "#f6ad55"),
    ("audio drift", "#b794f4"),
    ("stall", "#e53e3e"),
)
_LEGEND: dict[str, Any] = {  # above the right end of a panel
    "loc": "lower right",
    "bbox_to_anchor": (1, 1),
    "frameon": False,
    "fontsize": 9,
    "handlelength": 1,
    "handleheight": 1,
    "columnspacing": 1.2,
    "borderaxespad": 0.2,
}
_CELL = timedelta(minutes=10)
_STREAMS = 10

_BANDWIDTH = """
SELECT domain, slot_start_at, down_mbps / 1000
FROM bandwidth_5min WHERE business_date BETWEEN $1 AND $2 AND domain IN (
    SELECT domain FROM domain WHERE domain_type = 'pull-flv')
ORDER BY ALL
"""
_VIEWERS = """
SELECT domain, slot_start_at, online_users / 1000
FROM stream_session_by_domain
WHERE business_date BETWEEN $1 AND $2 AND online_user_type = 'Online' ORDER BY ALL
"""
_STREAM_HEALTH = f"""
WITH minutes AS (
    SELECT domain, app, stream, slot_start_at,
           CASE WHEN is_stall THEN 'stall' WHEN is_av_offset THEN 'audio drift'
                WHEN is_bitrate_dip THEN 'bit-rate dip' END AS trouble
    FROM stream_health_slot WHERE measured_at = 'push' AND business_date BETWEEN $1 AND $2
)
SELECT domain, app, stream, time_bucket(INTERVAL '{int(_CELL.total_seconds())} seconds',
       slot_start_at) AS cell, coalesce(max(trouble), 'good')
FROM minutes GROUP BY ALL ORDER BY ALL
"""


def draw(
    connection: duckdb.DuckDBPyConnection, first: date, last: date, zone: ZoneInfo, path: Path
) -> None:
    """Draw `first` to `last` from the served copy into a PNG; times are those of `zone`."""
    span = (
        datetime.combine(first, datetime.min.time(), zone),
        datetime.combine(last + timedelta(days=1), datetime.min.time(), zone),
    )
    figure = Figure(figsize=(11, 8.8), dpi=110)
    figure.set_facecolor("white")
    # Margins in inches; the panels are further apart.
    figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.1, hspace=0.02)
    axes = figure.subplots(3, 1, sharex=True, height_ratios=(1.25, 1, 1.1))
    bandwidth = _series(connection, _BANDWIDTH, first, last)
    domains = sorted(bandwidth, key=lambda name: -float(np.sum(bandwidth[name][1])))
    colours = dict(zip(domains, _COLOURS * (len(domains) // len(_COLOURS) + 1), strict=False))
    _draw_bandwidth(axes[0], bandwidth, domains, colours)
    _draw_viewers(axes[1], _series(connection, _VIEWERS, first, last), domains, colours)
    _draw_health(axes[2], connection.execute(_STREAM_HEALTH, [first, last]).fetchall(), span)
    _draw_time(axes[2], span, zone)
    figure.suptitle(
        f"A simulated account, {first:%d %b} to {last:%d %b %Y}",
        x=0.01,
        ha="left",
        fontsize=15,
        fontweight="bold",
        color=_INK,
    )
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    # 256 colours are enough for flat areas and lines, and cut the size to a third.
    Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
        path, optimize=True
    )


def _draw_time(axes: Axes, span: tuple[datetime, datetime], zone: ZoneInfo) -> None:
    """Label the days, and the hours between them if there is room."""
    days = (span[1] - span[0]).days
    hours = [6, 12, 18] if days <= 3 else [12] if days <= 7 else []
    axes.xaxis.set_major_locator(dates.DayLocator(interval=max(1, days // 10), tz=zone))
    axes.xaxis.set_major_formatter(dates.DateFormatter("%a %d %b", tz=zone))
    if hours:
        axes.xaxis.set_minor_locator(dates.HourLocator(hours, tz=zone))
        axes.xaxis.set_minor_formatter(dates.DateFormatter("%H:%M", tz=zone))
    axes.set_xlim(dates.date2num(span[0]), dates.date2num(span[1]))
    axes.set_xlabel(f"local time, {zone.key}", color=_PALE, fontsize=9.5)
    for label in axes.get_xticklabels():
        label.set_fontweight("bold")
    axes.tick_params(axis="x", which="minor", labelsize=8.5, labelcolor=_PALE, length=3)


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Names without their common suffix of dot-separated parts."""
    endings = [tuple(reversed(name.split(".")[1:])) for name in names]
    shared = 0
    for parts in zip(*endings, strict=False):
        if len(set(parts)) > 1:
            break
        shared += 1
    return {name: ".".join(name.split(".")[: name.count(".") + 1 - shared]) for name in names}


def _series(
    connection: duckdb.DuckDBPyConnection, sql: str, first: date, last: date
) -> dict[str, tuple[Any, Any]]:
    """Domain -> times and values."""
    series: dict[str, tuple[list[datetime], list[float]]] = {}
    for name, at, value in connection.execute(sql, [first, last]).fetchall():
        times, values = series.setdefault(name, ([], []))
        times.append(at)
        values.append(value or 0.0)
    return {
        name: (dates.date2num(times), np.asarray(values))
        for name, (times, values) in series.items()
    }


def _draw_bandwidth(
    axes: Axes,
    bandwidth: dict[str, tuple[Any, Any]],
    domains: Sequence[str],
    colours: dict[str, str],
) -> None:
    times = bandwidth[domains[0]][0]
    stacked = [bandwidth[name][1] for name in domains]
    axes.stackplot(
        times,
        stacked,
        labels=[short_names(domains)[name] for name in domains],
        colors=[colours[name] for name in domains],
        alpha=0.85,
        linewidth=0,
    )
    total = np.sum(stacked, axis=0)
    limit = float(np.sort(total)[::-1][len(total) * 5 // 100])  # the top 5 % of points dropped
    axes.axhline(limit, color=_INK, linestyle=(0, (6, 4)), linewidth=1.2)
    axes.annotate(
        f"95th percentile  {limit:.1f} Gbps",
        (0.005, limit),
        xycoords=("axes fraction", "data"),
        xytext=(0, 4),
        textcoords="offset points",
        fontsize=10,
        fontweight="bold",
        color=_INK,
    )
    at = int(np.argmax(total))
    axes.set_ylim(0, float(total.max()) * 1.18)
    axes.annotate(
        f"peak {total[at]:.1f}",
        (times[at], float(total[at])),
        xytext=(0, 6),
        textcoords="offset points",
        ha="center",
        fontsize=9,
        color=_PALE,
    )
    _style_axes(axes, "Downstream bandwidth by domain", "Gbps")
    axes.legend(
        ncols=len(domains),
        **_LEGEND,
    )


def _draw_viewers(
    axes: Axes,
    viewers: dict[str, tuple[Any, Any]],
    domains: Sequence[str],
    colours: dict[str, str],
) -> None:
    for name in domains:
        if name in viewers:
            times, values = viewers[name]
            axes.plot(times, values, color=colours[name], linewidth=1.5)
    axes.set_ylim(bottom=0)
    _style_axes(axes, "Viewers online by domain", "thousand")


def _draw_health(
    axes: Axes, rows: Sequence[tuple[Any, ...]], span: tuple[datetime, datetime]
) -> None:
    """One row for each of the streams with the most trouble, one colour per cell of time."""
    rank = {name: i for i, (name, _) in enumerate(_HEALTH)}
    cells = int((span[1] - span[0]) / _CELL)
    lines: dict[tuple[str, str, str], Any] = {}
    for domain, app, stream, at, trouble in rows:
        line = lines.setdefault((domain, app, stream), np.zeros(cells, dtype=int))
        cell = int((at - span[0]) / _CELL)
        if 0 <= cell < cells:
            line[cell] = rank[trouble]
    worst = sorted(lines, key=lambda s: (-float(np.mean(lines[s] > 1)), s))[:_STREAMS]
    grid = np.array([lines[s] for s in worst])
    edges = [dates.date2num(span[0] + i * _CELL) for i in range(cells + 1)]
    colours = ListedColormap([colour for _, colour in _HEALTH])
    axes.pcolormesh(
        edges, np.arange(len(worst) + 1), grid, cmap=colours, vmin=-0.5, vmax=len(_HEALTH) - 0.5
    )
    for y in range(1, len(worst)):
        axes.axhline(y, color="white", linewidth=2.5)
    axes.set_yticks(
        np.arange(len(worst)) + 0.5, [f"{d.split('.')[0]}  {stream}" for d, _, stream in worst]
    )
    axes.invert_yaxis()
    _style_axes(axes, f"Health of the {len(worst)} streams with the most trouble", "")
    axes.grid(visible=False)
    axes.tick_params(axis="y", length=0)
    axes.legend(
        handles=[Patch(facecolor=colour, label=name) for name, colour in _HEALTH],
        ncols=len(_HEALTH),
        **_LEGEND,
    )


def _style_axes(axes: Axes, title: str, unit: str) -> None:
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold", color=_INK, pad=8)
    axes.set_ylabel(unit, color=_PALE)
    axes.grid(axis="y", color="#e2e8f0", linewidth=0.8)
    axes.grid(axis="x", color="#edf2f7", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#cbd5e0")
    axes.tick_params(colors=_INK, labelsize=9.5)
