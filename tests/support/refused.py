"""Files that the system does not let be read: tests may run as root, whom no permission holds up."""

from __future__ import annotations

from pathlib import Path

import pytest


def refuse_to_read(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Have the system refuse to read files of that name."""
    read = Path.read_bytes

    def refused(path: Path) -> bytes:
        if path.name == name:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refused)
