"""The list of all reconciliation rules.

A new rule goes into the module of its topic and into RULES. Read next: model.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from resources.system_tables.reconciliation.rules.billing import BILLING
from resources.system_tables.reconciliation.rules.captures import SLOTS, TOTALS
from resources.system_tables.reconciliation.rules.hours import HOURS
from resources.system_tables.reconciliation.rules.model import ACCOUNT, Rule
from resources.system_tables.reconciliation.rules.presence import PRESENCE
from resources.system_tables.reconciliation.rules.streams import PUSHES, STREAMS, TRANSCODING
from resources.system_tables.reconciliation.rules.units import UNITS
from resources.system_tables.reconciliation.rules.usage import EDGE, SESSIONS, TOP_PLAY
from resources.system_tables.reconciliation.rules.wholes import ACCOUNT_RULES, DOMAIN_RULES
from resources.system_tables.reconciliation.rules.with_cuts import WithCuts

__all__ = ["ACCOUNT", "RULES", "Rule"]

_FIXED: tuple[Rule, ...] = (
    *SESSIONS,
    *EDGE,
    *TOP_PLAY,
    PUSHES,
    *TRANSCODING,
    *BILLING,
    *STREAMS,
    *UNITS,
    *PRESENCE,
    *HOURS,
    *ACCOUNT_RULES,
    *DOMAIN_RULES,
    *SLOTS,
    *TOTALS,
)

RULES: Sequence[Rule] = WithCuts(_FIXED)
"""All rules: between endpoints first, then within a capture, then within one response."""
