"""The error of invalid settings. It is alone here so that model and loader can share it."""

from __future__ import annotations

from resources.errors import LivestatsError


class SettingsError(LivestatsError, ValueError):
    """An invalid setting; the message names it and says which values are valid."""
