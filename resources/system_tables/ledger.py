"""The table `ledger`: the state of every dataset and day, written from the files.

Here: columns and rows of the table. Not here: how a state is decided (resources/ledger/states.py).
Read next: revisions.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import duckdb

from resources.api.catalog import DAILY
from resources.api.windows import day_of
from resources.config import Settings
from resources.home import folders
from resources.home.layout import Home
from resources.ledger import states
from resources.ledger.coverage import Coverage
from resources.ledger.evidence import Evidence
from resources.system_tables import made_under
from resources.warehouse import connection as warehouse_connection

TABLE_COMMENT = "Every dataset and day of the archive and where it stands."
COLUMNS = {
    "dataset": ("VARCHAR", "Table that the line is about."),
    "business_date": ("DATE", "Calendar day in the business time zone."),
    "state": (
        "VARCHAR",
        "captured, empty (asked, nothing there), incomplete (rows are there, and domains, streams or "
        "addresses lack, see lacking), partial (asked, not captured), missing, settling (not complete yet), "
        "expiring (missing and soon forgotten by the API), lost (never captured, forgotten).",
    ),
    "rows": ("BIGINT", "Rows of the newest capture."),
    "captures": ("BIGINT", "Captures that differ; 2 means that the vendor restated the day once."),
    "captured_at": ("TIMESTAMPTZ", "When the newest capture was fetched."),
    "last_seen_at": ("TIMESTAMPTZ", "When the API was last found to say the same."),
    "capture": ("VARCHAR", "Name of the newest capture in the raw archive."),
    "askable_from": ("TIMESTAMPTZ", "When the day is complete at the vendor."),
    "askable_until": ("TIMESTAMPTZ", "When the API forgets it; NULL: never."),
    "lacking": ("BIGINT", "Domains, streams or addresses that an incomplete day lacks."),
    "is_suspect": (
        "BOOLEAN",
        "Whether other datasets or the answer itself contradict the day: its rows are served, and it "
        "is asked again.",
    ),
    "limited_to": (
        "VARCHAR",
        "Part of the account that the settings limit the dataset to: its days are complete as far as "
        "that. NULL: all of it.",
    ),
}


def refresh(
    connection: duckdb.DuckDBPyConnection, home: Home, settings: Settings, now: datetime
) -> int:
    """Write the ledger, computed from the files, to the table `ledger`; the number of its rows.

    A dataset whose folder cannot be read keeps the lines that it has.
    """
    unread = folders.unreadable(home, settings.datasets)
    first, today = home.first_day(settings, now), day_of(now, settings.zone)
    days = [first + timedelta(days=i) for i in range((today - first).days + 1)]
    warning = timedelta(days=settings.expiry_warning_days)
    coverage = Coverage(home.raw, home.lake, settings, home.file_index)
    evidence = Evidence.of(settings, home.raw, home.file_index)
    lines = [
        line
        for dataset in DAILY
        if dataset.name in settings.datasets and dataset.name not in unread
        for line in evidence.marked(
            dataset.name,
            states.entries(
                settings.of(dataset),
                days,
                home.raw,
                now,
                settings.zone,
                warning,
                home.file_index,
                coverage=coverage,
                include_other_days=True,
            ),
        )
    ]
    limits = {name: settings.narrowed(name) or None for name in settings.datasets}
    _stage(connection, lines, limits)
    _replace_table(connection, sorted(unread))
    connection.execute("DROP TABLE lines")
    made_under.note(connection, home, settings, now)
    return len(lines)


def _stage(
    connection: duckdb.DuckDBPyConnection,
    lines: list[states.Entry],
    limits: Mapping[str, str | None],
) -> None:
    """Fill the temporary table `lines`.

    Arrow is not used: it imports pandas for its first array of Python objects, half a second in
    each process that loads.
    """
    attribute = {"business_date": "day"}
    values = {
        name: [getattr(line, attribute.get(name, name)) for line in lines]
        for name in COLUMNS
        if name not in ("lacking", "limited_to")
    }
    values["lacking"] = [len(line.lacking) for line in lines]
    values["limited_to"] = [limits.get(line.dataset) for line in lines]
    columns = ", ".join(f"unnest(${name}::{sql}[]) AS {name}" for name, (sql, _) in COLUMNS.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE lines AS SELECT {columns}", values)


def _replace_table(connection: duckdb.DuckDBPyConnection, unread: Sequence[str]) -> None:
    """Make the table equal to `lines`, except for the datasets `unread`.

    Unchanged rows are not written again.
    """
    declared = [(name, sql) for name, (sql, _) in COLUMNS.items()]
    if warehouse_connection.columns(connection, "ledger") != declared:
        with warehouse_connection.transaction(connection):
            columns = ", ".join(f"{name} {sql}" for name, sql in declared)
            connection.execute(f"CREATE OR REPLACE TABLE ledger ({columns})")
            connection.execute("INSERT INTO ledger BY NAME FROM lines ORDER BY ALL")
        return
    if unread:
        connection.execute(
            "INSERT INTO lines BY NAME FROM ledger WHERE dataset IN (FROM unnest(?))", [unread]
        )
    connection.execute("CREATE OR REPLACE TEMP TABLE gone AS FROM ledger EXCEPT ALL FROM lines")
    ((gone, held),) = connection.execute(
        "SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM ledger)"
    ).fetchall()
    ((lines,),) = connection.execute("SELECT count(*) FROM lines").fetchall()
    if gone or held != lines:
        with warehouse_connection.transaction(connection):
            connection.execute(
                "DELETE FROM ledger l USING gone g "
                "WHERE l.dataset = g.dataset AND l.business_date = g.business_date"
            )
            # A duplicate row is deleted twice and inserted once.
            connection.execute(
                "INSERT INTO ledger BY NAME SELECT n.* FROM lines n "
                "WHERE NOT EXISTS (FROM ledger l WHERE l.dataset = n.dataset "
                "AND l.business_date = n.business_date) ORDER BY ALL"
            )
    connection.execute("DROP TABLE gone")
