"""Settings: their definition (model, dataset_overrides), reading (loader) and writing (writer).

No secret is a setting: see resources/api/credentials. Begin with model.
"""

from resources.config.dataset_overrides import DatasetOverrides
from resources.config.errors import SettingsError
from resources.config.loader import FILE, FILE_VARIABLE, ResolvedSettings, load, resolve
from resources.config.model import (
    CHINESE,
    ENGLISH,
    LANGUAGES,
    Settings,
    general,
)

__all__ = [
    "CHINESE",
    "ENGLISH",
    "FILE",
    "FILE_VARIABLE",
    "LANGUAGES",
    "DatasetOverrides",
    "ResolvedSettings",
    "Settings",
    "SettingsError",
    "general",
    "load",
    "resolve",
]
