"""The settings: what can be set (model), where it is read (reading), how it is written (text)."""

from resources.settings.model import BYTEPLUS, HOSTS, VOLCENGINE, Settings, SettingsError
from resources.settings.reading import FILE, FILE_VARIABLE, Found, find, load

__all__ = [
    "BYTEPLUS",
    "FILE",
    "FILE_VARIABLE",
    "HOSTS",
    "VOLCENGINE",
    "Found",
    "Settings",
    "SettingsError",
    "find",
    "load",
]
