"""The figures as Markdown: tables, and each target with what was measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.backfill import beside

BEGIN = "<!-- figures: made by `python -m benchmarks.backfill` -->"
END = "<!-- end of figures -->"

NAMES = {
    "livestats": "**livestats**",
    "requests": "floor: requests only",
    "cpu": "floor: CPU only",
    "dlt-rows": "dlt, rows",
    "dlt-arrow": "dlt, Arrow tables",
    "naive": "naive script",
}

Cell = Mapping[str, Any]


def machine() -> dict[str, Any]:
    """Where and with what it was measured."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 1e9),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 1),
        **{name: version(name) for name in ("duckdb", "pyarrow", "dagster", "pandas")},
    }


def write(told: Mapping[str, Any], page: Path) -> None:
    """Put the figures into their place in the page; the words around them stay."""
    before, _, rest = page.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(before + "\n".join([BEGIN, *figures(told), END]) + after, "utf-8")


def figures(told: Mapping[str, Any]) -> Iterator[str]:
    """All that is measured, as lines of Markdown."""
    at = told["machine"]
    yield (
        f"Measured on {at['at'][:10]} on {at['cores']} cores and {at['memory_gb']} GB, load "
        f"{at['load_before']} before it began; Python {at['python']}, DuckDB {at['duckdb']}, Arrow "
        f"{at['pyarrow']}, Dagster {at['dagster']}. Streams are live {told['hours']:g} h a day."
    )
    yield from ("", "| target | measured | |", "|---|---|---|")
    for target, measured, is_met in targets(told):
        verdict = {True: "met", False: "**missed**", None: "not measured"}[is_met]
        yield f"| {target} | {measured} | {verdict} |"
    yield ""
    yield from cells(told)
    yield from beside.tables(told)
    if told["skipped"]:
        yield from ("", "Not measured in this run: " + "; ".join(told["skipped"]) + ".")


def cells(told: Mapping[str, Any]) -> Iterator[str]:
    """One line for each contender of each case."""
    yield (
        "| case | who | wall s | CPU s | cores | peak MB | requests | MB | throttled | rows "
        "| wall ÷ requests only | CPU ÷ CPU floor |"
    )
    yield "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    for cell in told["cells"]:
        for who, one in cell["measured"].items():
            if one["failed"] and not one["rows"]:
                yield f"| {cell['case']} | {NAMES[who]} | {_plain(one['failed'])} |" + " |" * 9
                continue
            times = cell["days"] / one["days"] if one["days"] else 1.0
            scaled = f" (× {times:.1f} for {cell['days']} days)" if times > 1 else ""
            wall, cpu = ratio(cell, who, "requests", "wall_s"), ratio(cell, who, "cpu", "cpu_s")
            failed = f" ({_plain(one['failed'])})" if one["failed"] else ""
            yield (
                f"| {cell['case']} | {NAMES[who]}{failed} | {one['wall_s']:,.1f}{scaled} "
                f"| {one['cpu_s']:,.1f}{scaled} | {one['cores']:.2f} | {one['rss_mb']:,.0f} "
                f"| {one['requests'] or ''} | {one['bytes'] / 1e6 or 0:,.0f} | {one['throttled']} "
                f"| {one['rows'] or one['served_rows']:,} | {_times(wall)} | {_times(cpu)} |"
            )


def ratio(cell: Cell, who: str, over: str, what: str) -> float | None:
    """How often `what` of one contender is that of another; None if either is missing."""
    one, other = (cell["measured"].get(name) for name in (who, over))
    if one is None or other is None or one["failed"] or other["failed"] or who == over:
        return None
    below = other[what] * cell["days"] / other["days"]
    return float(one[what] / below) if below else None


def targets(told: Mapping[str, Any]) -> Iterator[beside.Line]:
    """Every target of the issue: what it says, what was measured, whether it is met."""
    found = {cell["case"]: cell for cell in told["cells"]}
    waits = [c for c in told["cells"] if (c["budget"] or c["latency_ms"]) and _waits(c, found)]
    wall = {c["case"]: r for c in waits if (r := ratio(c, "livestats", "requests", "wall_s"))}
    yield _most("wall ≤ 1.2 × requests only, where budget or latency binds", wall, 1.2)
    busy = [c for c in told["cells"] if "cpu" in c["measured"] and c["size"] != "small"]
    cpu = {c["case"]: r for c in busy if (r := ratio(c, "livestats", "cpu", "cpu_s"))}
    yield _most("CPU ≤ 2 × CPU floor, where bytes bind", cpu, 2.0)
    cores = {c["case"]: _of(c, "livestats", "cores") for c in busy if c["days"] > 1}
    yield _least("both cores busy with CPU work (cores used)", cores, 1.5)
    for form in ("dlt-rows", "dlt-arrow"):
        for what in ("cpu_s", "wall_s"):
            ahead = {
                c["case"]: 1 / r
                for c in told["cells"]
                if c["size"] == "medium" and (r := ratio(c, "livestats", form, what))
            }
            kind = "CPU" if what == "cpu_s" else "wall"
            yield _least(f"{kind} ≥ 3 × less than {NAMES[form]}", ahead, 3.0)
    daily = told.get("daily")
    over_s = daily and daily["run"]["wall_s"] - daily["floor"]["wall_s"]
    yield (
        "daily run after a year: < 10 s beyond the requests",
        f"{over_s:.1f} s" if daily and not daily["run"]["failed"] else "",
        over_s < 10 if daily and not daily["run"]["failed"] else None,
    )
    yield from _together(told.get("together"))
    peaks = {c["case"]: _of(c, "livestats", "rss_mb") for c in told["cells"]}
    yield _most("peak memory of any process < 1,024 MB", peaks, 1074.0, "{:,.0f} MB")
    year = found.get("medium-365", {}).get("measured", {}).get("livestats", {})
    first_s = year.get("extra", {}).get("first_load_s")
    yield (
        "first day loaded within seconds of a year's backfill",
        f"{first_s} s" if first_s else "",
        first_s < 60 if first_s else None,
    )
    yield from beside.targets(told)


def _waits(cell: Cell, found: Mapping[str, Cell]) -> bool:
    """Whether budget or latency binds: whether fetching alone takes longer than reading alone.

    What reading takes is known from the case without either; unknown, it is taken for less.
    """
    plain = found.get(f"{cell['size']}-{cell['days']}")
    return not plain or (_of(cell, "requests", "wall_s") or 0.0) >= (
        _of(plain, "cpu", "wall_s") or 0.0
    )


def _together(one: Mapping[str, Any] | None) -> Iterator[beside.Line]:
    throttled, share = "four processes: no throttled call", "four processes: ≥ 90 % of the budget"
    if not one or one["failed"]:
        said = _plain(one["failed"]) if one else ""
        yield throttled, said, None
        yield share, said, None
        return
    yield throttled, f"{one['throttled']} of {one['requests']:,}", one["throttled"] == 0
    calls, spans_s = one["extra"]["calls"], one["extra"]["spans_s"]
    action = max(calls, key=lambda name: calls[name])
    used = calls[action] / (spans_s[action] * 30.0)
    yield share, f"{used:.0%} ({action}, {calls[action]:,} calls)", used >= 0.9


def _most(
    target: str, found: Mapping[str, float | None], limit: float, form: str = "{:.2f} ×"
) -> beside.Line:
    known = {name: value for name, value in found.items() if value}
    if not known:
        return target, "", None
    worst = max(known, key=lambda name: known[name])
    return target, _told(known, form), known[worst] <= limit


def _least(target: str, found: Mapping[str, float | None], limit: float) -> beside.Line:
    known = {name: value for name, value in found.items() if value}
    if not known:
        return target, "", None
    return target, _told(known, "{:.2f}"), min(known.values()) >= limit


def _told(known: Mapping[str, float], form: str) -> str:
    return ", ".join(f"{name} {form.format(value)}" for name, value in known.items())


def _of(cell: Cell, who: str, what: str) -> float | None:
    one = cell["measured"].get(who)
    return one[what] if one and not one["failed"] else None


def _times(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "/")[:300]
