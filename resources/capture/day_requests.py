"""What one dataset asks for a day, planned from what the account has and from what other datasets list.

Not here: the plan of a request's windows and lists (api/request_plan.py), asking (fetcher.py).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset
from resources.api.request_plan import Inventory, Request, requests_for
from resources.capture.inventory import InventoryReader
from resources.config import Settings
from resources.home.layout import Home
from resources.ledger import states
from resources.ledger.states import State
from resources.raw import captures

NO_EXPIRY_WARNING = timedelta(0)
"""Expiry warning for ledger states here: whether a day expires soon does not matter to its capture."""


def plan_requests(
    home: Home, inventory: InventoryReader, dataset: Dataset, day: date, now: datetime
) -> list[Request]:
    """All requests of a day, planned from the account's inventory in the lake.

    Raises PrerequisiteMissing if another dataset must be captured first; lost days are left out.
    """
    zone = inventory.settings.zone
    if dataset.is_dimension:
        return [*requests_for(dataset, day, zone, Inventory())]
    lost = {name for name in dataset.needs if _is_lost(home, zone, DATASETS[name], day, now)}
    absent = failed_sources(home, inventory.settings, dataset, day) | lost
    return [*requests_for(dataset, day, zone, inventory.inventory_for(dataset, day, absent))]


def failed_sources(home: Home, settings: Settings, dataset: Dataset, day: date) -> frozenset[str]:
    """Datasets that list the streams or addresses of the day, were tried and are not captured.

    The day goes on with what the others list, and stays incomplete until these are captured. Empty
    if no other is captured: then the day waits.
    """
    wanted = [name for name in dataset.needs if name in settings.datasets]
    folders = {name: captures.folder_of(home.raw, name, day) for name in wanted}
    missing = {name for name, folder in folders.items() if not captures.captures_in(folder)}
    failed = {name for name in missing if (folders[name] / states.PARTIAL).is_file()}
    return frozenset(failed) if missing != {*wanted} else frozenset()


def _is_lost(home: Home, zone: ZoneInfo, needed: Dataset, day: date, now: datetime) -> bool:
    folder = captures.folder_of(home.raw, needed.name, day)
    line = states.entry(needed, day, folder, now, zone, NO_EXPIRY_WARNING)
    return line.state is State.LOST
