"""An object store in a folder, for tests of cold answers that need no server."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pyarrow import fs

from resources.api.body import whole
from resources.fs import object_store
from resources.fs.object_store import ObjectStore, Place
from resources.raw import captures, cold_move
from resources.raw.captures import Capture
from resources.raw.cold_move import Moved

PLACE = "s3://bucket/cold?endpoint_override=http://127.0.0.1:1&region=nowhere"


@dataclass
class FolderStore(ObjectStore):
    """As the one of S3, in a folder; `asked` lists what was asked of it."""

    root: Path = Path()
    asked: list[str] = field(default_factory=list)

    def put(self, source, key):
        self.asked.append(f"put {key}")
        (self.root / self.place.path_of(key)).parent.mkdir(parents=True, exist_ok=True)
        super().put(source, key)

    def get(self, key, target):
        self.asked.append(f"get {key}")
        super().get(key, target)

    def size(self, key):
        self.asked.append(f"size {key}")
        return super().size(key)

    def delete(self, key):
        self.asked.append(f"delete {key}")
        super().delete(key)

    @property
    def objects(self) -> dict[str, bytes]:
        """Path below the folder -> content."""
        files = (path for path in self.root.rglob("*") if path.is_file())
        return {str(path.relative_to(self.root)): path.read_bytes() for path in files}


def in_folder(root: Path, monkeypatch) -> FolderStore:
    """Put a store in the place of that of PLACE, and of every other place of that bucket."""
    (root / Place.parse(PLACE).bucket).mkdir(parents=True)
    found = FolderStore(
        Place.parse(PLACE), fs.SubTreeFileSystem(str(root), fs.LocalFileSystem()), root=root
    )
    monkeypatch.setattr(object_store, "open_store", lambda _: found)
    return found


class Out:
    """A file system that fails, as pyarrow does where the store is not reached."""

    def __getattr__(self, name):
        def fail(*_words, **_more):
            raise OSError("AWS Error NETWORK_CONNECTION: could not connect")

        return fail


def lose(store: FolderStore, part: str) -> list[str]:
    """Delete the objects whose key holds `part`, as someone does who cleans up; their keys."""
    names = [name for name in store.objects if part in name]
    for name in names:
        (store.root / name).unlink()
    return [name.removeprefix("bucket/cold/") for name in names]


def bodies(day_folder: Path) -> list[bytes]:
    """The bodies of all captures of a day."""
    return [
        whole(body)
        for name in captures.captures_in(day_folder)
        for *_, body in Capture(day_folder / name.text, name).responses()
    ]


def move(day_folder: Path, store: ObjectStore) -> Moved:
    """Move the bodies of a day, as `livestats cold` does."""
    return cold_move.move(day_folder, store, f"home/{day_folder.parent.name}/{day_folder.name}")
