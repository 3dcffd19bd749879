"""Answers about callbacks: what the vendor told the account's owner of its pushes."""

from __future__ import annotations

import json

import numpy as np

from resources.simulator.noise import key_of, uniform
from resources.simulator.pushes import Push
from resources.simulator.query import Query
from resources.simulator.render import Result, echo, page_of, times
from resources.simulator.roster import Stream
from resources.simulator.world import Site, World

_RETRY_S = 5


def callbacks(world: World, query: Query) -> Result:
    """DescribeLiveCallbackData: half of the streams have callbacks; some fail, and are tried again."""
    rows: list[tuple[int, Result]] = []
    for site in world.sites_of(query):
        wanted = set(world.rows_of(site.space, query)) if site.is_push else set()
        for push in world.pushes.between(site.space, query.start - 2 * _RETRY_S, query.end):
            stream = site.space.streams[push.stream]
            if push.stream in wanted and uniform(stream.key, "callback") < 0.5:
                rows += _of_push(query, site, stream, push)
    rows.sort(key=lambda row: (row[0], row[1]["Domain"], row[1]["Stream"]))
    return {**echo(query), **page_of(query, [row for _, row in rows])}


def _of_push(query: Query, site: Site, stream: Stream, push: Push) -> list[tuple[int, Result]]:
    types, statuses = query.texts("CallbackEventType"), query.texts("CallbackStatus")
    found = []
    for event, at in (("push_start", push.start), ("push_end", push.end)):
        fails = key_of(push.id, event) % 20 == 0
        for attempt in range(2 if fails else 1):
            sent, status = at + attempt * _RETRY_S, "fail" if fails and not attempt else "success"
            if not query.start <= sent < query.end or sent > query.now:
                continue
            if (types and event not in types) or (statuses and status not in statuses):
                continue
            (stamp,) = times(np.array([sent]), query.options)
            body = {
                "event": event,
                "stream": stream.name,
                "sign": f"{key_of(push.id, 'sign'):016x}",
            }
            found.append(
                (
                    sent,
                    {
                        "Domain": site.name,
                        "App": stream.app,
                        "Stream": stream.name,
                        "CallbackEventType": event,
                        "CallbackTime": stamp,
                        "CallbackStatus": status,
                        "CallbackMethod": "POST",
                        "CallbackAddress": "https://hooks.sim.example/live?token=simulated-secret",
                        "CallbackBody": json.dumps(body),
                        "CallbackResponseCode": "504" if status == "fail" else "200",
                        "CallbackResponseHeader": "Set-Cookie: session=simulated-secret",
                        "CallbackResponseBody": '{"token":"simulated-secret"}',
                        "CallbackResponseTime": str(20 + key_of(push.id, attempt) % 400),
                        "CallbackErrorCode": "timeout" if status == "fail" else "",
                        "CallbackErrorMessage": "no answer" if status == "fail" else "",
                    },
                )
            )
    return found
