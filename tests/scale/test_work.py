"""Hosts that take accounts in turn by `livestats work`: each account has one host, until that is overdue."""

import os
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import yaml

from tests.scale.test_shared_home import ACCOUNTS, DAYS_ASKED, OF_CAPTURES, ledger, tables
from tests.support.archives import lab, lake_rows
from tests.support.iceberg_stores import PREFIX, bucket_of, object_store
from tests.support.postgresql_server import PASSWORD
from tests.support.shared_homes import NAMES

pytestmark = pytest.mark.scale

ROOT = Path(__file__).parents[2]
MOST_S = 180
OVERDUE = "UPDATE livestats_lease SET since = now() - interval '13 hours'"


@pytest.fixture
def hosts(tmp_path, database):
    """A folder of accounts for each of three hosts, the archives of one machine, and each host's."""
    with ExitStack() as stack:
        store = stack.enter_context(object_store())
        endpoint = store[f"{PREFIX}S3__ENDPOINT"]
        alone, of_hosts = {}, [{}, {}, {}]
        for name, account in ACCOUNTS.items():
            (tmp_path / name).mkdir()
            environ = {
                "LIVESTATS_FIRST_DAY": DAYS_ASKED[1],
                "LIVESTATS_SCALE_HOME": f"s3://{bucket_of(store)}/{name}?region=us-east-1&endpoint_override={endpoint}",
                "LIVESTATS_SCALE_LEASE": database.url,
                "LIVESTATS_SCALE_ACCOUNT": name,
                "PGPASSWORD": PASSWORD,
                **{one: store[one] for one in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")},
            }
            shared = stack.enter_context(
                lab(tmp_path / name / "home", account, names=NAMES, environ=environ)
            )
            alone[name] = stack.enter_context(
                lab(tmp_path / name / "alone", account, names=NAMES,
                    environ={"LIVESTATS_FIRST_DAY": DAYS_ASKED[1]})
            )  # fmt: skip
            subprocess.run(
                [sys.executable, "-c", "from pipelines.cli import main; main()", "backfill"],
                env=alone[name].archive.environ, cwd=ROOT, check=True, capture_output=True,
            )  # fmt: skip
            for number, found in enumerate(of_hosts):
                found[name] = shared.beside(f"host-{number}")
                file(tmp_path / f"accounts-{number}", name, found[name].archive.environ)
        yield [tmp_path / f"accounts-{number}" for number in range(3)], alone, of_hosts


def file(folder, name, environ):
    folder.mkdir(exist_ok=True)
    own = ("LIVESTATS_", "VOLC_", "AWS_", "PGPASSWORD")
    lines = (f"{key}='{value}'\n" for key, value in environ.items() if key.startswith(own))
    (folder / f"{name}.env").write_text("".join(lines))


def begun(folder, *words):
    words = ["work", "--accounts", str(folder), *words]
    return subprocess.Popen(
        [sys.executable, "-c", f"from pipelines.cli import main; main({words!r})"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={"PATH": os.environ["PATH"]}, start_new_session=True,
    )  # fmt: skip


def test_each_account_has_one_host_and_another_when_that_is_overdue(hosts, database):
    folders, alone, (_, _, of_third) = hosts
    first = begun(folders[0])  # which is killed with all it has begun, as a host that is lost
    until_s = time.monotonic() + MOST_S
    while not any(folders[0].parent.glob("*/host-0/raw/*/*/*/manifest.json.gz")):
        assert time.monotonic() < until_s
        with suppress(subprocess.TimeoutExpired):
            first.wait(timeout=0.1)
    first.kill()
    first.communicate()
    while database.rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"):
        assert time.monotonic() < until_s

    second = begun(folders[1], "--once", "--at-once", "2")
    said = second.communicate()[1]
    assert second.returncode == 0, said
    (held,) = [name for name in ACCOUNTS if f"{name} is left to " in said]
    (free,) = {*ACCOUNTS} - {held}
    assert f"{free}: backfill ended with 0" in said

    database.rows(OVERDUE)
    third = begun(folders[2], "--once")
    said = third.communicate()[1]
    assert third.returncode == 0, said
    assert [f"{name}: backfill ended with 0" in said for name in ACCOUNTS] == [True, True]
    for name, one in alone.items():
        found = of_third[name]
        assert ledger(found) == ledger(one)
        assert lake_rows(found.archive.home) == lake_rows(one.archive.home)
        served = tables(one)
        assert {t for t, rows in tables(found).items() if rows != served[t]} <= OF_CAPTURES
        assert found.simulator.refused == {}


def test_a_server_of_leases_that_is_gone_is_told_and_nothing_is_asked(hosts):
    folders, _, (of_first, *_) = hosts
    for name, found in of_first.items():
        environ = {
            **found.archive.environ,
            "LIVESTATS_SCALE_LEASE": "postgresql://me@127.0.0.1:9/x",
        }
        file(folders[0], name, environ)
        found.simulator.calls.clear()
    first = begun(folders[0], "--once")
    said = first.communicate()[1]
    assert first.returncode == 1
    assert [f"{name} cannot be taken" in said for name in ACCOUNTS] == [True, True]
    assert [found.requests for found in of_first.values()] == [0, 0]


def test_the_bucket_of_the_compose_file_is_made_and_may_be_there():
    """By the command that stands in it."""
    service = yaml.safe_load((ROOT / "deploy" / "compose.workers.yaml").read_text("utf-8"))[
        "services"
    ]["bucket"]
    assert (service["entrypoint"][-1], len(service["command"])) == ("-c", 1)
    with object_store() as store:
        for _ in range(2):
            subprocess.run(
                [sys.executable, "-c", service["command"][0]], check=True,
                env={"PATH": os.environ["PATH"], **store, "STORE": store[f"{PREFIX}S3__ENDPOINT"]},
            )  # fmt: skip


def test_the_pods_fit_what_kubernetes_takes():
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    for found in yaml.safe_load_all((ROOT / "deploy" / "kubernetes.yaml").read_text("utf-8")):
        for version in ("1.29", kubernetes_validate.latest_version()):
            kubernetes_validate.validate(found, version, strict=True)  # raises what is wrong
