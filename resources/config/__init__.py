"""The settings: what can be set (model, datasets), where it is read, how it is written (text)."""

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
