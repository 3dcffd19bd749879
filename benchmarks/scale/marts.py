"""Three marts from lake files, by DuckDB or by an engine that speaks Spark Connect.

    python -m benchmarks.scale.marts MART ENGINE FOLDER

ENGINE is duckdb or the address of a server; the home is that of the environment. What is computed lies
in FOLDER afterwards, MART.parquet. Without a MART (-) the engine is asked for nothing but an answer.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.lake import parquet
from resources.marts import definition
from resources.marts.definition import ARCHIVE_TABLE, Mart
from resources.sql import quoting

MARTS = ("viewers_daily", "billing_monthly_by_domain", "stream_health_slot")
OF_LAST_DAY = "stream_health_slot"
LEDGER = "ledger.parquet"
_MEMORY_LIMIT = "256MB"  # livestats' own, wherever DuckDB works


def needed(name: str) -> tuple[list[Mart], list[str]]:
    """(Marts that a mart is made of and itself, in this order; tables that they read)."""
    marts = definition.read()
    wanted, found = [name], {name}
    while wanted:
        more = {*marts[wanted.pop()].reads} & {*marts} - found
        wanted += more
        found |= more
    ordered = [mart for mart in marts.values() if mart.name in found]
    return ordered, sorted(
        {table for mart in ordered for table in mart.reads} - {*marts, ARCHIVE_TABLE}
    )


def files(archive: Archive, table: str, folder: Path, *, last_only: bool) -> list[str]:
    """The Parquet files of a table that a mart reads."""
    if table not in DATASETS:
        return [str(folder / LEDGER)]
    found = parquet.days_of(archive.home.lake, table)
    by_day = {day: path for day, path in found.items() if day < archive.today}
    days: Collection[date] = [max(by_day)] if last_only else by_day
    return [str(by_day[day]) for day in days]


def by_duckdb(archive: Archive, name: str, folder: Path) -> Path:
    """Compute a mart as the warehouse does, with its limit of memory."""
    made = folder / f"{name}.parquet"
    marts, tables = needed(name)
    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{_MEMORY_LIMIT}'; SET TimeZone = 'UTC'")
        connection.execute(f"SET temp_directory = {quoting.literal(str(folder / 'spill'))}")
        zone = quoting.literal(archive.settings.time_zone)
        connection.execute(
            f"CREATE SCHEMA meta; CREATE TABLE {ARCHIVE_TABLE} AS SELECT {zone} AS time_zone"
        )
        for table in tables:
            paths = files(archive, table, folder.parent, last_only=name == OF_LAST_DAY)
            listed = ", ".join(map(quoting.literal, paths))
            connection.execute(
                f"CREATE VIEW {table} AS FROM read_parquet([{listed}], hive_partitioning = false)"
            )
        for mart in marts:
            connection.execute(f"CREATE VIEW {mart.name} AS {mart.sql}")
        connection.execute(f"COPY {name} TO {quoting.literal(str(made))}")
    return made


def by_engine(archive: Archive, name: str, address: str, folder: Path) -> Path:
    """The same by a server; its rows come here as Arrow, as a publication has them."""
    from pyspark.sql.connect.session import SparkSession

    from resources.publish_to.spark_dialect import to_spark

    session = SparkSession.builder.remote(address).create()
    made = folder / f"{name}.parquet"
    try:
        session.conf.set("spark.sql.session.timeZone", "UTC")
        if name == "-":
            rows = session.sql("SELECT 1 AS one").toArrow()
        else:
            marts, tables = needed(name)
            places = {one: f"of_{one.replace('.', '_')}" for one in _names(marts, tables)}
            zone = quoting.literal(archive.settings.time_zone)
            session.sql(f"SELECT {zone} AS time_zone").createOrReplaceTempView(
                places[ARCHIVE_TABLE]
            )
            for table in tables:
                paths = files(archive, table, folder.parent, last_only=name == OF_LAST_DAY)
                session.read.parquet(*paths).createOrReplaceTempView(places[table])
            for mart in marts:
                session.sql(to_spark(mart, places)).createOrReplaceTempView(places[mart.name])
            rows = session.sql(f"SELECT * FROM {places[name]}").toArrow()
        pq.write_table(rows if isinstance(rows, pa.Table) else pa.table(rows), made)
    finally:
        session.stop()
    return made


def _names(marts: list[Mart], tables: list[str]) -> Iterator[str]:
    yield ARCHIVE_TABLE
    yield from tables
    yield from (mart.name for mart in marts)


def differing(name: str, one: Path, other: Path) -> int:
    """How many rows of a mart differ between two files; fractions to nine digits."""
    mart = definition.read()[name]
    key = ", ".join(mart.key)
    rest = [column.name for column in mart.columns if column.name not in mart.key]
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'; SET memory_limit = '1GB'")
        connection.execute(f"SET temp_directory = {quoting.literal(str(one.parent / 'spill'))}")
        kinds = {n: k for n, k, *_ in connection.execute(f"DESCRIBE FROM '{one}'").fetchall()}
        is_other = " OR ".join(
            f"(a.{c} IS DISTINCT FROM b.{c} AND NOT coalesce("
            f"abs(a.{c} - b.{c}) <= 1e-9 * greatest(abs(a.{c}), abs(b.{c}), 1), false))"
            if kinds[c] == "DOUBLE"
            else f"a.{c} IS DISTINCT FROM b.{c}"
            for c in rest
        )
        ((count,),) = connection.execute(
            f"SELECT count(*) FROM (SELECT *, true AS is_there FROM '{one}') a "
            f"FULL JOIN (SELECT *, true AS is_there FROM '{other}') b USING ({key}) "
            f"WHERE a.is_there IS NULL OR b.is_there IS NULL OR {is_other}"
        ).fetchall()
    return int(count)


def main() -> None:
    """Compute the mart that the command line names, and tell its rows."""
    name, engine, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    archive = Archive.open(os.environ)
    folder.mkdir(parents=True, exist_ok=True)
    if engine == "duckdb":
        made = by_duckdb(archive, name, folder)
    else:
        made = by_engine(archive, name, engine, folder)
    print(f"rows {pq.read_metadata(made).num_rows}")


if __name__ == "__main__":
    main()
