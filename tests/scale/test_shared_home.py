"""Accounts whose homes lie in an S3-compatible store, and hosts that take them in turn."""

import gzip
import io
import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from resources.shared import index, session
from resources.simulator import Account
from resources.verify.run import Verification
from tests.support.archives import DAYS, NOW, contents, lab, lake_rows, leftovers
from tests.support.iceberg_stores import PREFIX, bucket_of, object_store
from tests.support.killed_command import killed_before
from tests.support.postgresql_server import PASSWORD
from tests.support.shared_homes import NAMES

pytestmark = pytest.mark.scale

ROOT = Path(__file__).parents[2]
ACCOUNTS = {
    "acme": Account(domains=3, streams_per_domain=2, deleted=0),
    "globex": Account(domains=2, streams_per_domain=3, deleted=0, seed=11),
}
WANTED = (*NAMES, "edge_stat", "top_play", "push_stream_metrics")
DAYS_ASKED = ("--from", "2026-11-19", "--to", "2026-11-21")
OF_CAPTURES = {"ledger", "revisions", "freshness"}
"""Tables that tell when each capture was made: their days and rows are compared by `ledger`."""

WORKER = """
import json, os, subprocess, sys

COMMAND = '''
import os, signal
from pipelines.cli import main
from resources.raw.capture_writer import CaptureWriter

if most := int(os.environ.get("KILLED_AFTER", "0")):
    commit, left = CaptureWriter.commit, iter(range(most))

    def committing(self, name):
        made = commit(self, name)
        if next(left, None) is None:
            os.killpg(0, signal.SIGKILL)  # the whole host
        return made

    CaptureWriter.commit = committing
main(prog_name="livestats")
'''
accounts, words = json.loads(sys.argv[1]), sys.argv[2:]
open_ones = dict(accounts)
while open_ones:
    for name, environ in list(open_ones.items()):
        done = subprocess.run([sys.executable, "-c", COMMAND, *words], env=environ,
                              capture_output=True, text=True, check=False)
        if done.returncode == 0:
            del open_ones[name]
            print(name, "is done", flush=True)
        elif done.returncode != 2 or "works on the account" not in done.stderr:
            sys.exit(f"{name}: {done.returncode}: {done.stdout} {done.stderr}")
"""


@pytest.fixture(scope="module")
def store():
    with object_store() as variables:
        yield variables


@pytest.fixture
def shared(store, database):
    """The variables of an account's homes on all hosts."""

    def of(account, place):
        endpoint = store[f"{PREFIX}S3__ENDPOINT"]
        return {
            "LIVESTATS_SCALE_HOME": f"s3://{bucket_of(store)}/{place}?region=us-east-1&endpoint_override={endpoint}",
            "LIVESTATS_SCALE_LEASE": database.url,
            "LIVESTATS_SCALE_ACCOUNT": account,
            "PGPASSWORD": PASSWORD,
            **{name: store[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")},
        }

    return of


@pytest.fixture
def in_this_process(store, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, store[name])


def ledger(found):
    return {
        (line.dataset, line.day, line.state, line.rows)
        for lines in found.archive.ledgers(
            found.archive.daily, found.archive.first_day, DAYS[1]
        ).values()
        for line in lines
    }


def tables(found):
    """The rows of all tables, views and marts of the served copy but those that tell when and by whom."""
    with found.archive.reading() as connection:
        names = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'"
        ).fetchall()
        return {
            name: connection.execute(f'SELECT * FROM "{name}" ORDER BY ALL').fetchall()
            for (name,) in names
        }


@pytest.mark.usefixtures("in_this_process")
def test_two_accounts_on_three_hosts_with_one_killed_are_as_on_one(shared, tmp_path):
    with ExitStack() as stack:
        labs, alone = {}, {}
        for name, account in ACCOUNTS.items():
            (tmp_path / name).mkdir()
            first_day = {"LIVESTATS_FIRST_DAY": DAYS_ASKED[1]}
            labs[name] = stack.enter_context(
                lab(tmp_path / name / "home", account, names=WANTED, rate="documented",
                    environ={**first_day, **shared(name, name)})
            )  # fmt: skip
            alone[name] = stack.enter_context(
                lab(tmp_path / name / "alone", account, names=WANTED, environ=first_day)
            )
            subprocess.run(
                [sys.executable, "-c", "from pipelines.cli import main; main()", "backfill", *DAYS_ASKED],
                env=alone[name].archive.environ, cwd=ROOT, check=True, capture_output=True,
            )  # fmt: skip
        hosts = [
            {name: found.beside(f"host-{number}") for name, found in labs.items()}
            for number in range(3)
        ]
        first = begun(hosts[0], killed_after=8)
        first.communicate()
        assert first.returncode == -signal.SIGKILL
        others = [begun(hosts[1]), begun(dict(reversed(hosts[2].items())))]
        for process in others:
            said, problem = process.communicate()
            assert process.returncode == 0, problem
            assert sorted(said.split()[::3]) == sorted(ACCOUNTS)
        back = begun(hosts[0])
        assert back.communicate()[1] == ""
        assert back.returncode == 0
        for name, one in alone.items():
            assert labs[name].simulator.refused == {}
            for host in hosts:
                found = host[name]
                session.sync(found.archive.home, found.archive.settings, found.archive.now())
                found.load()
                assert ledger(found) == ledger(one)
                assert lake_rows(found.archive.home) == lake_rows(one.archive.home)
                served = tables(one)
                assert {t for t, rows in tables(found).items() if rows != served[t]} <= OF_CAPTURES
                assert [*Verification(found.archive).findings()] == []


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize("way", ["push", "pull"])
def test_killed_at_any_step_the_same_again_finishes_it(shared, tmp_path, way):
    """An index that can be seen names objects that are all there, and files come back whole or not at all."""
    with lab(
        tmp_path / "home", names=("domain", "stream_count"), environ=shared("acme", way)
    ) as one:
        one.capture(DAYS)
        two = one.beside("two")
        worker = one if way == "push" else two
        if way == "pull":
            session.sync(one.archive.home, one.archive.settings, NOW)
        before, store = contents(one.archive.home.raw), session.store_of(one.archive.settings)
        kills = step = 0
        environ = {**worker.archive.environ, "PATH": os.environ["PATH"]}
        while (done := killed_before(step, ("sync",), environ)).returncode == -signal.SIGKILL:
            kills, step = kills + 1, step + 1
            name = index.newest(store)
            named = index.read(store, name).files.values() if name else ()
            assert {entry.key for entry in named} <= {*store.keys("data")}, step
            assert contents(one.archive.home.raw) == before, step
            there = contents(two.archive.home.raw)
            assert {*there.values()} <= {*before.values()}, step
        assert done.returncode == 0, done.stderr
        assert kills >= 20
        session.sync(two.archive.home, two.archive.settings, NOW)
        assert [*contents(two.archive.home.raw).values()] == [*before.values()]
        assert leftovers(two.root) == leftovers(one.root) == []
        named = index.read(store, index.newest(store)).files.values()
        assert {entry.key for entry in named} == {*store.keys("data")}
        assert len(store.keys("index")) == 1
        two.load()
        assert [*Verification(two.archive).findings()] == []


@pytest.mark.usefixtures("in_this_process")
def test_no_secret_is_in_the_store_or_in_the_home(shared, tmp_path, store):
    with lab(tmp_path / "home", names=("domain", "isp"), environ=shared("acme", "secrets")) as one:
        one.capture(DAYS)
        session.sync(one.archive.home, one.archive.settings, NOW)
        there = session.store_of(one.archive.settings)
        written = [path.read_bytes() for path in one.root.rglob("*") if path.is_file()]
        for key in (*there.keys("data"), *there.keys("index")):
            target = io.BytesIO()
            there.get(key, target)
            written.append(target.getvalue())
            if key.startswith("index"):
                written.append(gzip.decompress(target.getvalue()))
        environ = one.archive.environ
        secrets = [environ[name] for name in ("VOLC_ACCESSKEY", "VOLC_SECRETKEY", "PGPASSWORD")]
        for secret in (*secrets, store["AWS_ACCESS_KEY_ID"], store["AWS_SECRET_ACCESS_KEY"]):
            assert [data for data in written if secret.encode() in data] == []


def begun(host, killed_after=0):
    """A host that works on its accounts until each is done."""
    accounts = {
        name: {
            **{key: value for key, value in found.archive.environ.items()
               if key != "LIVESTATS_CALLS_PER_SECOND"},
            "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "KILLED_AFTER": str(killed_after),
        }
        for name, found in host.items()
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, json.dumps(accounts), "backfill", *DAYS_ASKED],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True,
    )  # fmt: skip
