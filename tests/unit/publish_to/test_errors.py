"""Errors of publications are shown as a message."""

from pipelines.cli.failures import explained
from resources.publish_to.errors import NotInstalled, NotPublished


def test_they_are_shown_as_they_are():
    for error in (NotPublished("why"), NotInstalled("why")):
        assert explained(error) == "why"
