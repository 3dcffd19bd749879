"""Dagster's web server behind the guard, as a process: `python -m pipelines.orchestration.webserver`.

`livestats ui` starts it. Which requests reach it is decided in guard.py.
"""

from __future__ import annotations

import os
import time

import click
import dagster as dg
import uvicorn
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.version import __version__

from pipelines.orchestration.dagster_internals import WorkspaceFileTarget, WorkspaceProcessContext
from pipelines.orchestration.guard import Guard, Login
from resources.api import json_log
from resources.api.credentials import secret_of
from resources.config.loader import UI_SECRET

_SILENT_S = 120.0  # a daemon writes a heartbeat every half minute


@click.command()
@click.option("--host", default="127.0.0.1")
@click.option("--port", default=3000)
@click.option("--socket", default=None)
@click.option("-w", "workspace", default="workspace.yaml")
@click.option("--read-only", is_flag=True)
@click.option("--allow-host", multiple=True)
@click.option("--login-header", default=None)
def main(
    host: str,
    port: int,
    socket: str | None,
    workspace: str,
    read_only: bool,
    allow_host: tuple[str, ...],
    login_header: str | None,
) -> None:
    """Serve until a signal. The options are those of `livestats ui`, which has checked them."""
    if json_log.is_wanted(os.environ):
        json_log.switch_on()
    target = WorkspaceFileTarget([workspace])
    secret = secret_of(os.environ, UI_SECRET) or None
    login = Login(login_header, secret) if login_header else None
    with (
        dg.DagsterInstance.get() as history,
        WorkspaceProcessContext(
            history, version=__version__, read_only=read_only, workspace_load_target=target
        ) as context,
    ):
        app = create_app_from_workspace_process_context(context)
        guarded = Guard(
            app, (host, *allow_host), health=lambda: problems(context, history), login=login
        )
        listen = {"uds": socket} if socket else {"host": host, "port": port}
        # No header of a client changes what the request is taken to be, but for the login's.
        config = None if json_log.is_on() else uvicorn.config.LOGGING_CONFIG
        uvicorn.run(guarded, **listen, log_level="warning", log_config=config, proxy_headers=False)


def problems(context: WorkspaceProcessContext, history: dg.DagsterInstance) -> list[str]:
    """What is not well, in words that tell a stranger nothing: for /healthz."""
    found = []
    locations = context.create_request_context().get_code_location_entries().values()
    if not locations or not all(_is_loaded(entry) for entry in locations):
        found.append("the code location is not loaded")
    beats = [beat.timestamp for beat in history.get_daemon_heartbeats().values()]
    if not beats or time.time() - max(beats) > _SILENT_S:
        found.append("the daemon is silent")
    return found


def _is_loaded(entry: object) -> bool:
    """Whether a location has its definitions, and its server still answers."""
    location = getattr(entry, "code_location", None)
    if location is None:
        return False
    client = getattr(location, "client", None)
    try:
        return client is None or bool(client.ping("healthz")["echo"])
    except dg.DagsterError:
        return False


if __name__ == "__main__":
    main()
