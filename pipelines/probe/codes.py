"""Codes of refusals as a finding may show them: those that are known, never the text of an answer.

What a code means is in resources/api/error_codes.py.
"""

from __future__ import annotations

import re

from pipelines.probe.calls import Failure, Reply
from pipelines.probe.topics import Confidence, Detail, Finding, open_
from resources.api.error_codes import CODES

_FORM = re.compile(r"[A-Z][A-Za-z]{2,40}(\.[A-Z][A-Za-z]{2,40})?")

NO_CODE, UNKNOWN = "no code", "an unknown code"
SUB_CODES = ("BindError", "AccountIDNotAllow", "ServiceNotOpen", "AccessDenied")
WORDS = frozenset(
    {NO_CODE, UNKNOWN}
    | {code for code, _, _ in CODES}
    | {f"{code}.{sub}" for code, _, _ in CODES for sub in (*SUB_CODES, "*")}
)
"""Every text that `code_of` gives."""


def code_of(failure: Failure) -> str:
    """The code, if it is a known one: a code is foreign text, which may quote anything."""
    if not failure.code:
        return NO_CODE
    first, dot, rest = failure.code.partition(".")
    if first not in {code for code, _, _ in CODES}:
        return UNKNOWN
    return first + (dot and f".{rest if rest in SUB_CODES else '*'}")


def told(failure: Failure) -> dict[str, Detail]:
    """Code and status as details of a finding."""
    status = failure.status if failure.status is not None and 100 <= failure.status <= 599 else 0
    return {"code": code_of(failure), "status": status}


def shown(failure: Failure) -> str:
    """An unknown code for the screen, if it has the form of one."""
    code = failure.code or ""
    return code if code_of(failure) == UNKNOWN and _FORM.fullmatch(code) else ""


def refusal(topic: str, reply: Reply, answer: str = "refused") -> Finding:
    """The finding of a reply that is none: refused by the API, or not to be told."""
    failure = reply.failure
    if failure is None or failure.kind not in ("refused", "denied"):
        return open_(topic, failure.kind if failure else "")
    return Finding(topic, answer, Confidence.SURE, told(failure), shown(failure))
