"""The base class of all errors of livestats that are a message to the user.

Each room defines its own errors where they are raised. This module imports nothing, so that every
room can use it. Next: `pipelines.cli.failures`, which shows them.
"""


class LivestatsError(Exception):
    """An error whose text says what happened and what to do; it needs no traceback."""
