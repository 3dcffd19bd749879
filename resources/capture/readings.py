"""Answers that are proven only by coming again with the same rows: kept and compared over attempts.

Not here: the attempts (fetcher.py, read it next); what the pages of one answer prove by themselves
(api/pagination.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pyarrow as pa

from resources.api.catalog.model import Paging
from resources.api.errors import IncompleteAnswer
from resources.api.pagination import PAGING_ATTEMPTS
from resources.capture.answers import FetchResult


@dataclass
class Readings:
    """The answers to one request, one after the other."""

    action: str
    _paging: Paging | None = None  # as the dataset asks for pages
    _doubled: list[pa.Table] = field(default_factory=list)
    _others: list[pa.Table] = field(default_factory=list)
    _page_rows: int = 0  # of the first answer with a key twice

    @property
    def paging(self) -> Paging | None:
        """How the pages of the next attempt are asked for.

        A server that sorts by what rows have in common may cut each page out of another order, and
        the same one each time: a row is on two pages, another on none. Pages of another size then
        have other rows. So after a key came twice, the attempts between first and last have smaller ones.
        """
        if self._paging is None or not self.has_smaller_pages:
            return self._paging
        size = max(self._paging.smallest, self._page_rows - len(self._doubled))
        return replace(self._paging, size=size)

    @property
    def has_smaller_pages(self) -> bool:
        """Whether the next attempt asks for smaller pages than the first one.

        Two of them may then hold equal rows, down to one row each. That a page did not simply come again
        is told by the rows of all pages, which are compared with those of the first attempt.
        """
        return 0 < len(self._doubled) < PAGING_ATTEMPTS - 1

    def check_doubled(self, result: FetchResult) -> None:
        """Raise IncompleteAnswer if a key comes twice on several pages, and a row may have moved.

        It has not if all attempts find the same rows.
        """
        if not result.rows.doubled or len(result.pages) == 1:
            return
        self._doubled.append(pa.concat_tables(result.rows.tables()))
        self._page_rows = self._page_rows or -(-len(self._doubled[0]) // len(result.pages))
        first = self._doubled[0]
        if len(self._doubled) < PAGING_ATTEMPTS or not all(map(first.equals, self._doubled)):
            raise IncompleteAnswer(
                f"keys came twice on {len(result.pages)} pages of {result.request}",
                action=self.action,
            )

    def must_come_again(self, result: FetchResult, *, is_last: bool) -> bool:
        """True if only a second answer with the same rows proves this one, and none has come yet.

        Raises IncompleteAnswer if it is the last attempt, and no two in a row were the same.
        """
        if not result.rows.needs_second:
            return False
        self._others.append(pa.concat_tables(result.rows.tables()))
        if len(self._others) > 1 and self._others[-2].equals(self._others[-1]):
            return False
        if is_last:
            raise IncompleteAnswer(
                "other rows came each time, and an approximate total proves none of them",
                action=self.action,
            )
        return True
