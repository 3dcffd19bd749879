"""The settings: what can be set (model, datasets), where it is read, how it is written (text)."""

from resources.settings.datasets import Own
from resources.settings.errors import SettingsError
from resources.settings.model import (
    BYTEPLUS,
    CHINESE,
    ENGLISH,
    HOSTS,
    LANGUAGES,
    VOLCENGINE,
    Settings,
    general,
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
    "Own",
    "Settings",
    "SettingsError",
    "find",
    "general",
    "load",
]
