"""How many changed bytes does `livestats verify` find? All: `python -m benchmarks.flips`.

A small archive with a past is made; then bytes of its files are changed, one change at a time, and
the day is verified. Found means: a finding that is not harmless names the very file.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.verify.run import Verification
from tests.support.aged_archive import lived_in

KINDS = {
    "archive.json": "archive.json",
    "raw manifest": "raw/*/*/*/manifest.json.gz",
    "raw answers": "raw/*/*/*/responses.zst",
    "raw notes": "raw/*/*/*.json",
    "lake file": "lake/*/*/rows.parquet",
}
"""What is changed, and where in the home it lies."""

Change = Callable[[bytes], bytes]


def flip(at: int, mask: int) -> Change:
    """Another byte in the place of one."""
    return lambda data: data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]


def other_changes(size: int, rng: random.Random) -> Iterator[tuple[str, Change]]:
    """A file cut short, grown, shifted or zeroed somewhere."""
    at, byte = rng.randrange(size), bytes([rng.randrange(256)])
    yield f"cut at {at}", lambda data: data[:at]
    yield "last byte gone", lambda data: data[:-1]
    yield "a byte more", lambda data: data + byte
    yield f"byte {at} gone", lambda data: data[:at] + data[at + 1 :]
    yield f"byte put in at {at}", lambda data: data[:at] + byte + data[at:]
    yield "tail of zeros", lambda data: data[:-16] + bytes(16)
    yield "empty", lambda _: b""


@dataclass(frozen=True)
class Target:
    """A file of an archive, and the day that it belongs to."""

    archive: Archive
    path: Path

    def is_found_after(self, change: Change) -> bool:
        """Change the file, verify its day, and put the file back."""
        good = self.path.read_bytes()
        changed = change(good)
        if changed == good:
            return True
        times = self.path.stat()
        self.path.write_bytes(changed)
        try:
            return any(
                f.subject == self.path and not f.is_harmless for f in self._look().findings()
            )
        finally:
            self.path.write_bytes(good)
            os.utime(self.path, ns=(times.st_atime_ns, times.st_mtime_ns))

    def _look(self) -> Verification:
        archive = Archive.open(self.archive.environ, self.archive.home.root.parent)
        parts = self.path.relative_to(self.archive.home.root).parts
        if len(parts) == 1:
            return Verification(archive, ())
        day = date.fromisoformat(parts[2].removeprefix("day="))
        return Verification(archive, (DATASETS[parts[1]],), day, day)


def targets(archive: Archive, kind: str) -> list[Target]:
    """The files of one kind."""
    return [Target(archive, p) for p in sorted(archive.home.root.glob(KINDS[kind]))]


def flips(found: list[Target], count: int, rng: random.Random) -> Iterator[tuple[Target, int, int]]:
    """`count` bytes to flip, spread evenly over all bytes of the files, and a mask for each."""
    sizes = [target.path.stat().st_size for target in found]
    total = sum(sizes)
    step = max(1.0, total / count)
    at, start, index = rng.random() * step, 0, 0
    while at < total:
        while at >= start + sizes[index]:
            start += sizes[index]
            index += 1
        mask = 1 << rng.randrange(8) if rng.random() < 0.5 else rng.randrange(1, 256)
        yield found[index], int(at) - start, mask
        at += step


def missed(archive: Archive, kind: str, count: int, seed: int = 0) -> tuple[int, list[str]]:
    """How many changes of one kind of file were tried, and those that were not found."""
    rng, tried, lost = random.Random(seed), 0, []
    found = targets(archive, kind)
    for target, at, mask in flips(found, count, rng):
        tried += 1
        if not target.is_found_after(flip(at, mask)):
            lost.append(f"{target.path}: byte {at} xor {mask:#04x}")
    for target in found:
        for name, change in other_changes(target.path.stat().st_size, rng):
            tried += 1
            if not target.is_found_after(change):
                lost.append(f"{target.path}: {name}")
    return tried, lost


def main() -> int:
    """Print a table; 1 if anything was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flips", type=int, default=10_000, help="of each kind of file")
    parser.add_argument("--seed", type=int, default=0)
    words = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder, lived_in(Path(folder) / "home") as lab:
        print("| file | files | bytes | changes tried | found |\n|---|---|---|---|---|")
        for kind in KINDS:
            files = targets(lab.archive, kind)
            size = sum(target.path.stat().st_size for target in files)
            tried, lost = missed(lab.archive, kind, words.flips, words.seed)
            print(f"| {kind} | {len(files)} | {size:,} | {tried:,} | {tried - len(lost):,} |")
            for one in lost:
                print(f"missed: {one}", file=sys.stderr)
            failed += len(lost)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
