"""From the file of a probe to a simulator that behaves the same, as far as it has a switch for it.

The switches are in resources/simulator: AnswerOptions and manners. Read next: document.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

from pipelines.probe import of_content
from pipelines.probe.codes import NO_CODE, UNKNOWN
from pipelines.probe.of_times import SETTLED
from pipelines.probe.topics import Finding
from resources.simulator import Account, AnswerOptions

_YOUNG = timedelta(days=6)

_OPTIONS = {
    ("end", "inclusive"): {"end": "inclusive"},
    ("offset", "Z"): {"offset": "Z"},
    ("offset", "+00:00"): {"offset": "Z"},
    ("zeros", "left out"): {"zeros": "omit"},
    ("empty list", "null"): {"empty": "null"},
    ("empty list", "missing"): {"empty": "absent"},
    ("pushes", "start"): {"push_match": "start"},
    ("pushes", "end"): {"push_match": "end"},
}

_PAGE = "refuse-action={action}@status={page_status}@body=html"
_MANNERS = {
    ("width", "other"): "other-width={seconds}@asked=300@echo={echo}",
    ("window", "elsewhere"): "other-window={days}@echo={echo}{limit}",
    ("domains", "mixed case"): "name-case",
    ("unlisted", "more"): "late-domains={last}",
    ("unlisted", "bound"): "late-domains={last_push}",
    ("items", "missing"): "skip-domain=pull-2.{zone}@echo={echo}",
    ("list limit", "few"): "list-limit={least}@parameter=DomainList{code}",
    ("all domains", "refused"): "refuse-domain={last}{code}",
    ("domain refused", "some"): "refuse-domain=pull-1.{zone}{code}",
    ("stream refused", "some"): "refuse-stream=room{code}",
    ("total", "moves"): "moving-total@action={actions}",
    ("total", "other"): "moving-total@action={actions}",
    ("page size", "short"): "short-pages={most}@counts={counts}@action={action}",
    ("young domain", "data"): "new-domains={last}@created={young}",
    # What is odd about good answers.
    ("doubled", "equal"): "doubled-key={count}@kind=equal{at}",
    ("doubled", "other"): "doubled-key={count}@kind=other{at}",
    ("null result", "null"): "null-result",
    ("null result", "always"): "null-result=always",
    ("null result", "missing"): "null-result=missing{at}",
    ("false empty", "nothing"): "false-empty={action}@how=nothing",
    ("false empty", "zeros"): "false-empty={action}@how=zeros",
    ("new field", "some"): "new-field{at}",
    ("type", "quoted"): "quoted-numbers{at}",
    ("echo", "shorter"): "other-echo={parameter}@how=drop{at}",
    ("echo", "other"): "other-echo={parameter}@how=drop{at}",
    ("echo", "longer"): "other-echo={parameter}@how=add{at}",
    ("echo", "turned"): "other-echo={parameter}@how=turn{at}",
    ("sums", "times"): "other-totals={times}{at}",
    ("slow", "some"): f"slow={of_content.LONG_S + 1:g}{{at}}",
    ("large", "some"): f"huge-answer={of_content.LARGE_BYTES / 1e6 + 1:g}{{at}}",
    ("quoted", "yes"): "echo{at}",
    # An action that fails as a whole.
    **dict.fromkeys(
        product(["action"], ["denied", "refused", "server fault", "key refused", "throttled"]),
        "refuse-action={action}{code}",
    ),
    ("action", "page of a gateway"): _PAGE,
    ("action", "no JSON"): "html-200@action={action}",
    ("action", "no Result"): "fault=no_result@action={action}",
    ("action", "connection broken"): "cut@action={action}",
    ("action", "too large"): "cut@action={action}",
    ("action", "timed out"): "fault=timeout@action={action}",
}
"""Topic and answer -> the manner. Its fields are details of the finding and what `_manner` adds."""


def options(findings: Iterable[Finding]) -> AnswerOptions:
    """How to answer where the documents leave several readings open."""
    chosen: dict[str, Any] = {}
    for one in findings:
        chosen |= _OPTIONS.get((one.topic, one.answer), {})
    return AnswerOptions(**chosen)


def withdrawn(findings: Iterable[Finding]) -> list[str]:
    """The actions that are not offered."""
    return [
        str(one.details["action"])
        for one in findings
        if one.topic == "action" and one.answer == "not offered"
    ]


def manners(findings: Iterable[Finding], account: Account, now: datetime) -> list[str]:
    """The manners of the API, as `--manner` takes them. Names are those of the simulated account."""
    young = (now - _YOUNG).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = [*findings]
    return [*_missing_slots(told), *(t for one in told for t in _manner(one, account, young))]


def _manner(one: Finding, account: Account, young: str) -> Sequence[str]:
    of: dict[str, Any] = {
        key: ",".join(v) if isinstance(v, tuple) else v for key, v in one.details.items()
    }
    at = f"@action={of.get('actions')}"
    match one.topic, one.answer:
        case "all domains", "refused" if account.domains < 3:
            return []  # nothing would be left
        case "new field", "some" if of["count"] > 1:
            return [f"new-field=NewField{number}{at}" for number in range(min(of["count"], 20))]
        case "missing field", "some":
            return [f"missing-field={name}{at}" for name in str(of["fields"]).split(",")]
        case "action", "refused" if of.get("code") == NO_CODE:
            template = _PAGE
        case topic_and_answer if topic_and_answer in _MANNERS:
            template = _MANNERS[topic_and_answer]
        case _:
            return []
    push, pull = (f"{side}-{account.domains}.{account.zone}" for side in ("push", "pull"))
    ours = {
        "at": at,
        "code": f"@status={of.get('status') or 400}@code={_code(of.get('code'))}",
        "page_status": of.get("status") or 502,
        "last": f"{pull},{push}",
        "last_push": push,
        "zone": account.zone,
        "young": young,
    }
    if one.topic == "window":
        ours["limit"] = _limit(one, SETTLED)
    return [template.format_map({**of, **ours})]


def _limit(one: Finding, seen: Sequence[str]) -> str:
    """The limit to the actions of a finding; none where it is about all that were looked at."""
    actions = one.details["actions"]
    if not isinstance(actions, tuple) or {*actions} == {*seen}:
        return ""
    return f"@action={','.join(actions)}"


def _missing_slots(findings: Sequence[Finding]) -> list[str]:
    """One manner for all series that lack as many slots; of all actions if all that were seen do."""
    by_count: dict[object, list[str]] = {}
    for one in findings:
        if (one.topic, one.answer) == ("last slots", "missing"):
            by_count.setdefault(one.details["count"], []).append(str(one.details["action"]))
    return [
        f"missing-slots={count}"
        + ("" if len(names) == len(SETTLED) else f"@action={','.join(names)}")
        for count, names in by_count.items()
    ]


def _code(word: object) -> str:
    """A code for the simulated refusal; the file has none for a code that is not known."""
    if word in (None, NO_CODE, UNKNOWN):
        return "UnknownToLivestats"
    return str(word).removesuffix(".*")
