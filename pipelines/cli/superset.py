"""`livestats superset`: writes or imports the bundle for Apache Superset.

The bundle is made by pipelines/superset. Read next: pipelines/superset/bundle.py.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

import click

from pipelines.cli import screen
from pipelines.cli.options import Refused, json_option, opened
from pipelines.cli.output import OutputFile, outside_of_archive

if TYPE_CHECKING:
    from pipelines.superset.client import ChartResult
    from pipelines.superset.documents import Source

PASSWORD = "SUPERSET_PASSWORD"  # noqa: S105 - the name of the variable
_FILE = "livestats-superset.zip"


@click.command()
@click.option(
    "--output",
    type=OutputFile(dir_okay=False),
    help=f"File to write; default: {_FILE}, or none with --import.",
)
@click.option("--import", "url", metavar="URL", help="Superset to import the bundle into.")
@click.option("--user", default="admin", show_default=True, help="User of that Superset.")
@click.option(
    "--path",
    type=click.Path(path_type=Path),
    help="Path of the served copy on the Superset server; default: the path here.",
)
@click.option(
    "--name",
    default="livestats",
    show_default=True,
    help="Name of the database in Superset. Another name adds a second database.",
)
@json_option
def superset(
    output: Path | None, url: str | None, user: str, path: Path | None, name: str, as_json: bool
) -> None:
    r"""Make a bundle for Apache Superset: database, datasets, charts and a dashboard.

    Importing a bundle again updates the earlier import; changes by hand in Superset under the same
    name are overwritten.

    With --import, every chart is queried afterwards; an empty one counts as an error, unless that can
    be good news: no push was interrupted. The password comes from SUPERSET_PASSWORD, or from a prompt.

    \b
    Examples:
      livestats superset                                    write livestats-superset.zip
      livestats superset --import http://127.0.0.1:8088     import it, and query every chart
      livestats superset --path /data/livestats.duckdb      Superset runs in a container

    docs/bi.md explains how to set up a Superset that reads DuckDB.
    """
    from pipelines.superset.bundle import bundle, zipped
    from pipelines.superset.documents import Source
    from pipelines.superset.tables import served_tables
    from resources.fs import atomic

    if not name.strip():
        raise Refused("--name is empty: give the database a name.")
    if path and not any(kind(path).is_absolute() for kind in (PurePosixPath, PureWindowsPath)):
        raise Refused(f"--path {path} is relative: give the absolute path on the Superset server.")
    archive = opened()
    target = output or Path(_FILE)
    if not url:
        outside_of_archive(target)
    source = Source(
        name=name,
        path=str(path or archive.home.served.absolute()),
        time_zone=archive.settings.time_zone,
        language=archive.settings.language,
    )
    with archive.reading() as connection:
        tables = served_tables(connection)
    data = zipped(bundle(source, tables))
    if output or not url:
        if target.exists() and not target.is_file():  # a pipe: nothing to swap
            target.write_bytes(data)
        else:
            atomic.write_atomically(target.resolve(), data)
        screen.note(f"Written: {target} ({len(tables)} tables, {screen.size(len(data))})")
    if url:
        password = os.environ.get(PASSWORD) or click.prompt("Password", hide_input=True, err=True)
        _import(source, data, url, user, password, as_json=as_json)
    elif as_json:
        screen.emit_json({"file": str(target), "tables": [table.name for table in tables]})
    else:
        screen.note("Superset: Dashboards > Import, or `livestats superset --import URL`.")


def _import(
    source: Source, data: bytes, url: str, user: str, password: str, *, as_json: bool
) -> None:
    from pipelines.superset.client import signed_in
    from pipelines.superset.tabs import TITLE, may_be_empty
    from resources.i18n import say

    with signed_in(url, user, password) as found:
        screen.note(f"Importing into {found.url} as {user} ...")
        found.import_bundle(data)
        uuid = str(source.uuid("dashboard", TITLE))
        page = found.url + found.dashboard(uuid)["url"]
        answers = []
        for answer in found.answers(uuid):
            answers.append(answer)
            if not as_json:
                screen.say(_line(answer))
    calm = may_be_empty(source.language)
    bad = [a for a in answers if a.error or not (a.rows or a.chart in calm)]
    if as_json:
        charts = [{"chart": a.chart, "rows": a.rows, "error": a.error} for a in answers]
        screen.emit_json({"dashboard": page, "charts": charts})
    screen.note(f"{say(TITLE, source.language)}: {page}")
    if bad or not answers:
        screen.note(
            f"{len(bad)} of {screen.counted(len(answers), 'chart')} without data. Empty: are the "
            "days captured? `livestats status` tells. Errors: can Superset see --path?"
        )
        click.get_current_context().exit(1)


def _line(answer: ChartResult) -> str:
    if answer.error:
        return f"  error  {answer.chart}: {answer.error}"
    return f"{answer.rows:7,}  {answer.chart}"
