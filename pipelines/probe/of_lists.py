"""Observations about lists of domains and streams: names, limits, splits, and what an empty one looks like.

Pages are in of_pages.py. Read next: of_content.py.
"""

from __future__ import annotations

from datetime import timedelta

from pipelines.probe.answers import activity, details, moment, number, rows
from pipelines.probe.calls import Reply
from pipelines.probe.codes import refusal, told
from pipelines.probe.questions import EDGE, REPEATED, SESSION, STATUS, STREAMS, Questions
from pipelines.probe.topics import Confidence, Finding, likely, open_, sure

FEWER = (50, 20, 10, 5, 2)
"""Longest lists that are tried after one of REPEATED names was refused."""

_SMALL_PAGE = 3
_FAR_PAGE = 1000


def domains(q: Questions) -> Finding:
    """How names are spelt in the list of domains."""
    names = [str(row["Domain"]) for row in q.sites]
    if not names:
        return refusal("domains", q.listing, "open")
    return sure("domains", "plain" if all(n == n.lower() for n in names) else "mixed case")


def unlisted(q: Questions) -> Finding:
    """Whether the account has domains that its list lacks."""
    if items(q).answer == "missing":
        return open_("unlisted", "a domain of a list is left out")
    names = {str(row["Domain"]).lower() for row in q.sites}
    if not names:
        return open_("unlisted")
    bound = {str(row.get("PushDomain") or "").lower() for row in q.sites} - {""}
    if bound - names:
        return sure("unlisted", "bound")
    whole, listed_ = _traffic(q.no_list), _traffic(q.all_domains)
    if not whole or not listed_:
        return open_("unlisted")
    return sure("unlisted", "more" if whole > listed_ * 1.001 else "none")


def _traffic(reply: Reply) -> float:
    """What the account sent and received, by the rows of the edge."""
    return sum(number(r.get("DownTraffic")) + number(r.get("UpTraffic")) for r in rows(reply))


def no_list(q: Questions) -> Finding:
    """What a request without a list of domains means."""
    if q.no_list.failure is not None:
        return refusal("no list", q.no_list)
    if activity(q.all_domains) != "something":
        return open_("no list")
    whole, listed_ = _traffic(q.no_list), _traffic(q.all_domains)
    if not whole:
        return likely("no list", "nothing")
    return sure("no list", "all") if whole > listed_ * 0.999 else open_("no list")


def young_domain(q: Questions) -> Finding:
    """Whether the newest domain has data of the days before its CreateTime."""
    created = [(moment(row.get("CreateTime")), str(row["Domain"])) for row in q.sites]
    oldest = q.now - timedelta(days=300)
    young = [(at, name) for at, name in created if at and oldest < at < q.now - timedelta(days=1)]
    pulls = [one for one in young if one[1] in q.pulls] or young
    if not pulls:
        return open_("young domain")
    at, name = max(pulls)
    begin = at.astimezone(q.settings.zone).replace(hour=19, minute=0, second=0, microsecond=0)
    begin -= timedelta(days=2)
    reply = q.series(EDGE, [name], begin, begin + timedelta(hours=3))
    if reply.failure is not None:
        return open_("young domain", reply.failure.kind)
    return sure("young domain", "data" if activity(reply) == "something" else "none")


def one_domain(q: Questions) -> Finding:
    """Whether a single domain comes back as a split of one item."""
    if q.one_domain.failure is not None:
        return refusal("one domain", q.one_domain)
    if activity(q.one_domain) != "something":
        return open_("one domain")
    return sure("one domain", "a list" if details(q.one_domain) else "no list")


def items(q: Questions) -> Finding:
    """Whether a split has every domain that was asked for; one that it lacks is asked alone."""
    asked = {name.lower() for name in q.two}
    found = {str(item.get("Domain")).lower() for item in details(q.evening)}
    if len(asked) < 2:
        return open_("items")
    if not found:
        return _unsplit(q)
    lacking = [name for name in q.two if name.lower() not in found]
    if not lacking:
        return sure("items", "all")
    alone = q.series(EDGE, lacking[:1], q.start, q.edge)
    if activity(alone) != "something":
        return open_("items")
    return sure("items", "missing", echo=_list_echo(q))


def whole(q: Questions) -> Finding:
    """Whether the series of all domains stands beside that of each."""
    if not details(q.evening):
        return open_("whole")
    return sure("whole", "there" if rows(q.evening) else "missing")


def _list_echo(q: Questions) -> str:
    echo, asked = q.evening.result.get("DomainList"), {name.lower() for name in q.two}
    is_asked = isinstance(echo, list) and {str(one).lower() for one in echo} == asked
    return "asked" if is_asked else "answered"


def _unsplit(q: Questions) -> Finding:
    """The finding of two domains without a split: the whole is that of both, or of one of them."""
    alone = [_traffic(q.series(EDGE, [name], q.start, q.edge)) for name in q.two]
    whole = _traffic(q.evening)
    if not all(alone) or not whole:
        return open_("items")
    if any(abs(whole - one) <= 1e-6 * one for one in alone):
        return sure("items", "missing", echo=_list_echo(q))
    return (
        likely("items", "no split") if abs(whole - sum(alone)) <= 1e-6 * whole else open_("items")
    )


def list_limit(q: Questions) -> Finding:
    """How many names a list may have: one name again and again, so that nothing else is asked."""
    if not q.two:
        return open_("list limit")
    first: Reply | None = None
    for least in (REPEATED, *FEWER):
        names = [q.two[0]] * least
        reply = q.series(EDGE, names, q.start, q.start + timedelta(minutes=5))
        if reply.is_good and first is None:
            return likely("list limit", "many", least=least)
        if reply.is_good and first is not None and first.failure is not None:
            return _few(least, first)
        if reply.failure is not None and reply.failure.kind not in ("refused", "denied"):
            return open_("list limit", reply.failure.kind)
        first = first or reply
    if first is None or first.failure is None:
        return open_("list limit")
    if q.alone and len(q.pulls) > 1 and all(r.is_good for r in q.alone.values()):
        return _few(1, first)
    return Finding("list limit", "repeated", Confidence.LIKELY, told(first.failure))


def _few(least: int, refused: Reply) -> Finding:
    code = told(refused.failure) if refused.failure else {}
    return Finding("list limit", "few", Confidence.LIKELY, {"least": least, **code})


def all_domains(q: Questions) -> Finding:
    """Whether all domains can be asked in one list."""
    if q.all_domains.failure is not None:
        return refusal("all domains", q.all_domains)
    return sure("all domains", "taken")


def domain_refused(q: Questions) -> Finding:
    """Whether a single domain is refused, of the two that are asked first."""
    for reply in q.alone.values():
        if reply.failure is not None:
            return refusal("domain refused", reply, "some")
    return sure("domain refused", "none") if q.evening.is_good else open_("domain refused")


def order(q: Questions) -> Finding:
    """Whether the rows of a series come by time."""
    stamps = [at for row in rows(q.evening) if (at := moment(row.get("TimeStamp")))]
    if len(stamps) < 2:
        return open_("order")
    return sure("order", "by time" if stamps == sorted(stamps) else "none")


def _forms(reply: Reply) -> set[str]:
    """How the optional lists of an answer are written that have no items."""
    layouts = (reply.endpoint.rows, reply.endpoint.split_rows)
    found: set[str] = set()
    if not reply.is_good or reply.document.get("Result") is None:
        return found
    for number_, layout in enumerate(layouts):
        level = layout.levels[0] if layout else None
        is_asked = number_ == 0 or len(reply.payload.get("DomainList") or ()) > 1
        is_asked = is_asked and (number_ == 0 or bool(reply.payload.get("DetailField")))
        if level is None or level.required or not level.name or not is_asked:
            continue
        if level.name not in reply.result:
            found.add("missing")
        elif not reply.result[level.name]:
            found.add("null" if reply.result[level.name] is None else "[]")
    return found


def empty_list(q: Questions) -> Finding:
    """What an optional list without items looks like: of a stream that does not exist, for example."""
    found = _forms(q.no_stream) or set().union(*(_forms(reply) for reply in q.caller.replies))
    if not found:
        return open_("empty list")
    return sure("empty list", found.pop() if len(found) == 1 else "several")


def null_result(q: Questions) -> Finding:
    """Whether an answer without anything is null, or has no Result at all, as only some answers do."""
    good = [reply for reply in q.caller.replies if reply.is_good]
    nulls = [reply for reply in good if reply.document.get("Result") is None]
    if not good:
        return open_("null result")
    failed = {r.action for r in q.caller.replies if r.failure and r.failure.kind == "no Result"}
    without = failed & {reply.action for reply in good}
    if without:
        return likely("null result", "missing", actions=tuple(sorted(without)))
    if not nulls:
        return sure("null result", "object")
    return sure("null result", "null" if len(nulls) < len(good) else "always")


def false_empty(q: Questions) -> list[Finding]:
    """Whether one of four series of an evening is empty while another is not."""
    replies: dict[str, Reply] = {action: q.settled(action) for action in (EDGE, SESSION, STATUS)}
    replies[STREAMS] = q.streams
    found = {action: activity(reply) for action, reply in replies.items() if reply.is_good}
    if "something" not in found.values():
        return [open_("false empty")]
    wrong = [sure("false empty", how, action=a) for a, how in found.items() if how != "something"]
    return wrong or [sure("false empty", "none")]


OBSERVATIONS = (
    domains,
    one_domain,
    items,
    whole,
    unlisted,
    no_list,
    young_domain,
    list_limit,
    all_domains,
    domain_refused,
    order,
    empty_list,
    false_empty,
)
LATER = (null_result,)
"""Those that look at all replies, whatever was asked."""
