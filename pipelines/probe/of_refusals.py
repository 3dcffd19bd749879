"""Observations about refusals: windows that are wrong, a foreign domain, permissions for each action.

Codes are looked up in codes.py. Read next: run.py.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pipelines.doctor.permission_probe import MADE_UP_STREAM, smallest_payload
from pipelines.probe.answers import activity, moment, rows
from pipelines.probe.calls import Reply
from pipelines.probe.codes import refusal, shown, told
from pipelines.probe.questions import EDGE, NO_STREAM, Questions
from pipelines.probe.topics import Confidence, Finding, open_, sure
from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset

FOREIGN = "livestats-probe.example"  # reserved: nobody can own it

_BEHIND = timedelta(seconds=2)


def _judged(topic: str, reply: Reply) -> Finding:
    if reply.failure is not None:
        return refusal(topic, reply)
    return sure(topic, "nothing" if activity(reply) == "nothing" else "taken")


def codes(q: Questions) -> list[Finding]:
    """What is said to windows that are too long, too old, not yet over or empty, and to a foreign domain."""
    hour = timedelta(hours=1)
    old = q.start - timedelta(days=400)
    soon = q.now.astimezone(q.settings.zone).replace(minute=0, second=0, microsecond=0) + hour
    minutes = {"Aggregation": 60}
    ask = q.series
    return [
        _judged("too long", ask(EDGE, q.two, q.edge - timedelta(days=3), q.edge, more=minutes)),
        _judged("too old", ask(EDGE, q.two, old, old + hour)),
        _judged("future", ask(EDGE, q.two, soon, soon + hour)),
        _judged("no span", ask(EDGE, q.two, q.start, q.start)),
        _judged("foreign", ask(EDGE, [FOREIGN], q.start, q.edge)),
    ]


def stream_refused(q: Questions) -> Finding:
    """Whether a stream that was live is refused."""
    reply = q.one_stream
    if reply is None:
        return open_("stream refused")
    if reply.failure is not None:
        return refusal("stream refused", reply, "some")
    return sure("stream refused", "none")


def pushes(q: Questions) -> Finding:
    """Which pushes a window lists: windows that hold only the middle, the start or the end of one."""
    found = [_ends(row) for row in rows(q.pushes_of_day)]
    long = [one for one in found if one is not None and one[1] - one[0] > 8 * _BEHIND]
    if not long:
        return open_("pushes")
    start, end = min(long, key=lambda one: one[1] - one[0])
    inside = q.pushed(start + 2 * _BEHIND, end - 2 * _BEHIND)
    if inside.failure is not None:
        return open_("pushes", inside.failure.kind)
    if _lists(inside, start, end):
        return sure("pushes", "overlap")
    if _lists(q.pushed(start - _BEHIND, start + _BEHIND), start, end):
        return sure("pushes", "start")
    is_listed = _lists(q.pushed(end - _BEHIND, end + _BEHIND), start, end)
    return sure("pushes", "end") if is_listed else open_("pushes")


def _ends(row: object) -> tuple[datetime, datetime] | None:
    if not isinstance(row, dict):
        return None
    start, end = moment(row.get("StartTime")), moment(row.get("EndTime"))
    return (start, end) if start and end else None


def _lists(reply: Reply, start: datetime, end: datetime) -> bool:
    return (start, end) in [_ends(row) for row in rows(reply)]


def permissions(q: Questions) -> list[Finding]:
    """Whether the key may call every action that a dataset needs, as long as calls are left."""
    actions: dict[str, Dataset] = {}
    for name in q.settings.datasets:
        actions.setdefault(DATASETS[name].endpoint.action, DATASETS[name])
    found, left = [], 0
    for action, dataset in actions.items():
        replies = [reply for reply in q.caller.replies if reply.action == action]
        if not any(reply.is_good for reply in replies):
            payload = smallest_payload(q.settings, dataset, q.domains, q.codes, q.now)
            if payload is None:
                continue
            replies.append(q.caller.ask(action, payload))
        last = replies[-1].failure
        if any(reply.is_good for reply in replies) or last is None:
            continue
        if last.kind == "not asked":
            left += 1
        elif not _is_of_no_stream(replies[-1]):
            details = {"action": action, **told(last)}
            found.append(Finding("action", last.kind, Confidence.SURE, details, shown(last)))
    verdict = [sure("allowed", "some" if found else "all")]
    if left:
        verdict.append(sure("not asked", "some", count=left))
    return [*verdict, *found]


def _is_of_no_stream(reply: Reply) -> bool:
    """True for a refusal of the stream that does not exist: it says nothing of the action."""
    is_refused = reply.failure is not None and reply.failure.kind == "refused"
    return is_refused and reply.payload.get("Stream") in (NO_STREAM, MADE_UP_STREAM)


OBSERVATIONS = (codes, stream_refused, pushes, permissions)
