"""What `livestats status --json` prints: the facts that the calendar and its sentences are made of.

Not here: the calendar (status.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from pipelines.cli import log_lines
from pipelines.reports.coverage import calendar as coverage_calendar
from pipelines.reports.coverage.report import Report

_DAYS = ("lost_in_part", "stale", "rejected", "set_aside")


def _texts(days: Mapping[str, Sequence[date]]) -> dict[str, list[str]]:
    return {name: list(map(str, its)) for name, its in days.items()}


def answer(report: Report) -> dict[str, Any]:
    """The report for programs: days and instants as text, log files as well."""
    newest = report.newest
    return {
        "home": str(report.home),
        "now": report.now.isoformat(timespec="seconds"),
        "time_zone": str(report.zone),
        "newest_capture": newest and newest.captured_at and newest.captured_at.isoformat(),
        "needs_attention": {reason: _texts(found) for reason, found in report.attention.items()},
        "expiry_warning_days": report.warning_days,
        "expiring": [
            {"askable_until": until.isoformat(), "day": str(day), "datasets": names}
            for until, by_day in report.expiring.items()
            for day, names in by_day.items()
        ],
        "lost": [
            {
                "datasets": list(lost.datasets),
                "days": list(map(str, lost.days)),
                "since": lost.since.isoformat(),
                "until": lost.until.isoformat(),
            }
            for lost in report.lost
        ],
        "restated": [
            {"dataset": one.dataset, "day": str(one.day), "captures": one.captures}
            for one in report.restated
        ],
        "unlisted_domains": list(map(asdict, report.unlisted)),
        **{kind: _texts(getattr(report, kind)) for kind in _DAYS},
        "datasets": [
            {
                "dataset": name,
                "limited_to": report.limits.get(name),
                "counts": {s.value: n for s, n in coverage_calendar.counts(entries).items()},
                "days": [
                    {
                        "day": str(e.day),
                        "state": e.state.value,
                        "rows": e.rows,
                        "is_suspect": e.is_suspect,
                        "captures": e.captures,
                        "captured_at": e.captured_at and e.captured_at.isoformat(),
                        "askable_until": e.askable_until and e.askable_until.isoformat(),
                        "lacking": [*e.lacking],
                        "problem": report.problems.get((name, e.day)),
                        **({"misplaced": list(e.misplaced)} if e.misplaced else {}),
                        **({"erased": list(e.erased)} if e.erased else {}),
                    }
                    for e in entries
                ],
            }
            for name, entries in report.lines.items()
        ],
        "log_files": log_lines.answer(report.log_days),
    }
