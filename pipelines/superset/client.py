"""Client of Superset's REST API: imports a bundle and queries the data of each chart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from resources.errors import LivestatsError

_TIMEOUT_S = 120.0


class SupersetError(LivestatsError):
    """Superset refused or failed; the message has the request, the response and what to do."""


@dataclass(frozen=True, kw_only=True)
class ChartResult:
    """Number of rows, or the error, of one chart."""

    chart: str
    rows: int
    error: str | None  # message of Superset


@dataclass(frozen=True)
class Superset:
    """A signed-in session. `signed_in` makes it."""

    url: str
    session: requests.Session

    def import_bundle(self, data: bytes) -> None:
        """Create or update everything that the zip holds.

        Raises SupersetError.
        """
        # Not /dashboard/import/: that leaves charts and datasets as they are if they are there.
        self.request(
            "POST",
            "/api/v1/assets/import/",
            files={"bundle": ("livestats-superset.zip", data, "application/zip")},
            data={"passwords": "{}"},
        )

    def dashboard(self, uuid: str) -> dict[str, Any]:
        """The dashboard of that identity: `url`, `dashboard_title`, and more."""
        found = self.request("GET", f"/api/v1/dashboard/{uuid}")["result"]
        return dict(found)

    def charts(self, uuid: str) -> list[dict[str, Any]]:
        """The charts of a dashboard: `id` and `slice_name`, and more."""
        return list(self.request("GET", f"/api/v1/dashboard/{uuid}/charts")["result"])

    def answer(self, chart: dict[str, Any]) -> ChartResult:
        """The data of a chart, without the cache."""
        name, path = str(chart["slice_name"]), f"/api/v1/chart/{chart['id']}/data/?force=true"
        try:
            (found,) = self.request("GET", path)["result"]
        except SupersetError as error:
            return ChartResult(chart=name, rows=0, error=str(error))
        return ChartResult(chart=name, rows=int(found["rowcount"]), error=found.get("error"))

    def answers(self, uuid: str) -> Iterator[ChartResult]:
        """The results of all charts of a dashboard."""
        for chart in self.charts(uuid):
            yield self.answer(chart)

    def request(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        """The JSON response; raises SupersetError unless the request succeeds."""
        try:
            response = self.session.request(
                method, f"{self.url}{path}", timeout=_TIMEOUT_S, **content
            )
        except requests.RequestException as error:
            raise SupersetError(
                f"{self.url} does not answer: {_plain(error)}. Is Superset running there?"
            ) from None
        if not response.ok:
            raise SupersetError(
                f"{method} {path}: Superset says {response.status_code}: {_error_text(response)}"
            )
        return dict(response.json())


@contextmanager
def signed_in(url: str, user: str, password: str) -> Iterator[Superset]:
    """A session of a user, for the duration of the block.

    Raises SupersetError, which never contains the password.
    """
    with requests.Session() as session:
        found = Superset(url.rstrip("/"), session)
        try:
            token = found.request(
                "POST",
                "/api/v1/security/login",
                json={"username": user, "password": password, "provider": "db", "refresh": False},
            )
        except SupersetError as error:
            raise SupersetError(f"Signing in as {user} failed: {error}") from None
        session.headers["Authorization"] = f"Bearer {token['access_token']}"
        guard = found.request("GET", "/api/v1/security/csrf_token/")
        session.headers.update({"X-CSRFToken": guard["result"], "Referer": found.url})
        yield found


def _error_text(response: requests.Response) -> str:
    """The reasons in the error response, on one line."""
    try:
        body = response.json()
    except ValueError:  # an HTML page without a reason
        return f"{response.reason}. See its own log."
    if "errors" in body:
        return "; ".join(_reasons(body["errors"]))
    return str(body.get("message", json.dumps(body)))[:1000]


def _reasons(errors: list[dict[str, Any]]) -> Iterator[str]:
    for error in errors:
        details = {k: v for k, v in error.get("extra", {}).items() if k != "issue_codes"}
        yield f"{error.get('message')} {json.dumps(details)[:1000] if details else ''}".strip()


def _plain(error: requests.RequestException) -> str:
    """The innermost error, without the layers of the library."""
    inner: BaseException = error
    while inner.__cause__ or inner.__context__:
        inner = inner.__cause__ or inner.__context__ or inner
    return str(inner)
