"""What livestats uses of Dagster and Dagster does not export: look here first when Dagster is upgraded.

Dagster 1.13 has no public names for these. Its own `dagster dev` and `dagster-webserver` use them in
the same way. No other file imports or names a private part of Dagster; tests/test_layout.py keeps that.
"""

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
]

DAEMON_MODULE = "dagster._daemon"
"""The module of the daemon, for `python -m`, so that it runs under the interpreter of livestats."""
