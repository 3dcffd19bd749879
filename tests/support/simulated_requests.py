"""Requests as manners see them, and the answers of a small world to them, without HTTP."""

from __future__ import annotations

import json

from resources.api.catalog import ENDPOINTS
from resources.simulator import AnswerOptions
from resources.simulator.api import Api
from resources.simulator.exchange import Answer, Request
from resources.simulator.manners import read
from resources.simulator.settings import DEFAULT_CREDENTIALS
from tests.support.small_world import NOW, world

_API = Api(world, AnswerOptions())


def asked(action, **parameters):
    """A request of the small world."""
    return Request(
        action=action,
        target=f"/?Action={action}",
        method="POST",
        headers={},
        body=json.dumps(parameters).encode(),
        number=1,
        at=NOW,
        credentials=DEFAULT_CREDENTIALS,
        endpoint=ENDPOINTS.get(action),
        ask=lambda name, asked_for: _API.answer(name, asked_for, NOW),
    )


def answered(request):
    """The answer to it as it is now: a manner may have changed it."""
    return Answer(request.action).with_result(_API.answer(request.action, request.parameters, NOW))


def through(manner, request):
    """The answer when one manner is at work; None where the request is none of its business."""
    one = read(manner) if isinstance(manner, str) else manner
    if not one.concerns(request):
        return None
    return one.behind(request, one.before(request) or answered(request))
