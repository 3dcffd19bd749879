"""What was erased from a day does not come back with a later answer: it is cut out before it is stored.

An answer is proven as it came, and read again without the item. Not here: erasing what is stored
(resources/erasure), the files of a day (partition_writer.py).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from resources.api import body as api_body
from resources.api.catalog.datasets import Dataset
from resources.api.parsing.parse import Rows, join, read_page
from resources.api.request_plan import Request, request_of
from resources.capture.answers import Answer, FetchedPage, FetchResult, Unanswered
from resources.capture.rejected_answers import body_of
from resources.erasure import answers
from resources.erasure.requests import GONE, names_of, payload_without
from resources.home.layout import Home
from resources.lake.write_stats import WriteStats
from resources.raw import captures, erased_rows
from resources.raw.captures import Capture
from resources.raw.erasures import Erasure, Erasures

_WORD = re.compile(r"[\w.:-]+")


@dataclass
class ErasedItems:
    """The erasures that are about one day, and whether an answer to its requests held one's item."""

    dataset: Dataset
    erasures: tuple[Erasure, ...]
    has_cut: bool = False
    taken: Counter[str] = field(default_factory=Counter)
    """Rows that were cut out, by domain; of rows that tell none, under ""."""

    @classmethod
    def of(cls, home: Home, dataset: Dataset, day: date) -> ErasedItems:
        """Those that the home knows now. Raises ErasuresUnreadable."""
        return cls(dataset, Erasures.of(home.raw).about(day))

    def payload(self, payload: Mapping[str, Any]) -> dict[str, Any] | None:
        """A request without what was erased; None if it is about nothing else."""
        left: dict[str, Any] | None = dict(payload)
        for erasure in self.erasures:
            left = None if left is None else payload_without(self.dataset, left, erasure)
        return left

    def answer(self, answer: Answer) -> Answer | None:
        """An answer without what was erased; None if it is about nothing else."""
        left = self._without(answer) if self.erasures else answer
        if left is not answer:
            self.has_cut = True
            if isinstance(answer, FetchResult):
                after = left.rows if isinstance(left, FetchResult) else None
                self.taken += self._stats(after).taken_from(self._stats(answer.rows))
        return left

    def _stats(self, rows: Rows | None) -> WriteStats:
        stats = WriteStats(self.dataset)
        if rows is not None:
            stats.add(rows)
            for table in rows.tables():
                stats.add_domains(table)
        return stats

    def _without(self, answer: Answer) -> Answer | None:
        payload = self.payload(answer.request.payload)
        if payload is None:
            return None
        request = answer.request
        if payload != request.payload:
            is_any_width = request.is_any_width
            request = replace(request_of(self.dataset, payload), is_any_width=is_any_width)
        if isinstance(answer, Unanswered):
            pages = self._rejected(answer.pages)
            is_same = request is answer.request and pages is answer.pages
            return answer if is_same else replace(answer, request=request, pages=pages)
        pages = self._pages(answer.pages)
        return answer if pages is answer.pages else self._read(request, pages)

    def _pages(self, pages: Sequence[FetchedPage]) -> Sequence[FetchedPage]:
        left = [self._page(page) for page in pages]
        is_same = all(one is old for one, old in zip(left, pages, strict=True))
        return pages if is_same else left

    def _read(self, request: Request, pages: Sequence[FetchedPage]) -> FetchResult:
        reduced = replace(request, is_reduced=True)
        read = [read_page(self.dataset, reduced, body_of(one), one.page) for one in pages]
        return FetchResult(request, pages, join(self.dataset, reduced, read))

    def _rejected(self, pages: Sequence[FetchedPage]) -> Sequence[FetchedPage]:
        """What could not be read, as far as it can be told that it does not hold what was erased."""
        try:
            return self._pages(pages)
        except answers.NotJson:
            return ()

    def _page(self, page: FetchedPage) -> FetchedPage:
        """A page without what was erased; itself if that is not in it."""
        payload = self.payload(page.payload) or {}
        whole = left = api_body.whole(body_of(page))
        for erasure in self.erasures:
            left = answers.without(left, erasure, names_of(self.dataset, page.payload))
        if left == whole and payload == page.payload:
            return page
        return replace(page, payload=payload, size=len(left), stored=captures.pack(left))

    def domains(self, names: Sequence[str]) -> list[str]:
        """Names of domains, without those that were erased."""
        return [one for one in names if not self._is_erased(one)]

    def words(self, text: str) -> str:
        """A message without the names that were erased."""
        return _WORD.sub(lambda m: GONE if self._is_erased(m[0]) else m[0], text)

    def _is_erased(self, name: str) -> bool:
        return any(answers.is_mention(name, erasure) for erasure in self.erasures)

    def facts(self, carried: Capture | None) -> dict[str, object]:
        """The entry of a manifest that tells of erasures; `carried`: its answers are taken over."""
        ids = [*carried.manifest.get("erased", ())] if carried else []
        ids += [one.id for one in self.erasures] if self.has_cut else []
        taken = self.taken + Counter(erased_rows.of_manifest(carried.manifest) if carried else {})
        rows = erased_rows.entry(taken, self.erasures)
        return {"erased": [*dict.fromkeys(ids)], **rows} if ids else {}
