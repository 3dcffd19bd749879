"""To add an endpoint is to add one entry to the catalogue: all the rest follows from it.

The checkout is copied, one entry is appended, and everything else is asked for what it makes of it.
"""

import json
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
ENTRY = """

_LAG_ROWS, _LAG_SPLIT = series(
    "LagDetailDataList",
    "LagDataList",
    split_labels("Domain"),
    (
        SLOT,
        count("Viewers", "viewers", "viewers", "Viewers that waited in the slot."),
        measure("Lag", "lag_s", "s", "Mean time that they waited.", factor=0.001),
    ),
)
LAG = Endpoint(
    action="DescribeLiveLagData",
    parameters=(DOMAINS, START, END, aggregation(300, default=300), detail("Domain")),
    spans=(Span(bucket_s=300, longest=DAY),),
    history=YEAR,
    rows=_LAG_ROWS,
    split_rows=_LAG_SPLIT,
)
DATASETS = (
    *DATASETS,
    Dataset(
        name="lag",
        endpoint=LAG,
        scope=Scope.DOMAINS,
        role=Role.PULL,
        bucket_s=300,
        split=("Domain",),
        key=("domain", "slot_start_at"),
        description="How long viewers waited, by domain, every 5 minutes.",
    ),
)
"""
USE = """
import json, sys
from datetime import date, datetime, timedelta
from pathlib import Path
from pipelines import backfill
from resources import dictionary
from resources.api.simulator import Account, Simulator
from resources.archive import Archive

now = datetime.fromisoformat("2026-11-22T12:00:00+08:00")
day = date(2026, 11, 21)
found = {}
with Simulator(Account(domains=2, streams_per_domain=2, deleted=0), rate=None, clock=lambda: now) as sim:
    archive = Archive.open({
        "LIVESTATS_API_URL": sim.url, "LIVESTATS_HOME": sys.argv[1],
        "LIVESTATS_FIRST_DAY": "2026-11-21", "LIVESTATS_NOW": now.isoformat(),
        "LIVESTATS_CALLS_PER_SECOND": "none",
        "VOLC_ACCESSKEY": sim.credentials.access_key, "VOLC_SECRETKEY": sim.credentials.secret_key,
    }, Path(sys.argv[1]).parent)
    summary = backfill.run(archive, backfill.plan(archive, day, day, ("lag",)), lambda _: None)
    found["complete"] = summary.is_complete
    start = datetime.fromisoformat("2026-11-21T00:00:00+08:00")
    found["truth"] = sim.truth("DescribeLiveLagData", {
        "DomainList": ["pull-1.sim.example", "pull-2.sim.example"], "Aggregation": 300,
        "DetailField": ["Domain"]}, start, start + timedelta(days=1))
    found["actions"] = dict(sim.calls)
with archive.reading() as db:
    found["rows"] = db.execute(
        "SELECT domain, epoch(slot_start_at)::BIGINT, slot_seconds, viewers, lag_s FROM lag "
        "ORDER BY ALL").fetchall()
    found["comments"] = db.execute(
        "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'lag'").fetchall()
    found["ledger"] = db.execute("SELECT state FROM ledger WHERE dataset = 'lag' AND business_date = '2026-11-21'").fetchall()
from pipelines.definitions import definitions
graph = definitions(archive).resolve_asset_graph()
found["assets"] = {
    key.to_user_string(): sorted(parent.to_user_string() for parent in graph.get(key).parent_keys)
    for key in graph.get_all_asset_keys() if key.path[-1] == "lag"}
found["dictionary"] = [table for table in dictionary.tables() if table["table"] == "lag"]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What a checkout with the entry says."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("assets", "pipelines", "resources"):
        shutil.copytree(CHECKOUT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    usage = copy / "resources" / "api" / "catalogue" / "usage.py"
    usage.write_text(usage.read_text("utf-8") + ENTRY, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", USE, str(tmp_path_factory.mktemp("new") / "home")],
        cwd=copy, env={"PYTHONPATH": str(copy)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_it_is_captured(found):
    assert found["complete"]
    assert found["ledger"] == [["captured"]]
    assert found["actions"]["DescribeLiveLagData"] == 1


def test_its_rows_are_those_of_the_account(found):
    expected = [
        [
            row["Domain"],
            int(datetime.fromisoformat(row["TimeStamp"]).timestamp()),
            300,
            row["Viewers"],
            pytest.approx(row["Lag"] * 0.001),
        ]
        for row in found["truth"]
    ]
    assert len(expected) == 2 * 288
    assert found["rows"] == sorted(expected, key=lambda row: row[:2])


def test_its_assets_stand_in_the_graph(found):
    assert found["assets"] == {"lake/lag": ["lake/domain"], "warehouse/lag": ["lake/lag"]}


def test_its_table_is_described(found):
    comments = dict(found["comments"])
    assert comments["lag_s"] == "Mean time that they waited. Unit: s. API: Lag."
    (table,) = found["dictionary"]
    assert (table["action"], table["key"]) == ("DescribeLiveLagData", ["domain", "slot_start_at"])
    (lag,) = [column for column in table["columns"] if column["name"] == "lag_s"]
    assert (lag["field"], lag["unit"], lag["factor"]) == ("Lag", "s", 0.001)
