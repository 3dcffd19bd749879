"""Key, secret and token never stand anywhere: outputs, logs, errors, Dagster's history, the home."""

import base64
import gzip
import logging
import re
import sqlite3
from urllib.parse import unquote_to_bytes

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.definitions import definitions
from pipelines.orchestration.instance import instance
from pipelines.orchestration.schedules import CAPTURE_JOB, LOAD_JOB
from resources.api import client
from resources.api.catalog import DATASETS
from resources.api.credentials import Credentials
from resources.api.errors import FixSetup
from resources.archive import Archive
from resources.raw import captures
from resources.simulator import Account, Faults
from tests.support.archives import lab

pytestmark = pytest.mark.slow

ACCESS = "AKMARKEDACCESSKEY7F3"
SECRET = "MarkedSecretKey9Q2W=="
TOKEN = "MarkedSessionToken5T8/+="
SECRETS = (ACCESS, SECRET, TOKEN)
TINY = Account(domains=1, streams_per_domain=1, deleted=0, audience=0.02)
DAY = "2026-11-21"
SOME = ("domain", "isp", "region", "stream_count", "edge_stat", "top_play", "source_traffic",
        "play_status_code", "push_stream_info", "batch_push_stream_metrics")  # fmt: skip
FAULTS = Faults(
    first={
        "DescribeLiveStreamCountData": (1, "html"),
        "DescribeLiveEdgeStatData": (1, "reset"),
        "DescribeLiveTopPlayData": (1, "error200"),
        "DescribeLiveSourceTrafficData": (1, "throttle"),
    }
)


@pytest.fixture(autouse=True)
def said(caplog):
    """Everything that is logged in this process, to the last detail."""
    caplog.set_level(logging.DEBUG)
    return caplog


@pytest.fixture(autouse=True)
def signatures(monkeypatch):
    """Every signature that is made in the test."""
    made, honest = [], client.sign

    def sign(**asked):
        headers = honest(**asked)
        made.append(headers["Authorization"].rpartition("Signature=")[2])
        made.append(headers["X-Date"])
        return headers

    monkeypatch.setattr(client, "sign", sign)
    return made


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr("resources.capture.session._Wait.__call__", lambda *_: None)


@pytest.fixture
def account(tmp_path):
    """An account that wants all three secrets, and whose API has faults."""
    marked, settings = Credentials(ACCESS, SECRET, TOKEN), tmp_path / "livestats.toml"
    settings.write_text(f"[datasets]\noff = {[name for name in DATASETS if name not in SOME]}\n")
    environ = {"LIVESTATS_SETTINGS": str(settings)}
    with lab(tmp_path / "home", TINY, credentials=marked, faults=FAULTS, environ=environ) as found:
        yield found.with_(VOLC_SESSION_TOKEN=TOKEN)


@pytest.fixture
def call(account):
    """A command line, with the environment of the account and changes to it."""

    def run(*words, **changes):
        environ = {**account.archive.environ, **changes}
        return CliRunner().invoke(main, words, env=environ)

    return run


def readable(path):
    """All that a file says: as it stands, unpacked, and as a database tells it."""
    data = path.read_bytes()
    yield data
    if path.name == captures.MANIFEST:
        yield gzip.decompress(data)
    if path.name == captures.RESPONSES:
        capture = captures.Capture(path.parent, captures.CaptureName(path.parent.name))
        yield from (body for *_, body in capture.responses())
    if data.startswith(b"SQLite format 3"):
        with sqlite3.connect(path) as connection:
            yield "\n".join(connection.iterdump()).encode()
    if data.startswith(b"PAR1"):
        yield str(pq.read_schema(path)).encode()


def unpacked(content):
    """A text as it stands, out of a URL, and everything in it that is base64."""
    yield content
    yield unquote_to_bytes(content)
    for run in re.findall(rb"[A-Za-z0-9+/_-]{60,}", content):
        for start in range(4):
            part = run[start:].replace(b"-", b"+").replace(b"_", b"/")
            yield base64.b64decode(part[: len(part) // 4 * 4])


def nothing_is_told(root, signatures, said, *outputs):
    """Look for every secret and signature in everything; the number of files that were read."""
    secret = re.compile(b"|".join(re.escape(s.encode()) for s in (*SECRETS, *signatures)))
    texts = [record.getMessage() + str(record.exc_info) for record in said.records]
    told = "\n".join((*texts, *outputs)).encode("utf-8", "surrogateescape")
    assert not any(secret.search(one) for one in unpacked(told))
    assert len(signatures) > 2
    number = 0
    for path in (p for p in root.rglob("*") if p.is_file() and not p.is_symlink()):
        number += 1
        for content in readable(path):
            assert not any(secret.search(one) for one in unpacked(content)), path
        assert not secret.search(str(path).encode())
    return number


def test_a_whole_run_with_faults_tells_no_secret(call, account, tmp_path, signatures, said):
    """Doctor, plan, a backfill, its summary, status: all at the loudest log level."""
    outputs = []
    for words in (
        ("doctor",),
        ("plan", "--from", DAY, "--to", DAY),
        ("backfill", "--from", DAY, "--to", DAY, "--json"),
        ("status", "--json"),
        ("query", "FROM ledger"),
    ):
        result = call(*words)
        assert result.exception is None or isinstance(result.exception, SystemExit), words
        outputs.append(result.output)
    assert account.simulator.refused.total() >= len(FAULTS.first)
    assert '"is_complete": true' in outputs[2]
    files = nothing_is_told(tmp_path, signatures, said, *outputs)
    assert files > 30
    assert any("FlowLimitExceeded" in record.getMessage() for record in said.records)


def test_runs_of_dagster_with_faults_tell_no_secret(account, tmp_path, signatures, said):
    """A capture and a load as the schedule starts them; their history is looked at."""
    whole = definitions(account.archive)
    with instance(account.archive) as history:
        capture = whole.resolve_job_def(CAPTURE_JOB)
        assert capture.execute_in_process(instance=history, partition_key=DAY).success
        assert whole.resolve_job_def(LOAD_JOB).execute_in_process(instance=history).success
    assert account.simulator.refused.total() >= len(FAULTS.first)
    files = nothing_is_told(tmp_path, signatures, said)
    assert files > 40
    assert [*(account.root / "dagster").rglob("*.db")], "the history of Dagster was looked at"
    assert any("FlowLimitExceeded" in record.getMessage() for record in said.records)


ECHOES = (
    "echo=refusal@action=DescribeLiveISPData",
    "echo=code@action=DescribeLiveEdgeStatData",
    "echo=page@action=DescribeLiveTopPlayData",
    "echo=redirect@action=DescribeLivePlayStatusCodeData",
    "echo=added",
)
"""Each spoils an action in its own way; all other answers are good, and quote the request as well."""


@pytest.fixture
def echoing(account):
    account.simulator.manners = ECHOES
    return account


def test_a_gateway_that_quotes_the_whole_request_leaves_nothing(
    call, echoing, tmp_path, signatures, said
):
    """In bodies, headers, refusals, pages and redirects; plain, in a URL, in base64."""
    outputs = []
    for words in (
        ("doctor",),
        ("backfill", "--from", DAY, "--to", DAY),
        ("status", "--json"),
        ("alarms",),
        ("verify",),
        ("query", "FROM ledger"),
    ):
        result = call(*words)
        assert result.exception is None or isinstance(result.exception, SystemExit), words
        outputs.append(result.output)
    assert echoing.simulator.refused["echo"] > 4
    assert "***" in outputs[1]
    nothing_is_told(tmp_path, signatures, said, *outputs)
    kept = [*(echoing.root / "raw").rglob(captures.RESPONSES)]
    assert any(b"***" in body for path in kept for body in readable(path)), "answers are kept so"


def test_a_run_of_dagster_leaves_nothing_of_what_a_gateway_quotes(
    echoing, tmp_path, signatures, said
):
    whole = definitions(echoing.archive)
    with instance(echoing.archive) as history:
        capture = whole.resolve_job_def(CAPTURE_JOB)
        done = capture.execute_in_process(instance=history, partition_key=DAY, raise_on_error=False)
        assert not done.success
    nothing_is_told(tmp_path, signatures, said)
    assert [*(echoing.root / "dagster").rglob("*.db")]


@pytest.mark.parametrize(
    "changes",
    [
        {"VOLC_SECRETKEY": "AnotherMarkedSecret"},
        {"VOLC_ACCESSKEY": "AKANOTHERMARKEDKEY"},
        {"VOLC_SESSION_TOKEN": "AnotherMarkedToken"},
    ],
    ids=["wrong secret", "wrong key", "expired token"],
)
def test_a_key_that_is_refused_is_not_repeated(changes, call, account, tmp_path, signatures, said):
    results = [
        call(*words, **changes)
        for words in (("backfill", "--from", DAY, "--to", DAY), ("doctor",), ("plan",))
    ]
    assert results[0].exit_code != 0
    errors = [repr(r.exception) + str(r.exception) for r in results if r.exception]
    outputs = [r.output for r in results]
    nothing_is_told(tmp_path, signatures, said, *outputs, *errors)
    wrong = next(iter(changes.values()))
    assert all(wrong not in text for text in (*outputs, *errors))
    assert all(wrong not in record.getMessage() for record in said.records)
    archive = Archive.open({**account.archive.environ, **changes}, tmp_path)
    with archive.capturing() as capturer, pytest.raises(FixSetup) as raised:
        capturer.client.call("DescribeLiveISPData", {})
    told = repr(raised.value) + str(raised.value) + repr(raised.value.__dict__)
    assert not any(secret in told for secret in (*SECRETS, wrong))


def test_objects_that_hold_secrets_do_not_show_them(account):
    with account.capturing() as capturer:
        shown = repr(capturer) + repr(capturer.client) + repr(capturer.client.__dict__)
    assert not any(secret in shown for secret in SECRETS)
