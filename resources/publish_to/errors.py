"""Errors of publications in other databases."""

from __future__ import annotations

from resources.errors import LivestatsError


class NotPublished(LivestatsError):
    """Nothing was published: readers go on seeing the publication before. The message says why."""


class NotInstalled(NotPublished):
    """A package is missing that the default install does not have; the message says how to get it."""
