"""Bugs planted on purpose: each changes the product while a command runs, and the worlds must find it.

A bug is such as a person could write: plausible, silent, and healed by nothing else. The faultless
runs that worlds are compared with do not have it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest import mock

from pipelines.planning import capture_plan
from resources.api import pagination, request_plan
from resources.api.parsing import duplicates
from resources.archive import Archive
from resources.capture import fetcher, partition_writer, staged_files
from resources.capture.answers import FetchResult
from resources.ledger import coverage
from resources.serving import publish
from resources.warehouse.load_state import LoadState

Patch = tuple[Any, str, Any]
"""Object, attribute, what stands there instead."""


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The product has this bug until the block ends; "" is none."""
    with ExitStack() as stack:
        if name:
            for where, attribute, instead in PLANTED[name].patches():
                stack.enter_context(mock.patch.object(where, attribute, instead))
        yield


@dataclass(frozen=True)
class Planted:
    """A bug."""

    what: str
    patches: Callable[[], Sequence[Patch]]


def _coverage() -> Sequence[Patch]:
    return [(coverage.Coverage, "_never_asked", lambda *_: [])]


def _paging() -> Sequence[Patch]:
    right = pagination.next_page

    def next_page(action: str, paging: Any, seen: Sequence[Any]) -> int | None:
        if seen and seen[-1].rows < paging.size:
            return None
        return right(action, paging, seen)

    return [(pagination, "next_page", next_page)]


def _isolation() -> Sequence[Patch]:
    right = fetcher.Fetcher._take_apart  # noqa: SLF001 - a bug is inside

    def take_apart(self: Any, request: Any, *more: Any) -> list[Any]:
        found = right(self, request, *more)
        good = [one for one in found if isinstance(one, FetchResult)]
        if not good:
            return found
        pages = [
            dataclasses.replace(
                page,
                payload={
                    **page.payload,
                    **{n: v for n, v in request.payload.items() if "List" in n},
                },
            )
            for page in good[0].pages
        ]
        return [dataclasses.replace(good[0], pages=pages)]

    return [(fetcher.Fetcher, "_take_apart", take_apart)]


def _commit() -> Sequence[Patch]:
    job = partition_writer.PartitionJob
    right = job._equal_capture  # noqa: SLF001 - a bug is inside

    def equal_capture(self: Any, table: Any, contradictions: Any) -> Any:
        carried, self.carried = self.carried, None
        try:
            return right(self, table, contradictions)
        finally:
            self.carried = carried

    return [(job, "_is_as_good_as", lambda *_: True), (job, "_equal_capture", equal_capture)]


class _AnyState(tuple):  # type: ignore[type-arg]
    """Size and time of a file, equal to all others."""

    __hash__ = tuple.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, tuple)

    def __ne__(self, other: object) -> bool:
        return not self == other


def _load() -> Sequence[Patch]:
    right = LoadState.of

    def of(connection: Any) -> LoadState:
        state = right(connection)
        loaded = {
            name: {day: _AnyState(file) for day, file in days.items()}
            for name, days in state.loaded.items()
        }
        return dataclasses.replace(state, loaded=loaded)

    return [(LoadState, "of", of)]


def _supplement() -> Sequence[Patch]:
    right = staged_files.StagedFiles.open

    def opened(home: Any, dataset: Any, day: Any, carried: Any) -> Any:
        staged = right(home, dataset, day, None)
        if carried is not None:
            staged.capture.carry(carried)
        return staged

    return [(staged_files.StagedFiles, "open", opened)]


def _reread() -> Sequence[Patch]:
    return [(capture_plan.states, "is_due_again", lambda *_: False)]


def _windows() -> Sequence[Patch]:
    right = request_plan.split

    def split(start: Any, end: Any, longest: Any) -> list[Any]:
        windows = right(start, end, longest)
        late = timedelta(minutes=5)
        return [(a + late * (n > 0), b) for n, (a, b) in enumerate(windows)]

    return [(request_plan, "split", split)]


def _duplicates() -> Sequence[Patch]:
    return [(duplicates, "number_occurrences", duplicates.keep_one)]


def _publish() -> Sequence[Patch]:
    right = publish.publish

    def published(connection: Any, home: Any, masks: Any = None) -> Any:
        if not home.served.exists():
            return right(connection, home, masks)
        copy = home.served.resolve()
        return publish.Published(path=copy, size=copy.stat().st_size, is_new=False)

    return [(publish, "publish", published), (Archive, "behind", lambda _: [])]


PLANTED: Mapping[str, Planted] = {
    "coverage": Planted("domains that were never asked about are not missed", _coverage),
    "paging": Planted("a page that is not full is taken for the last one", _paging),
    "isolation": Planted(
        "of a list that was taken apart one part is kept, and the whole is noted as asked",
        _isolation,
    ),
    "commit": Planted("a supplement that brings no rows is taken for unchanged", _commit),
    "load": Planted("a day that was loaded once is not loaded again", _load),
    "supplement": Planted("the rows that a supplement carries over are left out", _supplement),
    "re-read": Planted("young days are not asked again", _reread),
    "windows": Planted("each window after the first begins a slot late", _windows),
    "duplicates": Planted("of events with one key, only one is kept", _duplicates),
    "publish": Planted("what was loaded is not published if there is a copy already", _publish),
}
