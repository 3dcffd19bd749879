"""`livestats metrics`: figures for Prometheus, as text, as a file of the node exporter, or over HTTP.

The figures are made in resources/monitoring/metrics.py.
"""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click

from pipelines.cli import screen
from pipelines.cli.options import Refused, opened, require_archive
from pipelines.cli.output import OutputFile
from pipelines.cli.signals import FAREWELL
from resources.api.redaction import redact
from resources.errors import LivestatsError


@click.command()
@click.option(
    "--output",
    type=OutputFile(),
    help="Write them to this .prom file in the textfile folder of the node exporter.",
)
@click.option(
    "--serve",
    "port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Serve them at http://HOST:PORT/metrics until Ctrl-C.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="For --serve.")
@click.option(
    "--account",
    default="",
    metavar="NAME",
    help="Label of every sample, where Prometheus has several accounts of one machine.",
)
def metrics(output: Path | None, port: int | None, host: str, account: str) -> None:
    r"""Print figures for Prometheus: coverage, freshness, gaps, expiry, sizes, alarms.

    Read from the files of the home: no API call is made, and nothing is locked. They name datasets,
    never domains or streams.

    \b
    Examples:
      livestats metrics
      livestats metrics --output /var/lib/prometheus/node-exporter/livestats.prom
      livestats metrics --serve 9464

    What each means, alerts and a dashboard: docs/monitoring.md.
    """
    if output is not None and port is not None:
        raise click.UsageError("Give --output or --serve, not both.")
    if port is not None:
        _serve(host, port, account)
    elif output is not None:
        _write(output, account)
    else:
        click.echo(_text(account), nl=False)


def _text(account: str) -> str:
    from resources.monitoring import metrics as known

    archive = opened()
    require_archive(archive)
    return known.text(archive, account)


def _write(output: Path, account: str) -> None:
    """Whole or not at all, as the node exporter needs it; silent, for cron."""
    from resources.fs import atomic

    if output.suffix != ".prom":
        raise Refused(f"{output}: the node exporter reads files that end with .prom.")
    if not output.resolve().parent.is_dir():
        raise Refused(f"{output} cannot be written: there is no folder {output.parent}.")
    atomic.write_atomically(output.resolve(), _text(account).encode())
    output.resolve().chmod(0o644)  # the node exporter is another user


class Handler(BaseHTTPRequestHandler):
    """Answers GET /metrics."""

    account = ""

    def do_GET(self) -> None:
        """Make the figures anew for every request."""
        from resources.monitoring.metrics import CONTENT_TYPE

        if self.path.partition("?")[0] != "/metrics":
            self._answer(404, "text/plain", "The metrics are at /metrics.\n")
            return
        try:
            text = _text(self.account)
        except (LivestatsError, click.ClickException, OSError) as error:
            message = error.message if isinstance(error, click.ClickException) else str(error)
            self._answer(503, "text/plain", f"{screen.clean(redact(message))}\n")
            return
        self._answer(200, CONTENT_TYPE, text)

    def _answer(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """A scrape is no news."""


def _serve(host: str, port: int, account: str) -> None:
    """Until Ctrl-C or SIGTERM."""
    click.get_current_context().meta[FAREWELL] = "Metrics are no longer served."
    handler = type("Handler", (Handler,), {"account": account})
    try:
        server = ThreadingHTTPServer((host, port), handler)
    except OSError as error:
        raise Refused(
            f"{host}:{port} cannot be used: {error.strerror}. Name another --serve."
        ) from (error)
    with server:
        screen.note(f"Metrics: http://{host}:{server.server_port}/metrics. Ctrl-C ends.")
        server.serve_forever()
