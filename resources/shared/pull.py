"""Brings a home to what the store has. What is here alone stays, and is put there by the next push.

Captures are only ever added, but for those that a tombstone names. The home is right after each step, and the
base is written last: a pull that was broken off is done again, and fetches what it still lacks. The
caller holds the lease and the lock of this home. Read next: push.py.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from resources.api.catalog import DATASETS
from resources.erasure import databases, days
from resources.errors import LivestatsError
from resources.fs import atomic, sealed
from resources.fs.object_store import ObjectStore, StoreError
from resources.home import day_lock
from resources.home.layout import Home
from resources.lake import parquet
from resources.raw import captures
from resources.raw.erasures import Erasure, Erasures
from resources.shared import index, merge, transfer, tree
from resources.shared.base import Base, folder_of
from resources.shared.index import Entry, Index
from resources.shared.transfer import Moved
from resources.shared.tree import Step, Tree

_AT_ONCE = 64
"""Captures that are fetched before they get their names: what a kill costs."""


class OtherArchive(LivestatsError):
    """The store has another archive than the home; the message says what to do."""


@dataclass
class Pull:
    """A pull under way."""

    home: Home
    store: ObjectStore
    base: Base
    files: Mapping[str, Entry]  # of the shared home
    tree: Tree
    moved: Moved = field(default_factory=Moved)

    @property
    def incoming(self) -> Path:
        """Where files lie until they get their names."""
        return folder_of(self.home) / "incoming"

    def run(self) -> None:
        """Bring the home to what the store has."""
        shutil.rmtree(self.incoming, ignore_errors=True)
        self.incoming.mkdir(parents=True)
        self._tidy()
        new, unknown = self._erasures()
        if new:
            databases.remove(self.home)
            databases.forget_notes(self.home, [folder_of(self.home)])
            self.tree.files.pop(tree.LEARNED, None)
        self._files([tree.IDENTITY])
        self._captures()
        others = [path for path in {*self.files, *self.tree.files, *self.base.files}
                  if tree.capture_of(path) is None]  # fmt: skip
        self._files(path for path in others if path.startswith("raw/"))
        self._remove_erased()
        self._erase_late(new, unknown)
        late = {tree.IDENTITY, tree.ERASURES}
        self._files(path for path in others if not path.startswith("raw/") and path not in late)
        self._files(
            [tree.ERASURES]
        )  # last: until then an erasure is new, and all of it is repeated
        shutil.rmtree(self.incoming, ignore_errors=True)

    def _tidy(self) -> None:
        """Remove what killed processes of this host left in days that another host may have done since."""
        for dataset, day in self.tree.unfinished:
            if dataset in DATASETS:
                held = day_lock.try_lock(self.home, DATASETS[dataset], day)
                if held is not None:  # else one is at work there
                    held.release()

    # Captures -----------------------------------------------------------------------------------

    def _captures(self) -> None:
        """Fetch the captures that are not here."""
        lacking: dict[str, dict[str, Entry]] = {}
        here: dict[str, Path] = {}  # SHA-256 -> a file of it
        for path, entry in self.files.items():
            folder = tree.capture_of(path)
            if folder is None:
                continue
            if folder in self.tree.captures:
                here.setdefault(entry.sha256, self.home.root / path)
            else:
                lacking.setdefault(folder, {})[path] = entry
        names = sorted(name for name in lacking if not tree.is_erased(self.home.root / name))
        for start in range(0, len(names), _AT_ONCE):
            batch = {name: lacking[name] for name in names[start : start + _AT_ONCE]}
            self._fetch(batch, here)
            for name, files in batch.items():
                self._put_in_place(name, files, here)
                self.tree.captures.add(name)

    def _fetch(self, batch: Mapping[str, Mapping[str, Entry]], here: dict[str, Path]) -> None:
        """Fetch the files of captures, each content once."""
        wanted = {one.sha256: one for files in batch.values() for one in files.values()}
        wanted = {sha: one for sha, one in wanted.items() if sha not in here}
        transfer.for_each(
            wanted.values(), lambda one: transfer.fetch(self.store, one, self.incoming / one.sha256)
        )
        self.moved.add(wanted.values())
        here.update({sha: self.incoming / sha for sha in wanted})

    def _put_in_place(self, name: str, files: Mapping[str, Entry], here: dict[str, Path]) -> None:
        """Make the folder of a capture of files that were fetched, or that other captures have."""
        folder, made = self.home.root / name, self.incoming / "capture"
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
        for path, entry in files.items():
            file = made / path.rpartition("/")[2]
            source = here[entry.sha256]
            transfer.link(source, file)
            if source.parent == self.incoming:
                source.unlink()
            here[entry.sha256] = self.home.root / path
        folder.parent.mkdir(parents=True, exist_ok=True)
        atomic.rename_into_place(made, folder)
        for parent in (folder.parent.parent, self.home.raw):
            atomic.fsync(parent)

    # Files that may change ----------------------------------------------------------------------

    def _files(self, paths: Iterable[str]) -> None:
        """Bring files to what the store has of them, several at a time."""
        transfer.for_each(sorted(paths), self._file)

    def _file(self, path: str) -> None:
        there = self.files.get(path)
        here = self.tree.entry(self.home, path, self.base)
        what = tree.step(path, self.base.files.get(path), here, there)
        target = self.home.root / path
        if what is Step.REMOVE:
            target.unlink(missing_ok=True)
        elif what is not Step.KEEP and there is not None:
            temp = self.incoming / path.replace("/", "~")
            transfer.fetch(self.store, there, temp)
            self.moved.add([there])
            if what is Step.MERGE and here is not None:
                name = path.rpartition("/")[2]
                temp.write_bytes(merge.merged(name, target.read_bytes(), temp.read_bytes()))
            target.parent.mkdir(parents=True, exist_ok=True)
            atomic.rename_into_place(temp, target)

    # Erasures -----------------------------------------------------------------------------------

    def _erasures(self) -> tuple[list[Erasure], list[Erasure]]:
        """Erasures that this home does not know, or not that they are finished; and that the store does not."""
        there = self.files.get(tree.ERASURES)
        if self.tree.entry(self.home, tree.ERASURES, self.base) == there:
            return [], []
        ours = Erasures.of(self.home.raw, may_be_gone=True).every
        theirs = self._of_store(there) if there else []
        states, ids = {(one.id, one.is_finished) for one in ours}, {one.id for one in theirs}
        new = [one for one in theirs if (one.id, one.is_finished) not in states]
        return new, [one for one in ours if one.id not in ids]

    def _of_store(self, entry: Entry) -> list[Erasure]:
        copy = self.incoming / tree.ERASURES
        transfer.fetch(self.store, entry, copy)
        try:
            facts = sealed.unseal(copy.read_bytes())["erasures"]
            return [Erasure.of_facts(one) for one in facts]
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{self.store.place.text} has damaged erasures: {error}") from error
        finally:
            copy.unlink()

    def _remove_erased(self) -> None:
        """Remove the captures that are gone by an erasure on another host."""
        there = {tree.capture_of(path) for path in self.files}
        for name in sorted(self.tree.captures - there):
            folder = self.home.root / name
            if tree.is_erased(folder):
                gone = self.incoming / "gone"
                folder.rename(gone)
                shutil.rmtree(gone)
                atomic.fsync(folder.parent)
                self.tree.captures.discard(name)

    def _erase_late(self, new: Iterable[Erasure], unknown: Iterable[Erasure]) -> None:
        """Erase by the hash of the item, from captures whose makers did not know of the erasure.

        What is new to this home, from captures that are here alone; what the store does not know yet, from
        those that came from there.
        """
        there = {tree.capture_of(path) for path in self.files}
        before = {tree.capture_of(path) for path in self.base.files}
        own, theirs = self.tree.captures - there, (self.tree.captures & there) - before
        late = [(name, one) for name in sorted(own) for one in new]
        late += [(name, one) for name in sorted(theirs) for one in unknown]
        for folder, erasure in dict.fromkeys((Path(name).parent, one) for name, one in late):
            dataset, day = folder.parent.name, date.fromisoformat(folder.name)
            if dataset in DATASETS and day <= erasure.until:
                with day_lock.locked(self.home, DATASETS[dataset], day):
                    days.erase(self.home.root / folder, DATASETS[dataset], day, erasure, erasure)
                    parquet.path_of(self.home.lake, dataset, day).unlink(missing_ok=True)
        if late:
            self.tree = Tree.of(self.home)


def pull(home: Home, store: ObjectStore, base: Base) -> tuple[Base, Moved]:
    """Bring the home to what the store has; the new base, and what was fetched.

    Raises StoreError, OtherArchive, NotShareable, UnusableCapture, OSError.
    """
    name = index.newest(store)
    if name is None:
        if base.index is not None:
            raise StoreError(
                f"{store.place.text} has no index, and this home was level with one. If it was emptied on purpose, "
                f"delete {folder_of(home)}: the next run puts all of this home there."
            )
        Tree.of(home)  # which refuses what cannot be shared
        return base, Moved()
    found = index.read(store, name) if name != base.index else None
    files = found.files if found else base.files
    _check(home, store, files, found)
    work = Pull(home, store, base, files, Tree.of(home))
    work.run()
    if found is None and not work.moved.files:
        return base, work.moved
    is_swept = found.is_swept if found else base.is_swept
    made = Base(store.place.text, name, is_swept, files, tree.stamps(home, files, base))
    made.save(home)
    return made, work.moved


def _check(home: Home, store: ObjectStore, files: Mapping[str, Entry], found: Index | None) -> None:
    """Refuse an index of another archive, or with paths that are no files of a home."""
    if strange := next((path for path in files if not tree.is_shared(path)), None):
        raise StoreError(
            f"The index of {store.place.text} names {strange[:80]!r}, which this version does not share. Use one "
            "version of livestats on all hosts."
        )
    is_empty = not any(captures.captures_in(day) for day in home.raw.glob("*/*"))
    if found and home.id not in ("", found.home) and not is_empty:
        raise OtherArchive(
            f"{store.place.text} has another archive than {home.root}: each was begun by itself. Name an empty "
            "folder with LIVESTATS_HOME, or another place with scale.home. To join two homes of one account: "
            "docs/recovery.md."
        )
