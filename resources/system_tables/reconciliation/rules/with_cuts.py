"""The rules of reconciliation with those of the cuts that this process knows.

A cut has the rules about a single dataset (captures.py), as every other dataset has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from resources.api.catalog import DAILY
from resources.system_tables.reconciliation.rules.captures import rules_of
from resources.system_tables.reconciliation.rules.model import Rule


class WithCuts(Sequence[Rule]):
    """Some rules, and those of the cuts, as they are at the moment of each look."""

    def __init__(self, fixed: Sequence[Rule]) -> None:
        """With `fixed` first."""
        self._fixed = fixed

    def _now(self) -> tuple[Rule, ...]:
        cuts = [dataset for dataset in DAILY if dataset.is_cut]
        return (*self._fixed, *(rule for dataset in cuts for rule in rules_of(dataset)))

    @overload
    def __getitem__(self, index: int) -> Rule: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Rule, ...]: ...

    def __getitem__(self, index: int | slice) -> Rule | tuple[Rule, ...]:
        return self._now()[index]

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())
