"""`livestats superset`: the file, and what is said of a Superset that refuses, fails, or has no rows.

The last test talks to a real Superset, if one is named: `make superset` starts one; then
SUPERSET_URL=http://127.0.0.1:8088 SUPERSET_PASSWORD=... make test ARGS="-k superset"
"""

import json
import os
import threading
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.superset.bundle import bundle, zipped
from pipelines.superset.client import SupersetError, signed_in
from pipelines.superset.documents import Source
from pipelines.superset.tables import served_tables
from pipelines.superset.tabs import TITLE, may_be_empty
from resources.i18n import say
from resources.simulator import Account
from tests.support.archives import environment, lab

pytestmark = pytest.mark.slow

REAL = os.environ.get("SUPERSET_URL")
SECRET = "hunter2-and-more"
ACCOUNT = Account(domains=1, streams_per_domain=1, deleted=0, audience=0.05)
CHARTS = [{"id": 7, "slice_name": "Traffic"}, {"id": 8, "slice_name": "Viewers"}]


@dataclass
class Pretended:
    """A stand-in for Superset: answers by method and path, and remembers what came."""

    url: str = ""
    answers: dict = field(default_factory=dict)  # "GET /path" -> (status, content)
    asked: list = field(default_factory=list)  # (method, path, headers, body)


@contextmanager
def pretended(**changes):
    """A Superset on a loopback port; `changes` are answers by the last word of the path."""
    usual = {
        "login": (200, {"access_token": "token"}),
        "csrf_token": (200, {"result": "guard"}),
        "import": (200, {"message": "OK"}),
        "dashboard": (200, {"result": {"url": "/superset/dashboard/livestats-live-overview/"}}),
        "charts": (200, {"result": CHARTS}),
        "data": (200, {"result": [{"rowcount": 3, "error": None}]}),
    } | changes
    found = Pretended(answers=usual)

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found.asked.append((self.command, self.path, dict(self.headers), body))
            words = [w for w in self.path.partition("?")[0].split("/") if w]
            word = words[-1] if words[-1] in usual else words[-2]
            status, content = usual[word]
            text = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """One domain and day, all datasets."""
    with lab(tmp_path_factory.mktemp("bi") / "home", ACCOUNT) as found:
        found.backfill([date(2026, 11, 21)])
        yield found


@pytest.fixture
def run(archive, tmp_path, monkeypatch):
    """Runs the command in an empty folder, on that archive."""
    monkeypatch.chdir(tmp_path)

    def call(*words, password=SECRET):
        environ = environment(archive.simulator, archive.root)
        environ["SUPERSET_PASSWORD"] = password
        return CliRunner().invoke(main, ["superset", *words], env=environ)

    return call


# The file ----------------------------------------------------------------------------------------


def test_without_more_words_the_file_is_written(run, tmp_path, archive):
    result = run()
    assert result.exit_code == 0, result.output
    (made,) = tmp_path.iterdir()
    assert made.name == "livestats-superset.zip"
    assert "Written: livestats-superset.zip" in result.output
    with zipfile.ZipFile(made) as found:
        text = found.read("livestats/databases/livestats.yaml").decode()
    # The link, not the copy that it leads to today.
    assert f"duckdb:///{archive.archive.home.served.absolute()}\n" in text


def test_the_path_may_be_that_of_a_container(run, tmp_path):
    assert run("--path", "/data/livestats.duckdb", "--output", "one.zip").exit_code == 0
    with zipfile.ZipFile(tmp_path / "one.zip") as found:
        text = found.read("livestats/databases/livestats.yaml").decode()
    assert "duckdb:////data/livestats.duckdb\n" in text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--name", " "], "--name is empty"),
        (["--path", "served/livestats.duckdb"], "absolute path on the Superset server"),
    ],
)
def test_what_superset_could_not_find_is_refused(run, tmp_path, words, told):
    result = run(*words)
    assert result.exit_code == 2
    assert told in result.output
    assert not [*tmp_path.iterdir()]


def test_programs_are_told_what_is_in_the_file(run):
    found = json.loads(run("--json").stdout)
    assert found["file"] == "livestats-superset.zip"
    assert "billing_monthly_account" in found["tables"]


def test_without_a_served_copy_the_way_to_it_is_told(tmp_path):
    result = CliRunner().invoke(main, ["superset"], env={"LIVESTATS_HOME": str(tmp_path / "none")})
    assert result.exit_code == 2
    assert "livestats backfill" in result.output


# Importing ---------------------------------------------------------------------------------------


def test_what_is_imported_is_asked_chart_by_chart(run, tmp_path):
    with pretended() as superset:
        result = run("--import", superset.url)
    assert result.exit_code == 0, result.output
    assert f"{superset.url}/superset/dashboard/livestats-live-overview/" in result.output
    assert "Traffic" in result.output
    assert [*tmp_path.iterdir()] == []  # no file is asked for
    paths = [path for _, path, *_ in superset.asked]
    assert paths[:3] == [
        "/api/v1/security/login", "/api/v1/security/csrf_token/", "/api/v1/assets/import/",
    ]  # fmt: skip
    assert paths[-2:] == ["/api/v1/chart/7/data/?force=true", "/api/v1/chart/8/data/?force=true"]
    for _, _, headers, _ in superset.asked[2:]:
        assert headers["Authorization"] == "Bearer token"
        assert headers["X-CSRFToken"] == "guard"


def test_programs_get_the_answer_as_json(run):
    with pretended() as superset:
        result = run("--import", superset.url, "--json")
    found = json.loads(result.stdout)
    assert found["dashboard"].startswith(superset.url)
    assert found["charts"][0] == {"chart": "Traffic", "rows": 3, "error": None}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((200, {"result": [{"rowcount": 0, "error": None}]}), "2 of 2 charts without data"),
        ((200, {"result": [{"rowcount": 0, "error": "no such table"}]}), "no such table"),
        ((400, {"message": "Error: cannot open the file"}), "cannot open the file"),
    ],
    ids=["no rows", "an error in the answer", "a refusal"],
)
def test_a_chart_without_data_is_a_failure(run, answer, said):
    with pretended(data=answer) as superset:
        result = run("--import", superset.url)
    assert result.exit_code == 1
    assert said in result.output


def test_a_chart_that_is_empty_as_nothing_was_interrupted_is_none(run):
    charts = [{"id": 7, "slice_name": "Why pushes were interrupted"}]
    nothing = (200, {"result": [{"rowcount": 0, "error": None}]})
    with pretended(charts=(200, {"result": charts}), data=nothing) as superset:
        result = run("--import", superset.url)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"login": (401, {"message": "Not authorized"})}, "Signing in as admin failed"),
        ({"login": (502, b"<html>Bad gateway")}, "502: Bad Gateway. See its own log"),
        (
            {"import": (422, {"errors": [{"message": "Error importing assets",
                                          "extra": {"charts/a.yaml": "Missing", "issue_codes": 1}}]})},
            'Error importing assets {"charts/a.yaml": "Missing"}',
        ),
        ({"import": (500, {"message": "Fatal error"})}, "POST /api/v1/assets/import/"),
    ],
    ids=["wrong password", "a proxy", "a refused document", "a failure"],
)  # fmt: skip
def test_a_refusal_is_told_with_its_reason_and_without_the_password(run, answers, said):
    with pretended(**answers) as superset:
        result = run("--import", superset.url)
    assert result.exit_code == 2
    assert result.output.startswith("Error: ") or "\nError: " in result.output
    assert said in result.output
    assert SECRET not in result.output


def test_where_nothing_answers_that_is_told(run):
    with pretended() as superset:
        gone = superset.url
    result = run("--import", gone)
    assert result.exit_code == 2
    assert f"{gone} does not answer" in result.output
    assert "Is Superset running there?" in result.output
    assert SECRET not in result.output


def test_the_password_is_asked_for_if_it_is_not_in_the_environment(archive, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    environ = environment(archive.simulator, archive.root) | {"SUPERSET_PASSWORD": ""}
    with pretended() as superset:
        result = CliRunner().invoke(
            main, ["superset", "--import", superset.url], env=environ, input=f"{SECRET}\n"
        )
        (_, _, _, body), *_ = superset.asked
    assert result.exit_code == 0, result.output
    assert json.loads(body)["password"] == SECRET
    assert SECRET not in result.output


def test_no_error_holds_the_password():
    with (
        pretended(login=(401, {"message": "no"})) as superset,
        pytest.raises(SupersetError) as caught,
        signed_in(superset.url, "admin", SECRET),
    ):
        pass
    error = caught.value
    while error is not None:
        assert SECRET not in repr(error)
        error = error.__cause__


# A real one --------------------------------------------------------------------------------------


@pytest.mark.skipif(not REAL, reason="set SUPERSET_URL to ask a real Superset")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_real_superset_shows_the_rows_and_takes_the_bundle_twice(archive, language):
    """All charts have rows; importing again updates, after a change in the place of the first."""
    title = say("Traffic", language)
    path = str(archive.archive.home.served.absolute())
    source = Source(
        name=f"livestats test {language}", path=path, time_zone="Asia/Shanghai", language=language
    )
    with archive.archive.reading() as connection:
        tables = served_tables(connection)
    documents = bundle(source, tables)
    uuid = str(source.uuid("dashboard", TITLE))
    with signed_in(
        REAL, os.environ.get("SUPERSET_USER", "admin"), os.environ["SUPERSET_PASSWORD"]
    ) as found:
        found.import_bundle(zipped(documents))
        first = {chart["slice_name"]: chart["id"] for chart in found.charts(uuid)}
        assert [
            a
            for a in found.answers(uuid)
            if a.error or not (a.rows or a.chart in may_be_empty(language))
        ] == []
        (changed,) = [d for d in documents.values() if d.get("slice_name") == title]
        changed["description"] = "Changed."
        found.import_bundle(zipped(documents))
        second = {chart["slice_name"]: chart for chart in found.charts(uuid)}
        assert {name: chart["id"] for name, chart in second.items()} == first
        assert (
            found.request("GET", f"/api/v1/chart/{first[title]}")["result"]["description"]
            == "Changed."
        )
        archive.backfill([date(2026, 11, 20), date(2026, 11, 21)])  # a new copy, while it is open
        (traffic,) = [a for a in found.answers(uuid) if a.chart == title]
        assert traffic.rows == 2
