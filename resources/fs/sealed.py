"""JSON that holds its own SHA-256, so that any changed byte is detected.

Here: encoding and decoding. Not here: writing the bytes to the disk (atomic.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def seal(facts: Mapping[str, Any]) -> bytes:
    """Encode `facts` as JSON with a SHA-256 of themselves, which `unseal` checks."""
    digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    return (json.dumps({**facts, "sha256": digest}, indent=1) + "\n").encode()


def unseal(data: bytes) -> dict[str, Any]:
    """Decode what `seal` made. Raises ValueError if any byte has changed."""
    facts = json.loads(data)
    if isinstance(facts, dict):
        facts.pop("sha256", None)
        if seal(facts) == data:
            return facts
    raise ValueError("it has changed since it was written")
