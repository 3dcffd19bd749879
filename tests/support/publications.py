"""Served copies that are made up, for publications: tables by SQL, without an archive."""

from __future__ import annotations

import duckdb

from resources.publish_to import served
from resources.publish_to.served import Served


def made_up(
    sql: str, *, home: str = "home", commit: str = "1", masks: str = "", erasures: str = ""
) -> Served:
    """What would be published of a copy in which `sql` has made the tables."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'Asia/Shanghai'")
    connection.execute(sql)
    tables = tuple(served._tables(connection))
    return Served(
        connection=connection, home=home, commit=commit, masks=masks, erasures=erasures,
        tables=tables,
    )  # fmt: skip
