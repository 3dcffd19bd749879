"""From the file of a probe to a simulator that behaves the same, as far as it has a switch for it.

The switches are in resources/simulator: AnswerOptions and manners. Read next: document.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
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
    of = {key: ",".join(v) if isinstance(v, tuple) else v for key, v in one.details.items()}
    code = f"@status={of.get('status') or 400}@code={_code(of.get('code'))}"
    last = f"pull-{account.domains}.{account.zone},push-{account.domains}.{account.zone}"
    match one.topic, one.answer:
        case "width", "other":
            return [f"other-width={of['seconds']}@asked=300@echo={of['echo']}"]
        case "window", "elsewhere":
            limit = _limit(one, SETTLED)
            return [f"other-window={of['days']}@echo={of['echo']}{limit}"]
        case "domains", "mixed case":
            return ["name-case"]
        case "unlisted", "more":
            return [f"late-domains={last}"]
        case "unlisted", "bound":
            return [f"late-domains=push-{account.domains}.{account.zone}"]
        case "items", "missing":
            return [f"skip-domain=pull-2.{account.zone}@echo={of['echo']}"]
        case "list limit", "few":
            return [f"list-limit={of['least']}@parameter=DomainList{code}"]
        case "all domains", "refused":
            return [] if account.domains < 3 else [f"refuse-domain={last}{code}"]
        case "domain refused", "some":
            return [f"refuse-domain=pull-1.{account.zone}{code}"]
        case "stream refused", "some":
            return [f"refuse-stream=room{code}"]
        case "total", ("moves" | "other"):
            return [f"moving-total@action={of['actions']}"]
        case "page size", "short":
            return [f"short-pages={of['most']}@counts={of['counts']}@action={of['action']}"]
        case "young domain", "data":
            return [f"new-domains={last}@created={young}"]
    return _content(one.topic, one.answer, of) or _failing(one.topic, one.answer, of, code)


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


def _content(topic: str, answer: str, of: dict[str, Any]) -> Sequence[str]:
    """What is odd about good answers, by action."""
    at = f"@action={of.get('actions')}"
    how = {"shorter": "drop", "longer": "add", "turned": "turn"}
    match topic, answer:
        case "doubled", ("equal" | "other"):
            return [f"doubled-key={of['count']}@kind={answer}{at}"]
        case "null result", "null":
            return ["null-result"]
        case "null result", "always":
            return ["null-result=always"]
        case "false empty", ("nothing" | "zeros"):
            return [f"false-empty={of['action']}@how={answer}"]
        case "new field", "some":
            return [f"new-field{at}"] if of["count"] == 1 else _several_fields(of["count"], at)
        case "missing field", "some":
            return [f"missing-field={name}{at}" for name in str(of["fields"]).split(",")]
        case "type", "quoted":
            return [f"quoted-numbers{at}"]
        case "echo", _ if answer in how or answer == "other":
            return [f"other-echo={of['parameter']}@how={how.get(answer, 'drop')}{at}"]
        case "sums", "times":
            return [f"other-totals={of['times']}{at}"]
        case "slow", "some":
            return [f"slow={of_content.LONG_S + 1:g}{at}"]
        case "large", "some":
            return [f"huge-answer={of_content.LARGE_BYTES / 1e6 + 1:g}{at}"]
        case "quoted", "yes":
            return [f"echo{at}"]
    return []


def _several_fields(count: int, at: str) -> list[str]:
    return [f"new-field=NewField{number}{at}" for number in range(min(count, 20))]


def _failing(topic: str, answer: str, of: dict[str, Any], code: str) -> Sequence[str]:
    """An action that fails as a whole."""
    if topic != "action":
        return []
    action, status = str(of["action"]), of.get("status") or 502
    match answer:
        case _ if of.get("code") == NO_CODE and answer == "refused":
            return [f"refuse-action={action}@status={status}@body=html"]
        case "denied" | "refused" | "server fault" | "key refused" | "throttled":
            return [f"refuse-action={action}{code}"]
        case "page of a gateway":
            return [f"refuse-action={action}@status={status}@body=html"]
        case "no JSON":
            return [f"html-200@action={action}"]
        case "no Result":
            return [f"fault=no_result@action={action}"]
        case "connection broken" | "too large":
            return [f"cut@action={action}"]
        case "timed out":
            return [f"fault=timeout@action={action}"]
    return []


def _code(word: object) -> str:
    """A code for the simulated refusal; the file has none for a code that is not known."""
    if word in (None, NO_CODE, UNKNOWN):
        return "UnknownToLivestats"
    return str(word).removesuffix(".*")
