"""JSON files that hold their own SHA-256, so that any changed byte is found.

Here: bytes from facts and facts from bytes. Not here: writing them to the disk (atomic.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def seal(facts: Mapping[str, Any]) -> bytes:
    """Facts as a JSON text that holds its own SHA-256: `unseal` finds any changed byte."""
    digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    return (json.dumps({**facts, "sha256": digest}, indent=1) + "\n").encode()


def unseal(data: bytes) -> dict[str, Any]:
    """The facts of a text made by `seal`. Raises ValueError if any byte of it has changed."""
    facts = json.loads(data)
    if isinstance(facts, dict):
        facts.pop("sha256", None)
        if seal(facts) == data:
            return facts
    raise ValueError("it has changed since it was written")
