"""What the guard lets through to Dagster's web server: requests of its own page, and no others."""

import asyncio
import json

import pytest

from pipelines.orchestration.guard import HEALTH, PROXY_SECRET, Guard, Login, is_loopback

PAGE = {"host": "127.0.0.1:3000"}
OWN = {**PAGE, "origin": "http://127.0.0.1:3000"}
ASKED = {**OWN, "content-type": "application/json"}


class Site:
    """A guarded application, and the requests that reached it."""

    def __init__(self, *hosts, problems=(), login=None):
        self.reached = []
        self._guard = Guard(self._app, hosts, health=lambda: [*problems], login=login)

    async def _app(self, scope, _receive, send):
        self.reached.append((scope.get("method", scope["type"]), scope.get("path")))
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"the page"})
        else:
            await send({"type": "websocket.accept"})

    def ask(self, method, path, headers, kind="http"):
        """What is sent back."""
        sent = []

        async def send(message):
            sent.append(message)

        async def receive():
            return {"type": f"{kind}.connect"}

        listed = headers.items() if isinstance(headers, dict) else headers
        coded = [(name.encode(), value.encode()) for name, value in listed]
        scope = {"type": kind, "path": path, "headers": coded}
        if kind == "http":
            scope["method"] = method
        asyncio.run(self._guard(scope, receive, send))
        return sent

    def status(self, *words, **options):
        return self.ask(*words, **options)[0].get("status")


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/", PAGE),
        ("GET", "/runs/some-run", {"host": "localhost:3000"}),
        ("GET", "/", {"host": "[::1]:3000"}),
        ("GET", "/", {**PAGE, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}),
        ("HEAD", "/favicon.png", {"host": "LOCALHOST"}),
        ("POST", "/graphql", ASKED),
        ("POST", "/graphql", {**ASKED, "content-type": "application/json; charset=utf-8"}),
        ("POST", "/graphql", {"host": "stats.example", "origin": "https://stats.example",
                              "content-type": "application/json"}),
    ],
)  # fmt: skip
def test_the_page_itself_works(method, path, headers):
    site = Site("stats.example")
    answer, *_ = site.ask(method, path, headers)
    assert answer["status"] == 200
    assert (b"x-frame-options", b"DENY") in answer["headers"]
    assert site.reached == [(method, path)]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {"host": "attacker.example"}, 421),
        ("GET", "/", {"host": "127.0.0.1.attacker.example:3000"}, 421),
        ("GET", "/", {"host": "attacker@127.0.0.1"}, 421),
        ("GET", "/", {"host": "127.0.0.1/x"}, 421),
        ("GET", "/", {}, 400),
        ("GET", "/", [("host", "localhost"), ("host", "attacker.example")], 400),
        ("POST", "/graphql", {**ASKED, "origin": "http://attacker.example"}, 403),
        ("POST", "/graphql", {**ASKED, "origin": "http://127.0.0.1:3001"}, 403),
        ("POST", "/graphql", {**ASKED, "origin": "null"}, 403),
        ("POST", "/graphql", {**ASKED, "origin": "http://[attacker"}, 403),
        ("POST", "/graphql", {**PAGE, "content-type": "application/json"}, 403),
        ("POST", "/graphql", {**OWN, "content-type": "text/plain"}, 415),
        ("POST", "/graphql", {**OWN, "content-type": "text/plain; application/json"}, 415),
        ("POST", "/graphql", {**OWN, "content-type": "application/graphql"}, 415),
        ("POST", "/graphql", OWN, 415),
        ("GET", "/graphql", {**PAGE, "accept": "text/html"}, 405),
        ("GET", "/graphql/", PAGE, 405),
        ("GET", "/logs/a/b.out", {**PAGE, "sec-fetch-site": "cross-site",
                                  "sec-fetch-mode": "no-cors"}, 403),
        ("POST", "/report_asset_materialization/lake/domain", ASKED, 403),
        ("POST", "/report_asset_check/lake/domain", ASKED, 403),
        ("POST", "/report_asset_observation/lake/domain", ASKED, 403),
        ("OPTIONS", "/graphql", OWN, 405),
        ("PUT", "/graphql", ASKED, 405),
    ],
)  # fmt: skip
def test_what_another_page_can_send_reaches_nothing(method, path, headers, status):
    site = Site()
    assert site.status(method, path, headers) == status
    assert site.reached == []


@pytest.mark.parametrize(
    ("path", "headers", "gets_through"),
    [
        ("/graphql", OWN, True),
        ("/graphql", PAGE, False),
        ("/graphql", {**OWN, "origin": "http://attacker.example"}, False),
        ("/graphql", {**OWN, "host": "attacker.example", "origin": "http://attacker.example"},
         False),
        ("/other", OWN, False),
    ],
)  # fmt: skip
def test_websockets_of_the_page_alone_are_opened(path, headers, gets_through):
    site = Site()
    (answer,) = site.ask("", path, headers, kind="websocket")
    assert answer["type"] == ("websocket.accept" if gets_through else "websocket.close")
    assert bool(site.reached) == gets_through


@pytest.mark.parametrize("problems", [[], ["the daemon is silent"]])
def test_health_answers_without_the_application(problems):
    site = Site(problems=problems, login=Login("X-User"))
    start, body = site.ask("GET", HEALTH, PAGE)
    assert start["status"] == (503 if problems else 200)
    assert json.loads(body["body"])["problems"] == problems
    assert site.reached == []


@pytest.mark.parametrize(
    ("login", "headers", "gets_through"),
    [
        (Login("X-User"), {"x-user": "ann"}, True),
        (Login("X-User"), {}, False),
        (Login("X-User"), {"x-user": ""}, False),
        (Login("X-User", "a-shared-secret"), {"x-user": "ann"}, False),
        (Login("X-User", "a-shared-secret"), {"x-user": "ann", PROXY_SECRET: "é"}, False),
        (Login("X-User", "a-shared-secret"), {"x-user": "ann", PROXY_SECRET: "a-shared-secret"},
         True),
    ],
)  # fmt: skip
def test_a_login_proxy_is_known_by_its_secret(login, headers, gets_through):
    site = Site(login=login)
    found = [site.status("GET", "/", {**PAGE, **headers}),
             site.status("POST", "/graphql", {**ASKED, **headers})]  # fmt: skip
    assert found == [200 if gets_through else 401] * 2
    (answer,) = site.ask("", "/graphql", {**OWN, **headers}, kind="websocket")
    assert answer["type"] == ("websocket.accept" if gets_through else "websocket.close")


def test_which_addresses_are_this_machine_alone():
    assert all(map(is_loopback, ("127.0.0.1", "::1", "localhost", "127.9.9.9")))
    assert not any(map(is_loopback, ("0.0.0.0", "10.0.0.1", "web", "")))
