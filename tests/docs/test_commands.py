"""Every command that the documentation shows is run, in a small simulated archive.

What no test can run stands in `NOT_RUN` with its reason; commands of livestats among it are parsed.
"""

import ast
import re
import shlex
import subprocess
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import click
import duckdb
import pytest
import yaml

from pipelines.cli import main
from resources.api.catalog import DATASETS
from tests.support.doc_pages import PAGES, ROOT, anchors, shell_lines, without_fences
from tests.support.each import each
from tests.support.terminal_user import terminal

pytestmark = pytest.mark.slow

INLINE = re.compile(r"`(livestats [^`]+)`", re.DOTALL)
PLACEHOLDERS = {"DAY": "2026-11-20", "NAME": "edge_stat", "...": ""}
FOLLOWED = {
    "first-ten-minutes.md",
    "first-ten-minutes.zh-CN.md",
    "add-an-endpoint.md",
    "add-a-mart.md",
    "cuts.md",
}
"""Pages that a test of their own follows from the first command to the last."""

NOT_RUN = {
    r"make (demo|dev|test|test-scale|ui|superset|lint|lock|venv|test lint)( .*)?": "held by `make --dry-run` below",
    r"git clone .*|git pull && make venv|make -C .* venv": "needs the place it is cloned from",
    r"\. \.venv/bin/activate": "changes the reader's terminal only",
    r"useradd .*|install .*|cp .*|systemctl .*|chown .*|chgrp .*|chmod .*": "changes the system; commands of the units: below",
    r"docker compose .*": "needs a container engine; its commands: below",
    r"docker build .*|kubectl .*": "needs a container engine, or Kubernetes: test_deploy reads the files",
    r"rsync .*": "needs a second machine",
    r"zcat .*\$LIVESTATS_HOME.*": "needs log files: tests of resources/logs read them",
    r"(mkdir|mv|rm) .*\$LIVESTATS_HOME.*": "test_recovery does what the page says",
    r"python -m benchmarks\.\w+.*": "takes minutes; test_benchmarks runs their parts",
    r"(\.venv/bin/)?python -m pipelines\.docgen\.\w+": "writes into docs/; what it would write is tested",
    r"\.venv/bin/python -m pytest .*": "the tests; those of added things: test_extending",
    r"average Mbps = .*": "a formula",
    r"\{\"format\": .*\}": "a file, not a command",
    r"ATTACH .*|SELECT .*": "SQL: run below",
    r"(CREATE|GRANT|ALTER|DROP) .*;": "SQL of PostgreSQL, for tests/scale",
    r"livestats publish --to .*": "needs PostgreSQL or pyiceberg: tests/scale",
    r"livestats (ui|work) --accounts .*": "needs accounts: integration/test_several_accounts",
    r"livestats cold( --back .*)?": "needs an object store: tests/scale",
    r"livestats sync( --all)?": "needs an object store and PostgreSQL: tests/scale",
    r"\.venv/bin/python -m pip install .*": "changes the environment",
    r"(export )?[A-Z_]+[A-Z0-9_]*=\S+( [A-Z_]+=\S+)*": "variables of the terminal",
    r"livestats demo.*": "10 s: test_demo runs it",
    r"livestats simulate .*": "serves until Ctrl-C; test_manners starts every manner",
    r"livestats metrics --(serve|output) .*": "serves until Ctrl-C, or needs a folder of the node exporter: test_metrics",
    r"livestats probe --rate .*": "12 s: test_rate runs it without its waits",
    r"livestats superset --import .*": "needs Superset: test_superset_client",
    r"livestats ui --only 'web\|daemon\|code'": "three commands in one; deploy/ has them",
    r"livestats accept .*": "needs a suspect day: test_recovery does what the page says",
    r"livestats gone (DOMAIN(/APP/STREAM)?|edge_stat)( --undo)?": "needs one that lacks: test_recovery_messages and "
    "integration/test_incomplete_days do it",
    r"livestats (accept|backup|diff|query|work)": "the command's name, without what it needs",
}


def livestats_in(line):
    """The livestats commands of a line: also behind a path, in cron and after &&."""
    for found in re.findall(r"(?:^|[\s;&|(]|bin/)(livestats [a-z][^;&#]*)", line):
        words = [PLACEHOLDERS.get(w, w) for w in shlex.split(found, comments=True)]
        if len(words) > 1 and re.fullmatch("[a-z]+", words[1]):
            yield shlex.join(word for word in words if word)


def shown(page):
    """Every livestats command of a page."""
    for line in shell_lines(page):
        yield from livestats_in(line)
    for found in INLINE.findall(without_fences(page.read_text("utf-8"))):
        yield from livestats_in(found.replace("\n", " "))


def is_not_run(line):
    return any(re.fullmatch(pattern, line) for pattern in NOT_RUN)


CASES = [(page.name, command) for page in PAGES for command in dict.fromkeys(shown(page))]
COMMANDS_SHOWN = sorted({command for page, command in CASES if page not in FOLLOWED})

# Commands that ask much of the API are run on an archive of few datasets; those that only read, on
# one that has them all.
ASKING = re.compile(r"livestats (backfill|replay|publish)\b")
JUDGING = re.compile(r"livestats (account|alarms|diff|doctor|plan|status)\b")
"""They end with 1 where something is missing or wrong, which it is here and there: an answer, too."""
NOTHING_YET = re.compile(r"FROM (revisions|ledger|reconciliation WHERE)|bill_of_a_month")
FEW = ("domain", "region", "isp", "edge_stat", "batch_stream_traffic")


@contextmanager
def robot():
    """Somebody who takes alarms."""

    class Robot(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Robot) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def archive(folder, *names):
    """A terminal beside an archive of one day; of all datasets if none are named."""
    with terminal(folder) as me, robot() as url:
        me.export(me.run("livestats simulate")[0])
        me.environ |= {
            "LIVESTATS_API_URL": me.simulator.url,
            "LIVESTATS_FIRST_DAY": "2026-11-01",
            "LIVESTATS_ALERT_WEBHOOK": url,
        }
        (folder / "question.sql").write_text("SELECT getvariable('month') AS month")
        (folder / "contracts.csv").write_text("domain,price\npull-1.sim.example,12.5\n")
        if names:
            off = [name for name in DATASETS if name not in names]
            (folder / "livestats.toml").write_text(f"[datasets]\noff = {off}\n")
        said, code = me.run("livestats backfill --from 2026-11-19 --to 2026-11-19")
        assert code == 0, said
        yield me


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    with archive(tmp_path_factory.mktemp("whole") / "me") as found:
        yield found


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    with archive(tmp_path_factory.mktemp("few") / "me", *FEW) as found:
        yield found


def test_the_pages_show_commands():
    names = {page.name for page in PAGES}
    assert {"README.md", "operating.md", "recovery.md", "faq.md"} <= {name for name, _ in CASES}
    assert names >= FOLLOWED


@each("page, command", CASES, lambda page, command: f"{page}: {command}")
def test_a_command_that_is_shown_can_be_called_like_that(page, command):
    name, *rest = shlex.split(command)[1:]
    found = main.get_command(click.Context(main), name)
    assert found is not None, f"{page} shows livestats {name}"
    found.make_parser(click.Context(found)).parse_args(rest)


@pytest.mark.parametrize(
    "command", [c for c in COMMANDS_SHOWN if not ASKING.match(c) and not is_not_run(c)]
)
def test_a_command_that_is_shown_answers(whole, command):
    assert_answers(whole, command)


@pytest.mark.parametrize(
    "command", [c for c in COMMANDS_SHOWN if ASKING.match(c) and not is_not_run(c)]
)
def test_a_command_that_is_shown_does_what_it_says(few, command):
    assert_answers(few, command)


def assert_answers(me, command):
    said, code = me.run(command.replace("/srv/livestats", str(me.folder / "srv")))
    if command.startswith("livestats init"):
        (me.folder / "livestats.toml").unlink()  # or the next one finds it there
    assert code == 0 or (code == 1 and JUDGING.match(command)), said
    assert "Failed:" not in said
    assert "No rows." not in said or NOTHING_YET.search(command)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_other_line_is_known(page):
    """A line that is neither run nor in NOT_RUN was never tried."""
    unknown = [
        line for line in shell_lines(page) if not [*livestats_in(line)] and not is_not_run(line)
    ]
    assert unknown == []


def test_every_reason_not_to_run_is_needed():
    lines = [line for page in PAGES for line in shell_lines(page)]
    lines += [command for _, command in CASES]
    unused = [p for p in NOT_RUN if not any(re.fullmatch(p, line) for line in lines)]
    assert unused == []


def test_make_knows_every_target_that_is_shown():
    texts = [page.read_text("utf-8") for page in PAGES]
    targets = {t for text in texts for t in re.findall(r"(?:`| {4}|&& |\$ )make ([a-z]+)", text)}
    assert {"venv", "demo", "test", "superset"} <= targets
    for target in sorted(targets):
        done = subprocess.run(
            ["make", "--dry-run", target],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def test_every_module_that_is_shown_can_be_started():
    texts = [page.read_text("utf-8") for page in PAGES]
    modules = {m for text in texts for m in re.findall(r"python -m ((?:\w+\.)+\w+)", text)}
    assert len(modules) >= 6
    for name in sorted(modules):
        spec = find_spec(name)
        assert spec is not None, name
        path = Path(spec.origin)
        path = path.with_name("__main__.py") if path.name == "__init__.py" else path
        tree = ast.parse(path.read_text("utf-8"))
        assert any(isinstance(node, ast.If) for node in tree.body), f"{path} does nothing"


def test_services_and_containers_call_commands_that_there_are():
    units = [path.read_text("utf-8") for path in (ROOT / "deploy" / "systemd").iterdir()]
    words = [
        line.split()[1:] for text in units for line in re.findall("^ExecStart=(.+)$", text, re.M)
    ]
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
    words += [service["command"] for service in compose["services"].values()]
    assert len(words) == 6
    for name, *rest in words:
        found = main.get_command(click.Context(main), name)
        found.make_parser(click.Context(found)).parse_args(rest)


def test_the_sql_that_asks_several_archives_answers(whole):
    lines = [line for page in PAGES for line in shell_lines(page)]
    statements = [line for line in lines if re.match("ATTACH|SELECT", line)]
    copy = whole.folder / "simulated" / "served" / "livestats.duckdb"
    with duckdb.connect() as connection:
        for statement in statements:
            found = re.sub(r"'/srv/\w+/served/livestats.duckdb'", f"'{copy.resolve()}'", statement)
            if "bolt" in found and found.startswith("ATTACH"):
                # One process cannot attach one file twice; a copy stands for the other account.
                other = whole.folder / "bolt.duckdb"
                other.write_bytes(copy.read_bytes())
                found = found.replace(str(copy.resolve()), str(other))
            rows = connection.execute(found).fetchall()
    assert {row[0] for row in rows} == {"acme", "bolt"}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    missing = []
    for target in re.findall(r"\]\(([^)\s]+)\)", without_fences(page.read_text("utf-8"))):
        if target.startswith(("http:", "https:", "data:")):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            missing.append(target)
    assert missing == []
