"""The ways to damage a home, as data: bytes, names, places, layers put back, databases edited by hand.

Not here: what is expected of livestats (damage.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from resources.home.layout import Home


@dataclass(frozen=True)
class Damage:
    """One way."""

    name: str
    apply: Callable[[Home], None]


FILES = {
    "archive.json": "archive.json",
    "a manifest": "raw/batch_stream_traffic/2026-11-21/*Z-*/manifest.json.gz",
    "answers": "raw/batch_stream_traffic/2026-11-21/*Z-*/responses.zst",
    "a note": "raw/batch_stream_traffic/2026-11-20/seen.json",
    "a lake file": "lake/batch_stream_traffic/day=2026-11-20/rows.parquet",
    "a list's lake file": "lake/isp/*/rows.parquet",
    "the warehouse": "warehouse/warehouse.duckdb",
    "the warehouse's note": "warehouse/warehouse.json",
    "the served copy": "served/livestats-*.duckdb",
    "the served copy's note": "served/livestats-*.json",
}

BYTES: dict[str, Callable[[bytes], bytes]] = {
    "byte changed": lambda data: (
        data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 255]) + data[len(data) // 2 + 1 :]
    ),
    "cut in half": lambda data: data[: len(data) // 2],
    "grown": lambda data: data + b"x",
}

SQL = (
    "UPDATE stream_count_daily SET peak_streams = peak_streams * 10",
    "DELETE FROM stream_count_daily",
    "UPDATE batch_stream_traffic SET up_traffic_bytes = up_traffic_bytes + 1",
    "DELETE FROM push_stream_info",
    "INSERT INTO top_play FROM top_play",
    "DELETE FROM reconciliation",
    "UPDATE ledger SET rows = rows + 1",
    "ALTER TABLE ledger DROP COLUMN is_suspect",
    "CREATE TABLE more AS SELECT 1 AS one",
    "UPDATE meta.loaded SET size = 1; DELETE FROM batch_stream_traffic",
    "DROP TABLE meta.state",
)

LAYERS = ("raw", "lake", "warehouse", "served", "archive.json", "state")


def damages(other: Path) -> Iterator[Damage]:
    """All of them. `other` is the home of another account."""
    for what, pattern in FILES.items():
        for how, change in BYTES.items():
            yield Damage(f"{what}: {how}", partial(_bytes, pattern, change))
        yield Damage(f"{what}: removed", partial(_remove, pattern))
    for name in ("served", "warehouse"):
        for sql in SQL:
            yield Damage(f"{name}: `{sql.split(';')[0]}`", partial(_sql, name, sql))
    for layer in LAYERS:
        yield Damage(f"{layer} of another home", partial(_put, other / layer, layer))
        if layer in ("raw", "lake"):
            yield Damage(f"{layer}: a day of another home", partial(_put_day, other, layer))
        yield Damage(f"{layer}: removed", partial(_remove, layer))
    yield Damage("served copy of another home under our name", partial(_foreign, other, "served"))
    yield Damage("warehouse of another home under our name", partial(_foreign, other, "warehouse"))
    for layer, prefix in (("raw", ""), ("lake", "day=")):
        yield Damage(f"{layer}: two days swapped", partial(_swap, layer, prefix))
        yield Damage(f"{layer}: a day copied to another", partial(_copy_day, layer, prefix))
        yield Damage(f"{layer}: a day of another dataset", partial(_other_dataset, layer, prefix))
    yield Damage("a capture with another row count in its name", _rename)


def _first(home: Home, pattern: str) -> Path:
    return sorted(home.root.glob(pattern))[-1]


def _bytes(pattern: str, change: Callable[[bytes], bytes], home: Home) -> None:
    path = _first(home, pattern)
    path.chmod(0o644)
    path.write_bytes(change(path.read_bytes()))


def _remove(pattern: str, home: Home) -> None:
    path = _first(home, pattern)
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _sql(name: str, sql: str, home: Home) -> None:
    path: Path = getattr(home, name).resolve()
    path.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)


def _put(source: Path, layer: str, home: Home) -> None:
    target = home.root / layer
    if source.is_dir():
        shutil.rmtree(target)
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy(source, target)


def _put_day(other: Path, layer: str, home: Home) -> None:
    prefix = "day=" if layer == "lake" else ""
    _put(
        other / layer / "top_play" / f"{prefix}2026-11-20",
        f"{layer}/top_play/{prefix}2026-11-20",
        home,
    )


def _foreign(other: Path, name: str, home: Home) -> None:
    path: Path = getattr(home, name).resolve()
    path.chmod(0o644)
    shutil.copy(getattr(Home(other), name).resolve(), path)


def _swap(layer: str, prefix: str, home: Home) -> None:
    folder = home.root / layer / "batch_stream_traffic"
    a, b = (folder / f"{prefix}2026-11-2{n}" for n in (0, 1))
    a.rename(folder / "away")
    b.rename(a)
    (folder / "away").rename(b)


def _copy_day(layer: str, prefix: str, home: Home) -> None:
    folder = home.root / layer / "top_play"
    shutil.copytree(folder / f"{prefix}2026-11-20", folder / f"{prefix}2026-11-18")


def _other_dataset(layer: str, prefix: str, home: Home) -> None:
    root = home.root / layer
    _put(
        root / "transcode_info" / f"{prefix}2026-11-20",
        f"{layer}/top_play/{prefix}2026-11-20",
        home,
    )


def _rename(home: Home) -> None:
    path = _first(home, "raw/top_play/2026-11-21/*Z-*")
    stamp, rows, digest = path.name.split("-")
    path.rename(path.with_name(f"{stamp}-{int(rows) + 1}-{digest}"))
