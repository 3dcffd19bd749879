"""What the default vendor has of the catalog: the datasets of an archive without settings.

Not here: what only the other vendor has. Tests of the catalog itself import resources.api.catalog.
"""

from __future__ import annotations

from resources.api import catalog
from resources.api.catalog.vendors import VOLCENGINE
from resources.config import Settings

DATASETS = {name: catalog.DATASETS[name] for name in Settings().datasets}
DAILY = tuple(one for one in DATASETS.values() if not one.is_dimension)
DIMENSIONS = tuple(one for one in DATASETS.values() if one.is_dimension)
ENDPOINTS = catalog.endpoints_of(VOLCENGINE)
