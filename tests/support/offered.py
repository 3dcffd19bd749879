"""What the default vendor has of the catalog: the datasets of an archive without settings.

And what a vendor lacks. Not here: what only the other vendor has. Tests of the catalog itself import resources.api.catalog.
"""

from __future__ import annotations

from resources.api import catalog
from resources.api.catalog.vendors import VOLCENGINE
from resources.config import Settings
from tests.support.documented_limits import DOCUMENTED

DATASETS = {name: catalog.DATASETS[name] for name in Settings().datasets}
DAILY = tuple(one for one in DATASETS.values() if not one.is_dimension)
DIMENSIONS = tuple(one for one in DATASETS.values() if one.is_dimension)
ENDPOINTS = catalog.endpoints_of(VOLCENGINE)


def not_offered(vendor: str) -> set[str]:
    """Datasets whose action that vendor does not have, as the documentation says."""
    return {
        name
        for name, one in catalog.DATASETS.items()
        if vendor in DOCUMENTED[one.endpoint.action].absent_on
    }
