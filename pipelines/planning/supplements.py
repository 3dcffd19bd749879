"""Requests that complete captured days, known exactly and without a call.

Here: their number. Not here: which days lack items (resources/ledger/coverage.py), the requests
themselves (resources/capture/supplement.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.planning.capture_plan import Chunk
from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.capture import supplement
from resources.capture.day_requests import plan_requests
from resources.capture.inventory import InventoryReader, PrerequisiteMissing
from resources.ledger.states import Entry, State
from resources.raw import captures
from resources.raw.captures import UnusableCapture


def requests_of(archive: Archive, chunks: Sequence[Chunk]) -> int:
    """How many requests the supplements of all incomplete days in `chunks` take.

    A day whose requests cannot be planned now counts with none.
    """
    inventory = InventoryReader(archive.home.lake, archive.settings)
    found = 0
    for chunk in chunks:
        for name in chunk.datasets:
            for line in archive.ledger(DATASETS[name], chunk.first, chunk.last):
                if line.state is State.INCOMPLETE and line.can_be_asked:
                    found += _requests_of_day(archive, inventory, line)
    return found


def _requests_of_day(archive: Archive, inventory: InventoryReader, line: Entry) -> int:
    dataset, home = archive.settings.of(DATASETS[line.dataset]), archive.home
    before = captures.newest(captures.folder_of(home.raw, dataset.name, line.day), home.time_zone)
    if before is None:
        return 0
    try:
        full = plan_requests(home, inventory, dataset, line.day, archive.now())
        if not supplement.carries(dataset, line.lacking):
            return len(full)
        return len(supplement.requests_for(dataset, full, line.lacking, before))
    except (PrerequisiteMissing, UnusableCapture):
        return 0
