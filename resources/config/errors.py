"""What is raised for settings that cannot be followed."""

from __future__ import annotations


class SettingsError(ValueError):
    """A setting that cannot be followed; the message names it and what would be right."""
