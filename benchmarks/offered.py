"""What the default vendor has of the catalog: the datasets of an archive without settings."""

from __future__ import annotations

from resources.api import catalog
from resources.config import Settings

SETTINGS = Settings()
DATASETS = {name: catalog.DATASETS[name] for name in SETTINGS.datasets}
DAILY = tuple(one for one in DATASETS.values() if not one.is_dimension)
