"""Section "Push interruptions": how often streams broke off and reconnected, and why.

What counts as an interruption is decided by the mart push_interruptions_daily. Read next: section.py.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.reports.usage.entities import Series, Store, alone, by_key
from pipelines.reports.usage.scope import Range, Source
from pipelines.reports.usage.section import (
    DOMAIN,
    MAIN,
    STREAM,
    Chart,
    Column,
    Figure,
    Line,
    Section,
    Table,
    Tile,
)
from resources.i18n import say

_PUSHES, _BROKEN = Figure("sum", ("pushes",)), Figure("sum", ("interruptions",))
_OFF = Figure("sum", ("off",), "seconds")
_LONGEST = Figure("max", ("longest",), "seconds")
SECTION = Section(
    "pushes",
    "Push interruptions",
    ("push_stream_info",),
    ("push_interruptions_daily",),
    {"pushes": _PUSHES, "broken": _BROKEN, "off": _OFF, "longest": _LONGEST},
    (
        (
            "broken",
            "{broken} of {pushes} pushes were reconnects after an interruption. Streams were off for "
            "{off} in total, at most {longest} at a time.",
        ),
        ("pushes", "No interruptions in {pushes} pushes."),
        ("", "There were no pushes."),
    ),
    sentences=(
        "A push that begins soon after the previous push of its stream ended counts as a "
        "reconnect after an interruption. Only pushes that have ended are known.",
    ),
    tile=Tile("Interruptions", "broken", "of {pushes} pushes"),
    charts=(
        Chart(
            "pushes",
            "Interruptions by day",
            (Line("interruptions", ("interruptions",), colour=2),),
            "count",
        ),
    ),
    tables=(
        Table(
            "days-pushes",
            "Interruptions by day",
            "day",
            "Day",
            (Column("Pushes", _PUSHES), Column("Interruptions", _BROKEN), Column("Off for", _OFF)),
        ),
        Table(
            "reasons",
            "Why the previous push had ended",
            "reason",
            "Reason",
            (Column("Interruptions", _BROKEN, has_bar=True), Column("Off for", _OFF)),
            order=_BROKEN,
            most=10,
        ),
        Table(
            "streams-pushes",
            "Streams that were interrupted most",
            "stream",
            "Stream",
            (
                Column("Push domain", fact="domain"),
                Column("Interruptions", _BROKEN, has_bar=True),
                Column("Off for", _OFF),
                Column("Longest", _LONGEST),
            ),
            order=_BROKEN,
            most=10,
        ),
    ),
    scopes=(MAIN, DOMAIN, STREAM),
    via_push="Measured on {push}, where it is pushed.",
)
NO_REASON = "none given"

_SUMS = "sum(interruptions), sum(interrupted_s), coalesce(max(longest_interruption_s), 0)"
_SCOPE = "business_date BETWEEN $first AND $last AND ($push::VARCHAR IS NULL OR domain = $push)"
_DAYS = f"""
SELECT {{key}} business_date, sum(pushes), {_SUMS} FROM push_interruptions_daily
WHERE {_SCOPE} {{where}} GROUP BY ALL
"""
_REASONS = f"""
SELECT coalesce(interruption_reason, ''), business_date, sum(interruptions), sum(interrupted_s)
FROM push_interruptions_daily WHERE {_SCOPE} AND interruptions > 0
  AND coalesce(interruption_reason, '') IN (
    SELECT coalesce(interruption_reason, '') FROM push_interruptions_daily
    WHERE {_SCOPE} AND interruptions > 0
    GROUP BY ALL ORDER BY sum(interruptions) DESC, 1 LIMIT 20)
GROUP BY ALL
"""
MOST = f"""
SELECT domain, app, stream FROM push_interruptions_daily WHERE {_SCOPE} AND interruptions > 0
GROUP BY domain, app, stream
ORDER BY sum(interruptions) DESC, sum(interrupted_s) DESC, domain, app, stream LIMIT $most
"""
"""The streams that were interrupted most."""
_SERIES = ("pushes", "interruptions", "off", "longest")


def load(store: Store) -> None:
    """The series of the account (or push domain), push domains, chosen streams and reasons."""
    source = store.source
    store.main.series |= main_series(source, source.range)
    push = source.domain and source.domain.push
    sql = _DAYS.format(key="domain,", where="AND domain IN (SELECT unnest($names))")
    rows = source.rows(sql, push=push, names=store.names)
    store.fill("domain", by_key(rows), _SERIES, SECTION.needs)
    where = "AND concat_ws(chr(31), domain, app, stream) IN (SELECT unnest($keys))"
    sql = _DAYS.format(key="domain, app, stream,", where=where)
    store.fill(
        "stream",
        by_key(source.rows(sql, push=push, keys=store.stream_keys), 3),
        _SERIES,
        SECTION.needs,
    )
    rows = source.rows(_REASONS, push=push)
    store.fill("reason", by_key(rows), ("interruptions", "off"), SECTION.needs)
    if unnamed := store.groups.get("reason", {}).get(("",)):
        unnamed.label = say(NO_REASON, store.language)


def main_series(source: Source, days: Range) -> Mapping[str, Series]:
    """The daily series of the account or of the push domain, over any days."""
    rows = source.rows(
        _DAYS.format(key="", where=""), days, push=source.domain and source.domain.push
    )
    return alone(source, rows, _SERIES, SECTION.needs, days)
