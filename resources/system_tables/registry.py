"""Names, columns and comments of the tables that livestats keeps about the archive itself.

Not here: filling them (ledger.py, revisions.py, reconciliation/run.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from resources.system_tables import ledger, revisions
from resources.system_tables.reconciliation import table


@dataclass(frozen=True, kw_only=True)
class OwnTable:
    """Comment and columns of one table."""

    comment: str
    columns: Mapping[str, tuple[str, str]]  # name -> DuckDB type and comment


OWN_TABLES: Mapping[str, OwnTable] = MappingProxyType(
    {
        "ledger": OwnTable(comment=ledger.TABLE_COMMENT, columns=ledger.COLUMNS),
        "revisions": OwnTable(comment=revisions.TABLE_COMMENT, columns=revisions.COLUMNS),
        table.TABLE: OwnTable(comment=table.MEANING, columns=table.COLUMNS),
        table.RULE_TABLE: OwnTable(comment=table.RULE_MEANING, columns=table.RULE_COLUMNS),
    }
)
"""Tables in the schema main, by name."""

META_TABLES: Mapping[str, str] = MappingProxyType(
    {
        "archive": "One row about the archive: time_zone is the business zone.",
        "loaded": "Which lake file each day of a table was loaded from.",
        "mart": "Which marts there are, and from which SQL each was made.",
        "mart_day": "From which captures each day of a mart was made.",
        "reconciled": "From which captures, and by which version of the rule, each day was "
        "reconciled.",
        "set_aside": "Days whose lake file was not loaded, and why: their rows are of an earlier load.",
        "state": "Which warehouse file this is, and how often it has changed.",
    }
)
"""Tables in the schema meta, by which loads know what is up to date; name -> comment."""
