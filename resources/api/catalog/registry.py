"""All datasets by name: those of the catalog, which never change, and the cuts of the settings.

Not here: what a cut is (cuts.py). A process knows the cuts of the settings that it has read, and
those that its archive has captured before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import overload

from resources.api.catalog.datasets import Dataset


class Registry(Mapping[str, Dataset]):
    """Datasets by name. A change replaces the whole, so that iterations under way are not disturbed."""

    def __init__(self, fixed: Iterable[Dataset]) -> None:
        """Start with the datasets of the catalog."""
        self._fixed = {one.name: one for one in fixed}
        self._all = self._fixed

    def __getitem__(self, name: str) -> Dataset:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def add(self, cut: Dataset) -> None:
        """Make a cut known, in the place of an earlier one of its name."""
        if not cut.is_cut:
            raise ValueError(f"{cut.name} is no cut: the datasets of the catalog are fixed")
        self._all = {**self._all, cut.name: cut}

    def forget_cuts(self) -> None:
        """Know the datasets of the catalog only."""
        self._all = self._fixed


class DailyDatasets(Sequence[Dataset]):
    """The datasets of a registry with one capture a day, as they are at the moment of each look."""

    def __init__(self, known: Registry) -> None:
        """Of `known`."""
        self._known = known

    def _now(self) -> tuple[Dataset, ...]:
        return tuple(one for one in self._known.values() if not one.is_dimension)

    @overload
    def __getitem__(self, index: int) -> Dataset: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Dataset, ...]: ...

    def __getitem__(self, index: int | slice) -> Dataset | tuple[Dataset, ...]:
        return self._now()[index]

    def __iter__(self) -> Iterator[Dataset]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())
