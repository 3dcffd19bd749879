"""What Prometheus can watch: coverage, freshness, gaps, expiry, sizes, alarms, as its text format.

Reads names of files, footers of the newest days and the served copy; makes no call and writes nothing.
Not here: the command and its HTTP server (pipelines/cli/metrics.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from resources.api.windows import day_window
from resources.archive import Archive
from resources.lake import parquet
from resources.ledger.states import Entry, State
from resources.monitoring import checks, disk_space
from resources.monitoring.model import AlarmKind
from resources.verify import saved_result
from resources.version import VERSION

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Gauge:
    """One metric with its samples: values by labels."""

    name: str
    help: str
    samples: Sequence[tuple[Mapping[str, str], float]]


def text(archive: Archive, account: str = "") -> str:
    """All metrics in Prometheus' text format; each sample has the label `account`, if one is given."""
    more = {"account": account} if account else {}
    return "".join(_shown(one, more) for one in gauges(archive))


def gauges(archive: Archive) -> list[Gauge]:
    """All metrics of an archive."""
    ledgers = archive.ledgers(archive.daily, archive.first_day, archive.today)
    facts = {
        "version": VERSION,
        "vendor": archive.settings.vendor,
        "time_zone": archive.settings.time_zone,
    }
    return [
        Gauge("livestats_info", "Version and settings of the archive.", [(facts, 1)]),
        *_of_days(archive, ledgers),
        *_of_moments(archive, ledgers),
        *_of_newest_day(archive, ledgers),
        *_of_disk(archive),
        _of_alarms(archive),
    ]


def _of_days(archive: Archive, ledgers: Mapping[str, Sequence[Entry]]) -> Iterator[Gauge]:
    """Counts of days."""
    counts = {name: Counter(line.state for line in lines) for name, lines in ledgers.items()}
    yield Gauge(
        "livestats_days",
        "Days since the first day of the archive, by dataset and state in the ledger.",
        [
            ({"dataset": name, "state": state.value}, found[state])
            for name, found in counts.items()
            for state in State
        ],
    )
    now = archive.now()
    yield _by_dataset(
        "livestats_overdue_days",
        "Days that have been complete at the vendor for 26 hours and are not complete here.",
        {
            name: sum(checks.waits(line, now, checks.OVERDUE) for line in lines)
            for name, lines in ledgers.items()
        },
    )
    yield _by_dataset(
        "livestats_suspect_days",
        "Days that other datasets or the answer itself contradict.",
        {name: sum(line.is_suspect for line in lines) for name, lines in ledgers.items()},
    )


def _of_moments(archive: Archive, ledgers: Mapping[str, Sequence[Entry]]) -> Iterator[Gauge]:
    """Moments as Unix time; what has not happened yet has no sample."""
    zone = archive.settings.zone
    complete = {name: [o for o in lines if o.state.is_complete] for name, lines in ledgers.items()}
    yield _by_dataset(
        "livestats_newest_complete_day_end_timestamp_seconds",
        "End of the newest complete day: how fresh the data is.",
        {n: _newest(day_window(o.day, zone)[1] for o in found) for n, found in complete.items()},
    )
    yield _by_dataset(
        "livestats_last_answer_timestamp_seconds",
        "When the API last answered a whole day of the dataset.",
        {
            name: _newest(at for o in lines if (at := o.last_seen_at or o.captured_at))
            for name, lines in ledgers.items()
        },
    )
    yield _by_dataset(
        "livestats_next_expiry_timestamp_seconds",
        "When the API forgets the next day that is not here; no sample: nothing is missing.",
        {
            name: min((o.askable_until.timestamp() for o in lines if _is_missing(o)), default=None)  # type: ignore[union-attr]
            for name, lines in ledgers.items()
        },
    )
    home = archive.home
    verified = saved_result.read(home).at
    for name, about, moment in (
        ("published", "When the served copy was published.", _modified(home.served)),
        (
            "daemon_check",
            "When a daemon last looked for alarms.",
            _modified(home.last_alarm_check),
        ),
        (
            "verified",
            "End of the last whole verification.",
            None if verified is None else verified.timestamp(),
        ),
    ):
        samples: list[tuple[Mapping[str, str], float]] = [] if moment is None else [({}, moment)]
        yield Gauge(f"livestats_{name}_timestamp_seconds", about, samples)


def _of_newest_day(archive: Archive, ledgers: Mapping[str, Sequence[Entry]]) -> Iterator[Gauge]:
    """What the newest captured day of each dataset holds and took."""
    rows: dict[str, float | None] = {}
    calls: dict[str, float | None] = {}
    for name, lines in ledgers.items():
        captured = [line for line in lines if line.state.is_captured]
        if captured:
            path = parquet.path_of(archive.home.lake, name, captured[-1].day)
            origin = parquet.provenance_of(path)
            rows[name] = captured[-1].rows
            calls[name] = None if origin is None else origin.requests
    yield _by_dataset("livestats_newest_day_rows", "Rows of the newest captured day.", rows)
    yield _by_dataset(
        "livestats_newest_day_calls", "Calls of the API that the newest captured day took.", calls
    )


def _of_disk(archive: Archive) -> Iterator[Gauge]:
    """Bytes."""
    home = archive.home
    layers = {
        "raw": home.raw,
        "lake": home.lake,
        "logs": home.logs,
        "warehouse": home.warehouse.parent,
        "served": home.served.parent,
    }
    yield Gauge(
        "livestats_size_bytes",
        "Disk space of the archive, by layer.",
        [({"layer": name}, disk_space.disk_usage(path)) for name, path in layers.items()],
    )
    space = disk_space.look(archive)
    yield Gauge("livestats_disk_free_bytes", "Free on the disk of the home.", [({}, space.free)])
    yield Gauge("livestats_disk_size_bytes", "Size of the disk of the home.", [({}, space.total)])


def _of_alarms(archive: Archive) -> Gauge:
    active = Counter(alarm.kind for alarm in checks.active_alarms(archive))
    return Gauge(
        "livestats_alarms",
        "Active alarms by kind; `livestats alarms` says what to do about each.",
        [({"kind": kind.value}, active[kind]) for kind in AlarmKind],
    )


def _by_dataset(name: str, about: str, values: Mapping[str, float | None]) -> Gauge:
    found = [({"dataset": key}, value) for key, value in values.items() if value is not None]
    return Gauge(name, about, found)


def _newest(moments: Iterable[datetime]) -> float | None:
    return max((moment.timestamp() for moment in moments), default=None)


def _is_missing(line: Entry) -> bool:
    return line.can_be_asked and line.askable_until is not None


def _modified(path: Path) -> float | None:
    """When a file was written; None if it is not there."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return None


def _shown(gauge: Gauge, more: Mapping[str, str]) -> str:
    lines = [f"# HELP {gauge.name} {_escaped(gauge.help)}", f"# TYPE {gauge.name} gauge"]
    for labels, value in gauge.samples:
        given = ",".join(f'{key}="{_quoted(word)}"' for key, word in {**labels, **more}.items())
        shown = repr(float(value)).removesuffix(".0")
        lines.append(f"{gauge.name}{{{given}}} {shown}" if given else f"{gauge.name} {shown}")
    return "\n".join(lines) + "\n"


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("\n", "\\n")


def _quoted(word: str) -> str:
    return _escaped(word).replace('"', '\\"')
