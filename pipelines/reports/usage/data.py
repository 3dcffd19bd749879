"""What the page has for its script: daily series, slots and the declarations of the sections, as JSON.

Read next: script/texts.js.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from pipelines.cli import screen
from pipelines.reports.usage import gaps, words
from pipelines.reports.usage.billing import Billing
from pipelines.reports.usage.cover import Coverage
from pipelines.reports.usage.entities import Entity, Store
from pipelines.reports.usage.section import DAY_ROWS, Section
from pipelines.reports.usage.view import View
from resources.i18n import say


def data(
    store: Store, views: Sequence[View], billing: Billing, coverage: Coverage
) -> dict[str, Any]:
    """All that the script reads. Days are their index in the range, 0 for the first."""
    source, language = store.source, store.language
    place = {day: i for i, day in enumerate(source.range.days)}
    missing: dict[str, list[tuple[int, int, str]]] = {
        name: [
            (place[first], place[last], say(why, language))
            for why, days in gaps.missing_by_reason(source, name).items()
            for first, last in screen.day_ranges(days)
        ]
        for name in {*source.states, *(name for view in views for name in view.section.needs)}
    }
    return {
        "first": f"{source.range.first}",
        "starts": [int(at.timestamp()) for at in store.starts],
        "zone": source.zone.key,
        "language": language,
        "day_rows": DAY_ROWS,
        "main": _entity(store.main, {}),
        "groups": _groups(store),
        "missing": dict(sorted(missing.items())),
        "before": {
            view.section.id: {
                "value": store.before.get(view.section.id),
                "lacks": bool(source.holes(view.section.needs, source.range.before)),
            }
            for view in views
        },
        "months": billing.rows,
        "coverage": {key: coverage.texts[key] for key in ("all", "some", "part")},
        "sections": [_section(view.section) for view in views if not view.nothing],
        "words": {key: words.page(key, language) for key in words.PAGE},
    }


def safe(found: Mapping[str, Any]) -> Markup:
    """The JSON for a <script> element: no name in it can end the element, or begin a comment.

    Letters of all languages stand as they are: `livestats erase` looks for names in the file.
    """
    return htmlsafe_json_dumps(
        found, json.dumps, separators=(",", ":"), allow_nan=False, ensure_ascii=False
    )


def _groups(store: Store) -> dict[str, list[dict[str, Any]]]:
    places = {
        id(entity): i for known in store.groups.values() for i, entity in enumerate(known.values())
    }
    return {
        group: [_entity(entity, places) for entity in known.values()]
        for group, known in store.groups.items()
    }


def _entity(entity: Entity, places: Mapping[int, int]) -> dict[str, Any]:
    found: dict[str, Any] = {"label": entity.label, **entity.facts, "series": entity.series}
    if entity.whole:
        found["whole"] = entity.whole
    if entity.fine:
        found["fine"] = {name: vars(fine) for name, fine in entity.fine.items()}
    if entity.via is not None:
        found["via"] = places[id(entity.via)]
    return found


def _section(section: Section) -> dict[str, Any]:
    """The declaration, without what is empty."""
    return _plain(asdict(section))  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _plain(one) for key, one in value.items() if one not in ("", (), None, [], False)
        }
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value
