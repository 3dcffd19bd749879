"""An archive published to a real PostgreSQL: every row of every table, kill -9, no secret anywhere."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources.publish_to import served
from resources.publish_to.postgresql_tables import DAYS as NOTES
from tests.support.archives import DAYS, SMALL, lab
from tests.support.postgresql_server import PASSWORD

pytestmark = pytest.mark.scale

KILLED = """
import os, signal, sys
from adbc_driver_postgresql import dbapi
from pipelines.cli import main
from resources.publish_to.postgresql_session import Session

step, append, commit, run = int(sys.argv[1]), Session.append, dbapi.Connection.commit, Session.run
steps = iter(range(10_000))

def killing(work):
    def call(*words):
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return work(*words)
    return call

Session.append, Session.run = killing(append), killing(run)
dbapi.Connection.commit = killing(commit)
try:
    main(["publish", "--to", sys.argv[2]])
finally:
    print(next(steps))
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with lab(tmp_path_factory.mktemp("scale") / "home", SMALL) as found:
        found.backfill(DAYS[:1])
        yield found


def environment(archive):
    return {**archive.archive.environ, "PGPASSWORD": PASSWORD, "LIVESTATS_PUBLISH_SCHEMA": "stats"}


def publish(archive, database, *words):
    result = CliRunner().invoke(
        main, ["publish", "--to", database.url, *words], env=environment(archive)
    )
    assert result.exit_code == 0, result.output
    return result


def differences(archive, database, *datasets):
    """Tables whose rows, columns or comments are others than those of the served copy."""
    wrong = []
    with served.reading(archive.archive.home, "Asia/Shanghai", datasets) as copy:
        for table in copy.tables:
            names = [column.name for column in table.columns]
            cells = [f'"{n}"' for n in names]
            casts = [
                f'"{c.name}"::text' if c.kind == "JSON" else f'"{c.name}"' for c in table.columns
            ]
            here = copy.relation(table, cells, [*copy.days(table)]).fetchall()
            there = database.rows(f'SELECT {", ".join(casts)} FROM stats."{table.name}"')
            said = database.rows(
                f"SELECT coalesce(col_description(a.attrelid, a.attnum), '') FROM pg_attribute a "
                f"WHERE a.attrelid = 'stats.\"{table.name}\"'::regclass AND attnum > 0 ORDER BY attnum"
            )
            if Counter(here) != Counter(there) or [c.comment for c in table.columns] != [
                text for (text,) in said
            ]:
                wrong.append((table.name, len(here), len(there)))
        return len(copy.tables), wrong


def content(database):
    """Every row of every table, as one hash for each."""
    tables = [
        name
        for (name,) in database.rows(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'stats' ORDER BY 1"
        )
    ]
    return {
        name: database.rows(
            f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM stats.\"{name}\" t"
        )
        for name in tables
    }


def test_every_row_of_every_table_is_that_of_the_served_copy(archive, database):
    publish(archive, database, "--dataset", "*")
    tables, wrong = differences(archive, database, "*")
    assert wrong == []
    assert tables > 80
    publish(archive, database)
    assert differences(archive, database)[1] == []


def test_another_day_is_added_and_all_is_equal_again(tmp_path, database):
    with lab(tmp_path / "home", SMALL) as whole:
        found = whole.only("domain", "isp", "stream_count", "batch_stream_traffic", "edge_stat")
        found.backfill(DAYS[:1])
        (tmp_path / "livestats.toml").write_text(
            f"[datasets]\noff = {[*found.archive.settings.datasets_off]}\n"
        )
        found = whole.with_(LIVESTATS_SETTINGS=str(tmp_path / "livestats.toml"))
        publish(found, database, "--dataset", "stream_count")
        before = database.rows(f"SELECT * FROM stats.{NOTES} WHERE table_name = 'stream_count'")
        rows = database.rows("SELECT count(*) FROM stats.stream_count")
        found.backfill(DAYS)
        said = json.loads(publish(found, database, "--dataset", "stream_count", "--json").stdout)
        assert "stream_count" in said["published_to"]["changed"]
        assert set(before) < set(
            database.rows(f"SELECT * FROM stats.{NOTES} WHERE table_name = 'stream_count'")
        )
        assert database.rows("SELECT count(*) FROM stats.stream_count") > rows
        assert differences(found, database, "stream_count")[1] == []


def test_killed_at_any_step_it_leaves_the_publication_before(archive, database):
    publish(archive, database)
    whole = content(database)

    def run(step):
        return subprocess.run(
            [sys.executable, "-c", KILLED, str(step), database.url],
            env={"PATH": os.environ["PATH"], **environment(archive)},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )

    def made_old():
        """As if what is there were of another commit, with other rows."""
        database.rows(
            "UPDATE stats.livestats_publication SET signature = 'earlier';"
            f"DELETE FROM stats.{NOTES}; DELETE FROM stats.viewers_daily"
        )
        return content(database)

    made_old()
    done = run(10**9)
    assert done.returncode == 0, done.stderr
    steps = int(done.stdout.split()[-1])
    after = content(database)
    assert [n for n in whole if after[n] != whole[n]] == ["livestats_publication"]  # its time
    earlier = made_old()
    for step in (0, steps // 3, 2 * steps // 3, steps - 1):  # the last is the commit
        assert run(step).returncode == -signal.SIGKILL
        assert content(database) == earlier


def test_no_secret_is_in_the_output_the_home_or_the_database(archive, database):
    outputs = [publish(archive, database, *words).output for words in (["--json"], [])]
    refused = CliRunner().invoke(
        main,
        ["publish", "--to", database.url.replace("publisher@", f"publisher:{PASSWORD}@")],
        env=environment(archive),
    )
    assert refused.exit_code == 2
    unreachable = CliRunner().invoke(
        main, ["publish", "--to", database.url.replace("127.0.0.1", "127.0.0.1:1,127.0.0.1")],
        env=environment(archive),
    )  # fmt: skip
    outputs += [refused.output, unreachable.output]
    assert [text for text in outputs if PASSWORD in text] == []
    files = [path for path in archive.root.rglob("*") if path.is_file()]
    assert [path for path in files if PASSWORD.encode() in path.read_bytes()] == []
    assert database.rows("SELECT count(*) FROM stats.livestats_publication") == [(1,)]


def test_personal_data_is_published_as_it_is_served(archive, database):
    masked = archive.with_(LIVESTATS_PERSONAL_DATA="mask")
    publish(masked, database, "--dataset", "push_stream_info")
    found = database.rows("SELECT DISTINCT client_ip FROM stats.push_stream_info")
    assert found
    assert [value for (value,) in found if value and not value.startswith("masked-")] == []
