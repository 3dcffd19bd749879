"""An archive as Iceberg tables: in a folder, and in an object store with a catalog in PostgreSQL."""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources.publish_to import iceberg, served
from tests.support.archives import DAYS, SMALL, lab
from tests.support.iceberg_stores import PREFIX, SECRET, object_store
from tests.support.postgresql_server import PASSWORD

pytestmark = pytest.mark.scale

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scale.md").read_text("utf-8")
KILLED = """
import os, signal, sys
from pyiceberg.catalog.sql import SqlCatalog
from pipelines.cli import main

step, commit = int(sys.argv[1]), SqlCatalog.commit_table
steps = iter(range(10_000))

def killing(*words):
    at = next(steps)
    if at == step:
        os.kill(os.getpid(), signal.SIGKILL)
    done = commit(*words)
    if at == step - 1 and sys.argv[2] == "after":
        os.kill(os.getpid(), signal.SIGKILL)
    return done

SqlCatalog.commit_table = killing
try:
    main(["publish", "--to", "iceberg"])
finally:
    print(next(steps))
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    pytest.importorskip("pyiceberg")
    with lab(tmp_path_factory.mktemp("scale") / "home", SMALL) as found:
        found.backfill(DAYS[:1])
        yield found


def publish(archive, *words, **environ):
    result = CliRunner().invoke(
        main, ["publish", "--to", "iceberg", *words], env={**archive.archive.environ, **environ}
    )
    assert result.exit_code == 0, result.output
    return result


def newest(catalog):
    """Table -> the snapshot that the newest list names."""
    rows = iceberg._listed(catalog, "livestats")
    return {
        row["table_name"]: row["snapshot_id"]
        for row in rows
        if row["published_at"] == rows[-1]["published_at"]
    }


def differences(archive, catalog, *datasets):
    """Tables whose rows or comments are others than those of the served copy."""
    wrong, snapshots = [], newest(catalog)
    with served.reading(archive.archive.home, "Asia/Shanghai", datasets) as copy:
        for table in copy.tables:
            names = [f'"{c.name}"' for c in table.columns]
            here = Counter(copy.relation(table, names, [*copy.days(table)]).fetchall())
            found = catalog.load_table(("livestats", table.name))
            snapshot = snapshots[table.name]
            there = found.scan(snapshot_id=snapshot).to_arrow() if snapshot else None
            rows = there.to_pylist() if there else []
            if here != Counter(tuple(row.values()) for row in rows) or [
                (f.name, f.doc or "") for f in found.schema().fields
            ] != [(c.name, c.comment) for c in table.columns]:
                wrong.append(table.name)
        assert {*snapshots} == {table.name for table in copy.tables}
    return len(snapshots), wrong


def test_every_row_of_every_table_is_that_of_the_served_copy(archive):
    publish(archive, "--dataset", "*")
    tables, wrong = differences(archive, iceberg._catalog(archive.archive.home), "*")
    assert wrong == []
    assert tables > 80
    assert "unchanged" in publish(archive, "--dataset", "*").output


def test_so_it_is_in_an_object_store_with_a_catalog_in_postgresql(archive, database, monkeypatch):
    with object_store() as variables:
        url = database.url.replace("postgresql:", "postgresql+psycopg2:")
        variables |= {f"{PREFIX}TYPE": "sql", f"{PREFIX}URI": url}
        said = publish(archive, **variables).output
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert differences(archive, iceberg._catalog(archive.archive.home))[1] == []
        files = [path for path in archive.root.rglob("*") if path.is_file()]
        for secret in (SECRET, PASSWORD):
            assert secret not in said
            assert [path for path in files if secret.encode() in path.read_bytes()] == []


def test_killed_before_and_after_commits_the_list_is_that_of_before(archive):
    publish(archive)
    catalog = iceberg._catalog(archive.archive.home)

    def made_old():
        """As if the days of two tables, and the list, were of another commit."""
        for name in ("viewers_daily", "stream_count_daily"):
            with catalog.load_table(("livestats", name)).transaction() as change:
                change.set_properties({"livestats.days": '{"2026-11-20": "earlier"}'})
        table = catalog.load_table(("livestats", iceberg.PUBLICATION))
        rows = table.scan().to_arrow()
        signature = rows.schema.get_field_index("signature")
        table.overwrite(rows.set_column(signature, "signature", [["earlier"] * rows.num_rows]))
        return newest(catalog)

    def run(step, when):
        return subprocess.run(
            [sys.executable, "-c", KILLED, str(step), when],
            env={"PATH": os.environ["PATH"], **archive.archive.environ},
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip

    made_old()
    done = run(10**9, "before")
    assert done.returncode == 0, done.stderr
    steps = int(done.stdout.split()[-1])
    assert differences(archive, catalog)[1] == []
    for step, when in ((0, "before"), (1, "after"), (1, "before"), (2, "before")):
        earlier = made_old()
        assert run(step, when).returncode == -signal.SIGKILL
        assert newest(catalog) == earlier
    assert steps >= 3
    assert run(10**9, "before").returncode == 0
    assert differences(archive, catalog)[1] == []


def test_the_lines_of_the_page_read_it(archive, monkeypatch):
    """Each block of Python of the section on Iceberg is run on what a publication has made."""
    publish(archive)
    monkeypatch.setenv("LIVESTATS_HOME", str(archive.root))
    monkeypatch.setenv("POLARS_ICEBERG_PLANNER", "pyiceberg")
    (section,) = re.findall(r"^## Iceberg\n(.*?)^## ", PAGE, re.M | re.S)
    blocks = re.findall(r"^```python\n(.*?)^```", section, re.M | re.S)
    assert len(blocks) == 3
    scope, shown = {}, []
    for block in blocks:
        exec(block, scope)
        shown.append(scope["rows"])
    scope["catalog"].close()
    with archive.archive.reading() as copy:
        assert {*shown} == {copy.execute("SELECT count(*) FROM viewers_daily").fetchone()[0]}
