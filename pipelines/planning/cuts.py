"""What a day of each cut takes, for `livestats plan`. Makes no request.

Not here: the figures (resources/api/cut_cost.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from pipelines.planning.estimate import Source, inventory_of
from resources.api.catalog import DATASETS
from resources.api.cut_cost import CutCost, cost_of, refusal
from resources.api.request_plan import requests_for
from resources.config import Settings


def costs(
    names: Iterable[str], day: date, source: Source, settings: Settings
) -> dict[str, tuple[CutCost, str]]:
    """The cost of `day` for each cut among `names`, and why it is not captured ("": it is).

    Without a known domain nothing can be told.
    """
    if not source.domains:
        return {}
    found = {}
    for name in names:
        if DATASETS[name].is_cut:
            dataset = settings.of(DATASETS[name])
            requests = [*requests_for(dataset, day, settings.zone, inventory_of(source))]
            found[name] = (cost_of(dataset, requests), refusal(dataset, requests))
    return found
