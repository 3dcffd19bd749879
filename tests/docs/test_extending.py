"""docs/add-an-endpoint.md and docs/add-a-mart.md, followed literally in a copy of the checkout.

Beside the page's endpoint the copy has those of more_endpoints, written as the page writes its own: they have
other shapes, and a test that takes the set of endpoints for granted fails with them.

The blocks are put where the pages say, the commands are run, and what comes of an entry of the
catalog and of one file of SQL is looked at: rows, comments, ledger, assets, dictionary.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from textwrap import indent

import pytest

from tests.support.doc_pages import shell_lines

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = [CHECKOUT / "docs" / name for name in ("add-an-endpoint.md", "add-a-mart.md")]
FOLDERS = ("assets", "benchmarks", "bi", "deploy", "docs", "pipelines", "resources", "tests")
MORE = sorted((CHECKOUT / "tests" / "docs" / "more_endpoints").glob("*.md"))
BLOCK = re.compile(
    r"In\s`(?P<path>[\w/.]+)`, (?P<place>a new file|at the end|before `\w+`|as the last of `\w+`):\n\n"
    r"```\w+\n(?P<text>.*?)^```",
    re.DOTALL | re.MULTILINE,
)
OF_THE_CATALOG = (
    *("tests/unit/api", "tests/unit/assets", "tests/unit/i18n", "tests/unit/ledger"),
    *("tests/unit/simulator", "tests/unit/warehouse", "tests/docs"),
    "--ignore=tests/docs/test_deploy.py",  # asks git, and nothing of the catalog
    "tests/integration/test_made_up_answers.py",
    "tests/integration/test_second_server.py::test_every_dataset_has_a_truth",
    "tests/integration/test_second_server.py::test_every_action_is_one_of_the_second_server",
)
"""Where tests run over every entry: of these the fast ones."""
USE = """
import json, shlex, sys
from datetime import datetime, timedelta
from pathlib import Path
from click.testing import CliRunner
from pipelines.cli import main
from resources.lake import parquet
from resources.simulator import Account, Simulator
from resources.archive import Archive

home, commands = sys.argv[1], json.loads(sys.argv[2])
now = datetime.fromisoformat("2026-11-22T12:00:00+08:00")
found = {"said": {}}
with Simulator(Account(domains=1, streams_per_domain=1, deleted=0), rate=None, clock=lambda: now) as sim:
    environ = {
        "LIVESTATS_API_URL": sim.url, "LIVESTATS_HOME": home, "LIVESTATS_NOW": now.isoformat(),
        "LIVESTATS_FIRST_DAY": "2026-11-20", "LIVESTATS_CALLS_PER_SECOND": "none",
        "VOLC_ACCESSKEY": sim.credentials.access_key, "VOLC_SECRETKEY": sim.credentials.secret_key,
    }
    for command in ["backfill --dataset edge_stat --from 2026-11-20", *commands]:
        result = CliRunner().invoke(main, shlex.split(command), env=environ)
        assert result.exit_code == 0, (command, result.output, result.exception)
        found["said"][command] = result.stdout
    days = [datetime.fromisoformat(f"2026-11-{day}T00:00:00+08:00") for day in (20, 21)]
    found["truth"] = [row for day in days for row in sim.truth("DescribeLiveSourceBandwidthData", {
        "DomainList": ["pull-1.sim.example", "push-1.sim.example"], "Aggregation": 300,
        "DetailField": ["Domain"]}, day, day + timedelta(days=1))]
    found["calls"] = sim.calls["DescribeLiveSourceBandwidthData"]
archive = Archive.open(environ, Path(home).parent)
made = sorted(archive.home.lake.glob("source_bandwidth/*/" + parquet.FILE))
found["disagreeing"] = [parquet.provenance_of(path).disagreeing for path in made]
with archive.reading() as db:
    def ask(sql):
        return db.execute(sql).fetchall()
    found["rows"] = ask("SELECT domain, epoch(slot_start_at)::BIGINT, slot_seconds, origin_peak_mbps "
                        "FROM source_bandwidth ORDER BY ALL")
    found["ledger"] = ask("SELECT state FROM ledger WHERE dataset = 'source_bandwidth' AND business_date < '2026-11-22'")
    found["comments"] = {f"{t}.{c}": text for t, c, text in ask(
        "SELECT table_name, column_name, comment FROM duckdb_columns()")}
    found["relations"] = dict(ask(
        "SELECT table_name, comment FROM duckdb_tables() UNION ALL "
        "SELECT view_name, comment FROM duckdb_views()"))
    found["mart"] = ask("SELECT domain, hour_of_day, avg_down_mbps, peak_down_mbps, days "
                        "FROM traffic_by_hour_of_day ORDER BY ALL")
    found["edge"] = ask("SELECT domain, hour(timezone('Asia/Shanghai', slot_start_at)), "
                        "slot_seconds, sum(down_traffic_bytes) FROM edge_stat "
                        "GROUP BY domain, slot_start_at, slot_seconds ORDER BY ALL")
from pipelines.definitions import definitions
graph = definitions(archive).resolve_asset_graph()
found["parents"] = {
    key.to_user_string(): sorted(parent.to_user_string() for parent in graph.get(key).parent_keys)
    for key in graph.get_all_asset_keys()}
print(json.dumps(found))
"""


def put(root, path, place, text):
    """One block of a page into the file that the page names."""
    file = root / path
    if place == "a new file":
        assert not file.exists(), f"{path} is there already: the page needs another example"
        file.write_text(text, "utf-8")
        return
    if place == "at the end":
        file.write_text(file.read_text("utf-8").rstrip() + "\n" + text, "utf-8")
        return
    before, _, name = place.partition(" `")
    name = name.removesuffix("`")
    old = file.read_text("utf-8")
    start = re.search(rf"^{name}\b.*= [({{]$", old, re.MULTILINE).start()
    at = start if before == "before" else re.compile(r"^[)}]$", re.MULTILINE).search(old, start)
    at = at if isinstance(at, int) else at.start()
    if before != "before":
        text = indent(text.rstrip().removesuffix(",") + ",\n", "    ")
    file.write_text(old[:at] + text + ("\n" if before == "before" else "") + old[at:], "utf-8")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the checkout to which both pages are applied."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in FOLDERS:
        shutil.copytree(CHECKOUT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in CHECKOUT.iterdir():
        if file.is_file() and file.name != ".git":  # which it is in a worktree
            shutil.copy(file, copy)
    blocks = [
        found for page in (*PAGES, *MORE) for found in BLOCK.finditer(page.read_text("utf-8"))
    ]
    assert len(blocks) == 10 + 19
    for found in blocks:
        put(copy, **found.groupdict())
    return copy


def run(checkout, *words):
    done = subprocess.run(
        [sys.executable, *words],
        cwd=checkout, env={"PYTHONPATH": str(checkout)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def commands(program):
    """The lines of both pages that call `program`, without it."""
    lines = [line for page in PAGES for line in shell_lines(page)]
    return [line.removeprefix(program) for line in lines if line.startswith(program)]


@pytest.fixture(scope="module")
def found(checkout, tmp_path_factory):
    """What the copy says after the commands of both pages."""
    home = tmp_path_factory.mktemp("new") / "home"
    said = run(checkout, "-c", USE, str(home), json.dumps(commands("livestats ")))
    return json.loads(said.splitlines()[-1])


def test_the_commands_of_the_pages_answer(found):
    assert len(found["said"]) == 7
    for command, said in found["said"].items():
        assert "No rows." not in said, command
    shown = "".join(found["said"].values())
    assert "Highest from the origin." in shown
    assert "Highest 5-minute average." in shown


def test_the_tests_that_the_pages_name_hold_what_was_added(made):
    """And find something to hold."""
    lines = [shlex.split(line) for line in commands(".venv/bin/python -m pytest ")]
    for words in lines:
        said = run(made, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *words)
        assert re.search(r"^\d+ passed", said, re.MULTILINE), said
    assert len(lines) == 2


def test_all_that_depends_on_the_catalog_holds_without_another_change(made):
    said = run(
        made,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-m",
        "not slow and not scale",
        *OF_THE_CATALOG,
    )
    assert re.search(r"^\d+ passed", said, re.MULTILINE), said


@pytest.fixture(scope="module")
def made(checkout):
    """The copy after its pages were made anew."""
    for line in sorted(set(commands(".venv/bin/python -m pipelines."))):
        run(checkout, "-m", f"pipelines.{line}")
    return checkout


def test_the_pages_that_are_made_know_them(made):
    assert "| `source_bandwidth` | Bandwidth from the origins by domain" in (
        made / "README.md"
    ).read_text("utf-8")
    dictionary = (made / "docs" / "dictionary.md").read_text("utf-8")
    assert "Highest from the origin." in dictionary
    assert "traffic_by_hour_of_day" in dictionary


def test_a_new_endpoint_is_captured_with_the_rows_of_the_account(found):
    expected = sorted(
        [
            row["Domain"],
            int(datetime.fromisoformat(row["TimeStamp"]).timestamp()),
            300,
            row["Bandwidth"],
        ]
        for row in found["truth"]
    )
    assert len(expected) == 2 * 2 * 288
    assert found["rows"] == expected
    assert found["ledger"] == [["captured"]] * 2
    assert found["calls"] == 2  # a day in one request
    assert found["disagreeing"] == [[], []], "totals are those of the rows"


def test_a_new_endpoint_has_assets_comments_and_a_ledger(found):
    assert found["parents"]["lake/source_bandwidth"] == ["lake/domain"]
    assert found["parents"]["warehouse/source_bandwidth"] == ["lake/source_bandwidth"]
    assert found["comments"]["source_bandwidth.origin_peak_mbps"] == (
        "Highest from the origin. Unit: Mbps. API: Bandwidth."
    )
    assert found["relations"]["source_bandwidth"].startswith("Bandwidth from the origins by domain")


def test_a_new_mart_is_made_with_its_comments_and_stands_in_the_graph(found):
    assert found["relations"]["traffic_by_hour_of_day"].startswith("When a domain is busy:")
    assert found["comments"]["traffic_by_hour_of_day.avg_down_mbps"] == (
        "Average over all captured days; slots without a row count as 0. Unit: Mbps."
    )
    assert found["parents"]["marts/traffic_by_hour_of_day"] == ["marts/bandwidth_5min"]


def test_a_new_mart_says_what_its_columns_promise(found):
    expected = {}
    for domain, hour, seconds, traffic_bytes in found["edge"]:
        total, peak = expected.get((domain, hour), (0.0, 0.0))
        mbps = traffic_bytes * 8 / seconds / 1e6
        expected[domain, hour] = total + traffic_bytes * 8 / 1e6, max(peak, mbps)
    assert len(expected) == 2 * 24
    assert [(domain, hour) for domain, hour, *_ in found["mart"]] == sorted(expected)
    for domain, hour, average, peak, days in found["mart"]:
        total, highest = expected[domain, hour]
        assert average == pytest.approx(total / 3600 / 2, rel=1e-6)
        assert peak == pytest.approx(highest, rel=1e-6)
        assert days == 2
