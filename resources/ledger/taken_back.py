"""What a later answer takes back: the figures or events of a domain that an earlier one has.

The vendor restates figures, and lists more events than before. That all figures of a domain go, or most
of its events, is rather a fault of the later answer. Not here: answers that have no row at all
(contradictions.py, read it next).
"""

from __future__ import annotations

from collections.abc import Sequence

from resources.api.catalog import DATASETS
from resources.api.catalog.model import Scope
from resources.lake.activity import DAY, measure_of
from resources.raw.manifest_facts import ManifestFacts


def taken_back(captures: Sequence[ManifestFacts]) -> tuple[str, ...]:
    """What the newest of a day's captures lacks of the earlier ones, in words; sorted by domain.

    `captures` are of one dataset, oldest first. Only domains that the newest has an answer for are
    compared. Where figures are noted, these count and rows do not: what had no data may be zero in one
    answer and left out of the next.
    """
    if not captures:
        return ()
    *earlier, newest = captures
    is_gone = _figures_are_gone if measure_of(newest.dataset) is not None else _rows_are_gone
    domains = sorted(newest.rows_by_domain)
    return tuple(text for one in domains if (text := is_gone(earlier, newest, one)))


def _figures_are_gone(earlier: Sequence[ManifestFacts], newest: ManifestFacts, domain: str) -> str:
    had_some = any(_has_figures(one, domain) for one in earlier)
    if had_some and not _has_figures(newest, domain) and domain not in newest.erased_rows:
        return _NOTHING.format(domain)
    return ""


def _rows_are_gone(earlier: Sequence[ManifestFacts], newest: ManifestFacts, domain: str) -> str:
    rows = newest.rows_by_domain[domain] + newest.erased_rows.get(domain, 0)
    before = max((one.rows_by_domain.get(domain, 0) for one in earlier), default=0)
    if before and not rows:
        return _NOTHING.format(domain)
    if 2 * rows < before and _lists_events(newest.dataset):
        return f"an earlier answer has more than twice as many rows of {domain}"
    return ""


_NOTHING = "nothing of {}, and an earlier answer has some"


def _has_figures(facts: ManifestFacts, domain: str) -> bool:
    """True if a figure of the domain is known to be more than nothing."""
    return bool(facts.hours_by_domain.get(domain, (0, 0))[0] >> DAY & 1)


def _lists_events(name: str) -> bool:
    """True if a row is something that happened: of series, slots without data may be left out.

    Not of a dataset that asks about single streams: a person may have called some of them gone.
    """
    dataset = DATASETS.get(name)
    return dataset is not None and dataset.bucket_s is None and dataset.scope is not Scope.STREAM
