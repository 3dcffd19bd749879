"""A later version of livestats that reads numbers in quotes."""

from __future__ import annotations

import re

import pytest

from resources.api.parsing import parse

QUOTED = re.compile(rb':"(-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?)"')


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the present process read answers as that version does."""
    strict = parse.decode

    def lenient(endpoint, body, *rest):  # type: ignore[no-untyped-def]
        return strict(endpoint, QUOTED.sub(rb":\1", body), *rest)

    monkeypatch.setattr(parse, "decode", lenient)
