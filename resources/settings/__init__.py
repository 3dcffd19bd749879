"""The settings: what can be set (model), where it is read (reading), how it is written (text)."""

from resources.settings.model import (
    BYTEPLUS,
    CHINESE,
    ENGLISH,
    HOSTS,
    LANGUAGES,
    VOLCENGINE,
    Settings,
    SettingsError,
)
from resources.settings.reading import FILE, FILE_VARIABLE, Found, find, load

__all__ = [
    "BYTEPLUS",
    "CHINESE",
    "ENGLISH",
    "FILE",
    "FILE_VARIABLE",
    "HOSTS",
    "LANGUAGES",
    "VOLCENGINE",
    "Found",
    "Settings",
    "SettingsError",
    "find",
    "load",
]
