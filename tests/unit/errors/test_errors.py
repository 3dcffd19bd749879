"""The base class of errors that are a message to the user."""

from pipelines.cli.failures import explained
from resources.errors import LivestatsError


def test_an_error_of_livestats_is_shown_as_its_message_and_a_bug_is_not():
    assert explained(LivestatsError("Do that.")) == "Do that."
    assert explained(KeyError("bug")) is None
