"""Takes secrets out of an answer before anything else sees it: what the catalog calls `secret`.

The raw archive keeps answers byte for byte, but for these actions. Not here: the account's own keys in an
answer (redaction.py).
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from resources.api.body import LARGE_BYTES, Body, Packed, pack, whole
from resources.api.brackets import is_too_deep
from resources.api.catalog.model import Endpoint, Secret
from resources.api.errors import TryLater


def without_secrets(endpoint: Endpoint | None, body: Body) -> Body:
    """The body without the values that its endpoint's entry calls secret; the same if it has none.

    Raises TryLater for a body that is not JSON: what cannot be read cannot be cleaned, and is not kept.
    """
    if endpoint is None or not endpoint.secrets:
        return body
    text = whole(body)
    if is_too_deep(text):
        raise TryLater("the answer is nested deeper than any answer", action=endpoint.action)
    try:
        document = json.loads(text)
    except ValueError as error:
        raise TryLater("the answer is not JSON", action=endpoint.action) from error
    result = document.get("Result") if isinstance(document, dict) else None
    for name, fields in endpoint.secrets:
        items = result.get(name) if isinstance(result, dict) else None
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict):
                item |= {key: _kept(item[key], fields[key]) for key in fields.keys() & item.keys()}
    made = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    if len(made) <= LARGE_BYTES:
        return made
    packed = pack(made)
    return Packed(packed, 0, len(packed), len(made))


def _kept(value: Any, secret: Secret) -> str:
    if secret is Secret.WHOLE or not isinstance(value, str):
        return ""
    try:
        parts = urlsplit(value)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path, "", ""))
    except ValueError:
        return ""
