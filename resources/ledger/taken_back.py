"""What a later answer takes back: the figures or events of a domain that an earlier one has.

The vendor restates figures, and lists more events than before. That all figures of a domain go, or most
of its events, is rather a fault of the later answer. Not here: answers that have no row at all
(contradictions.py, read it next).
"""

from __future__ import annotations

from collections.abc import Sequence

from resources.api.catalog import DATASETS
from resources.api.catalog.model import Scope
from resources.lake.activity import DAY
from resources.raw.manifest_facts import ManifestFacts


def taken_back(captures: Sequence[ManifestFacts]) -> tuple[str, ...]:
    """What the newest of a day's captures lacks of the earlier ones, in words; sorted by domain.

    `captures` are of one dataset, oldest first. Only domains that the newest has an answer for are
    compared, and those that it has more of than nothing only where it lists events.
    """
    if not captures:
        return ()
    *earlier, newest = captures
    found: dict[str, str] = {}
    for domain, rows in newest.rows_by_domain.items():
        count = rows + newest.erased_rows.get(domain, 0)
        before = max((one.rows_by_domain.get(domain, 0) for one in earlier), default=0)
        had_figures = any(_has_figures(one, domain) for one in earlier)
        if (before and not count) or (had_figures and not _has_figures(newest, domain)):
            found[domain] = f"nothing of {domain}, and an earlier answer has some"
        elif 2 * count < before and _lists_events(newest.dataset):
            found[domain] = f"an earlier answer has more than twice as many rows of {domain}"
    return tuple(found[domain] for domain in sorted(found))


def _has_figures(facts: ManifestFacts, domain: str) -> bool:
    """True if a figure of the domain is known to be more than nothing."""
    return bool(facts.hours_by_domain.get(domain, (0, 0))[0] >> DAY & 1)


def _lists_events(name: str) -> bool:
    """True if a row is something that happened: of series, slots without data may be left out.

    Not of a dataset that asks about single streams: a person may have called some of them gone.
    """
    dataset = DATASETS.get(name)
    return dataset is not None and dataset.bucket_s is None and dataset.scope is not Scope.STREAM
