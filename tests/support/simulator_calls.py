"""Calls to a simulator as a client makes them, signed by the project's own code."""

from __future__ import annotations

from datetime import UTC, datetime

import requests

from resources.api.signing import sign

ACTION = "DescribeLiveISPData"  # the simplest: it takes no parameters


def signed(sim, *, action=ACTION, body=b"{}", method="POST", **changes):
    asked = {
        "credentials": sim.credentials,
        "region": "cn-north-1",
        "service": "live",
        "now": datetime.now(UTC),
        "query": {"Action": action, "Version": "2023-01-01"},
    } | changes
    host = sim.url.removeprefix("http://")
    headers = sign(method=method, host=host, path="/", body=body, **asked)
    return {"method": method, "url": sim.url, "params": asked["query"], "headers": headers} | {
        "data": body
    }


def error_of(request):
    answer = requests.request(**request, timeout=10)
    metadata = answer.json()["ResponseMetadata"]
    error = metadata.get("Error", {})
    assert metadata["RequestId"]
    return answer.status_code, error.get("Code"), error.get("CodeN")
