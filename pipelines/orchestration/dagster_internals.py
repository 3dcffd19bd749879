"""What livestats uses of Dagster and Dagster does not export: look here first when Dagster is upgraded.

Dagster 1.13 has no public names for these. Its own `dagster dev` and `dagster-webserver` use them in
the same way. No other file imports or names a private part of Dagster; tests/test_layout.py keeps that.
"""

import logging

from dagster import _loggers
from dagster._core.definitions import instigation_logger
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget

__all__ = [
    "DAEMON_MODULE",
    "GRPC_INFO_TAG",
    "CheckRunHealthResult",
    "LaunchRunContext",
    "WorkerStatus",
    "WorkspaceFileTarget",
    "WorkspaceProcessContext",
    "log_to_root",
]

DAEMON_MODULE = "dagster._daemon"
"""The module of the daemon, for `python -m`, so that it runs under the interpreter of livestats."""


def log_to_root() -> None:
    """Have what runs and sensors of this process log written by the handlers of the root logger alone.

    Dagster would write it with handlers and colours of its own.
    """

    def without_handlers(name: str, level: str | int) -> logging.Logger:
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.handlers.clear()
        return logger

    for module in (_loggers, instigation_logger):
        setattr(module, "create_console_logger", without_handlers)  # noqa: B010 - for mypy
    without_handlers("dagster", logging.INFO)
