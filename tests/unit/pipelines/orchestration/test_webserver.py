"""Dagster's own web server: what a foreign page can do to it without the guard, and nothing with it."""

import asyncio
import json
from urllib.parse import quote

import dagster as dg
import pytest
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster_webserver.app import create_app_from_workspace_process_context

from pipelines.orchestration import webserver
from pipelines.orchestration.dagster_internals import WorkspaceProcessContext
from pipelines.orchestration.guard import Guard

REPORT = "/report_asset_materialization/lake/domain"
READ = "{ version }"
WIPE = 'mutation { setConcurrencyLimit(concurrencyKey: "k", limit: 0) }'
FOREIGN = {"host": "127.0.0.1:3000", "origin": "http://attacker.example"}
OWN = {"host": "127.0.0.1:3000", "origin": "http://127.0.0.1:3000"}
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("guard"))) as found:
        yield found


@pytest.fixture(scope="module", params=[False, True], ids=["to write", "read-only"])
def context(request, history):
    target = EmptyWorkspaceTarget()
    with WorkspaceProcessContext(
        history, version="", read_only=request.param, workspace_load_target=target
    ) as found:
        yield found


@pytest.fixture(scope="module")
def apps(context):
    """Dagster's application, and the same behind the guard."""
    app = create_app_from_workspace_process_context(context)
    return app, Guard(app, (), health=list)


def ask(app, method, path, headers, query="", body=b""):
    """Status and body of what an application answers."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    listed = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "headers": listed, "root_path": "", "scheme": "http",
        "http_version": "1.1", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 3000),
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], b"".join(part.get("body", b"") for part in sent[1:])


ATTACKS = {
    "a GET of GraphQL": ("GET", "/graphql", FOREIGN, "query="),
    "a form": ("POST", "/graphql", {**FOREIGN, "content-type": "text/plain"}, "query="),
    "JSON from elsewhere": ("POST", "/graphql", {**FOREIGN, **JSON}, ""),
    "another name": (
        "POST", "/graphql", {"host": "attacker.example", "origin": "http://attacker.example", **JSON}, ""
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("query", [READ, WIPE])
def test_a_foreign_page_reads_and_changes_nothing(attack, query, apps, history):
    method, path, headers, in_query = ATTACKS[attack]
    open_app, guarded = apps
    words = (method, path, headers, in_query and in_query + quote(query))
    body = b"" if in_query else json.dumps({"query": query}).encode()
    status, said = ask(guarded, *words, body)
    assert status >= 400
    assert b'"data"' not in said
    assert history.event_log_storage.get_concurrency_keys() == set()
    if query is READ:
        assert b'"data"' in ask(open_app, *words, body)[1], "Dagster alone answers it"


@pytest.mark.parametrize("headers", [OWN, FOREIGN, {**OWN, **JSON}])
def test_nobody_reports_a_materialization_from_outside(headers, apps, history):
    key = dg.AssetKey(["lake", "domain"])
    status, _ = ask(apps[1], "POST", REPORT, headers, body=b"{}")
    assert status == 403
    assert history.get_latest_materialization_event(key) is None


def test_the_page_itself_is_answered_and_read_only_is_so(apps, context):
    body = json.dumps({"query": READ}).encode()
    status, said = ask(apps[1], "POST", "/graphql", {**OWN, **JSON}, body=body)
    assert (status, "version" in json.loads(said)["data"]) == (200, True)
    assert ask(apps[1], "GET", "/", OWN)[0] == 200
    allowed = "mutation { reloadWorkspace { __typename } }"
    said = ask(
        apps[1], "POST", "/graphql", {**OWN, **JSON}, body=json.dumps({"query": allowed}).encode()
    )[1]
    assert (b"Unauthorized" in said) == context.read_only


def test_health_is_that_of_code_and_daemon(context, history):
    assert webserver.problems(context, history) == [
        "the code location is not loaded",
        "the daemon is silent",
    ]
