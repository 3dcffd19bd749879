"""`livestats metrics`: as text, as a file of the node exporter, over HTTP."""

import json
import re
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from pipelines.cli import main, metrics
from tests.support.archives import lab

ROOT = Path(__file__).resolve().parents[4]
PAGE = ROOT / "docs" / "monitoring.md"
DASHBOARD = ROOT / "deploy" / "grafana" / "livestats.json"


@pytest.fixture(scope="module")
def environ(tmp_path_factory):
    """The environment of an archive that was begun, without any day."""
    with lab(tmp_path_factory.mktemp("metrics") / "home") as usual:
        found = usual.with_(LIVESTATS_FIRST_DAY="2026-11-20")
        found.archive.home.prepare(found.archive.settings, found.archive.now())
        yield dict(found.archive.environ)


def run(environ, *words):
    return CliRunner().invoke(main, ["metrics", *map(str, words)], env=environ)


def test_the_figures_are_printed(environ):
    result = run(environ)
    assert result.exit_code == 0, result.output
    assert 'livestats_days{dataset="edge_stat",state="missing"} 2' in result.stdout.splitlines()


def test_samples_of_several_accounts_can_be_told_apart(environ):
    lines = run(environ, "--account", "acme").stdout.splitlines()
    samples = [line for line in lines if not line.startswith("#")]
    assert all('account="acme"' in line for line in samples)
    assert 'livestats_days{dataset="edge_stat",state="missing",account="acme"} 2' in samples


def test_the_page_explains_every_metric(environ):
    told = set(
        re.findall(r"`(livestats_\w+)`", PAGE.read_text("utf-8").partition("```yaml\n# alerts")[0])
    )
    assert told == set(re.findall(r"^# TYPE (\w+)", run(environ).stdout, re.MULTILINE))


def test_dashboard_and_alerts_ask_for_metrics_that_there_are(environ):
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += re.findall(r"expr: (.*)", PAGE.read_text("utf-8"))
    assert len(asked) >= 12
    named = {name for expression in asked for name in re.findall(r"livestats_\w+", expression)}
    assert named <= set(re.findall(r"^# TYPE (\w+)", run(environ).stdout, re.MULTILINE))
    places = [(one["gridPos"]["x"], one["gridPos"]["y"]) for one in dashboard["panels"]]
    assert len({*places}) == len(places) == len({one["id"] for one in dashboard["panels"]})


def test_the_file_is_replaced_whole_and_others_can_read_it(environ, tmp_path):
    path = tmp_path / "livestats.prom"
    path.write_text("old")
    result = run(environ, "--output", path)
    assert (result.exit_code, result.output) == (0, "")
    assert path.read_text("utf-8").startswith("# HELP livestats_info")
    assert path.stat().st_mode & 0o777 == 0o644
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--output", "figures.txt"], "end with .prom"),
        (["--output", "none/a.prom"], "no folder none"),
        (["--output", "a.prom", "--serve", "0"], "not both"),
    ],
)
def test_wrong_use_is_told(environ, words, told):
    result = run(environ, *words)
    assert result.exit_code == 2
    assert told in result.output


def test_without_an_archive_the_next_step_is_told(tmp_path):
    result = run({"LIVESTATS_HOME": str(tmp_path / "none")})
    assert result.exit_code == 2
    assert "Run `livestats backfill`" in result.output


@pytest.fixture
def url():
    """A server of metrics."""
    with ThreadingHTTPServer(("127.0.0.1", 0), metrics.Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_prometheus_is_answered(url, environ, monkeypatch):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    found = requests.get(f"{url}/metrics", timeout=30)
    assert (found.status_code, found.headers["Content-Type"][:24]) == (
        200,
        "text/plain; version=0.0.",
    )
    assert "livestats_alarms" in found.text
    assert requests.get(url, timeout=30).status_code == 404


def test_what_is_wrong_is_told_to_prometheus_too(url, monkeypatch, tmp_path):
    monkeypatch.setenv("LIVESTATS_HOME", str(tmp_path / "none"))
    found = requests.get(f"{url}/metrics", timeout=30)
    assert (found.status_code, "livestats backfill" in found.text) == (503, True)


def test_a_port_in_use_is_told(environ, url):
    result = run(environ, "--serve", url.rpartition(":")[2])
    assert result.exit_code == 2
    assert "Address already in use" in result.output
