"""The proof that one day of one dataset was in an archive when its fingerprint was taken.

The file is checked without livestats, by docs/check_proof.py; docs/evidence.md says what it proves.
"""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import date
from pathlib import Path

from resources.digest import merkle
from resources.digest.fingerprint import DigestError, Fingerprint, Leaf
from resources.fs import atomic
from resources.home.layout import Home
from resources.raw import captures
from resources.raw.captures import MANIFEST, Capture, CaptureName

FORMAT = "livestats-proof-1"


def write_proof(
    home: Home, made: Fingerprint, leaves: list[Leaf], dataset: str, day: date, path: Path
) -> Leaf:
    """Write the proof of the newest capture of a day that the fingerprint covers; its leaf.

    Raises DigestError if there is none, UnusableCapture if its files are not as written.
    """
    of_day = [leaf for leaf in leaves if (leaf.dataset, leaf.day) == (dataset, str(day))]
    if not of_day:
        raise DigestError(f"{dataset} {day} has no capture that the fingerprint covers.")
    leaf = of_day[-1]
    folder = captures.folder_of(home.raw, dataset, day) / leaf.capture
    capture = Capture(folder, CaptureName(leaf.capture))
    files = {MANIFEST: (folder / MANIFEST).read_bytes()}
    for body_file in capture.body_files():
        for _ in body_file.responses():  # raises if a byte has changed
            break
        with body_file.opened() as file:
            files[body_file.path.name] = file.read()
    position = leaves.index(leaf)
    proof = {
        "format": FORMAT,
        "fingerprint": made.text,
        "dataset": dataset,
        "day": str(day),
        "capture": leaf.capture,
        "position": position,
        "path": [one.hex() for one in merkle.path([leaf.data for leaf in leaves], position)],
        "files": {name: b64encode(data).decode() for name, data in files.items()},
    }
    atomic.write_atomically(path, (json.dumps(proof, indent=1) + "\n").encode())
    return leaf
