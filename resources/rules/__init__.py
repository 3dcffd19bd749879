"""The rules of reconciliation, each declared once: what two endpoints must say alike of a day."""

from __future__ import annotations

from resources.rules.captures import SLOTS, TOTALS
from resources.rules.model import ACCOUNT, Rule
from resources.rules.streams import PUSHES, STREAMS, TRANSCODING
from resources.rules.usage import EDGE, SESSIONS, TOP_PLAY

__all__ = ["ACCOUNT", "RULES", "Rule"]

RULES: tuple[Rule, ...] = (
    *SESSIONS,
    *EDGE,
    *TOP_PLAY,
    PUSHES,
    *TRANSCODING,
    *STREAMS,
    *SLOTS,
    *TOTALS,
)
"""Every rule: between endpoints first, then within a capture, then within an answer."""
