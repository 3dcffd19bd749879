"""Superset's own REST API: import a bundle, and ask each chart for its data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

_TIMEOUT_S = 120.0


class SupersetError(Exception):
    """Superset refused or failed; the message says what was asked, what it said, what to do."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one chart showed when it was asked."""

    chart: str
    rows: int
    error: str | None  # as Superset tells it

    @property
    def is_good(self) -> bool:
        """Rows came back."""
        return self.error is None and self.rows > 0


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
        self.asked(
            "POST",
            "/api/v1/assets/import/",
            files={"bundle": ("livestats-superset.zip", data, "application/zip")},
            data={"passwords": "{}"},
        )

    def dashboard(self, uuid: str) -> dict[str, Any]:
        """The dashboard of that identity: `url`, `dashboard_title`, and more."""
        found = self.asked("GET", f"/api/v1/dashboard/{uuid}")["result"]
        return dict(found)

    def charts(self, uuid: str) -> list[dict[str, Any]]:
        """The charts of a dashboard: `id` and `slice_name`, and more."""
        return list(self.asked("GET", f"/api/v1/dashboard/{uuid}/charts")["result"])

    def answer(self, chart: dict[str, Any]) -> Answer:
        """What a chart shows, asked anew and not from the cache."""
        name, path = str(chart["slice_name"]), f"/api/v1/chart/{chart['id']}/data/?force=true"
        try:
            (found,) = self.asked("GET", path)["result"]
        except SupersetError as error:
            return Answer(chart=name, rows=0, error=str(error))
        return Answer(chart=name, rows=int(found["rowcount"]), error=found.get("error"))

    def answers(self, uuid: str) -> Iterator[Answer]:
        """What each chart of a dashboard shows."""
        for chart in self.charts(uuid):
            yield self.answer(chart)

    def asked(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        """The answer to a request; raises SupersetError for any that is not one of success."""
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
                f"{method} {path}: Superset says {response.status_code}: {_told(response)}"
            )
        return dict(response.json())


@contextmanager
def signed_in(url: str, user: str, password: str) -> Iterator[Superset]:
    """A session of a user; ended with the block.

    Raises SupersetError, which never tells the password.
    """
    with requests.Session() as session:
        found = Superset(url.rstrip("/"), session)
        try:
            token = found.asked(
                "POST",
                "/api/v1/security/login",
                json={"username": user, "password": password, "provider": "db", "refresh": False},
            )
        except SupersetError as error:
            raise SupersetError(f"Signing in as {user} failed: {error}") from None
        session.headers["Authorization"] = f"Bearer {token['access_token']}"
        guard = found.asked("GET", "/api/v1/security/csrf_token/")
        session.headers.update({"X-CSRFToken": guard["result"], "Referer": found.url})
        yield found


def _told(response: requests.Response) -> str:
    """The reasons in Superset's answer, in a line."""
    try:
        said = response.json()
    except ValueError:  # a page for people, which tells them nothing either
        return f"{response.reason}. Its own log tells more."
    if "errors" in said:
        return "; ".join(_reasons(said["errors"]))
    return str(said.get("message", json.dumps(said)))[:1000]


def _reasons(errors: list[dict[str, Any]]) -> Iterator[str]:
    for error in errors:
        details = {k: v for k, v in error.get("extra", {}).items() if k != "issue_codes"}
        yield f"{error.get('message')} {json.dumps(details)[:1000] if details else ''}".strip()


def _plain(error: requests.RequestException) -> str:
    """The innermost reason, without the layers of the library around it."""
    inner: BaseException = error
    while inner.__cause__ or inner.__context__:
        inner = inner.__cause__ or inner.__context__ or inner
    return str(inner)
