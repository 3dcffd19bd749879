"""What only a second answer proves: it is asked again, and taken once two are the same."""

from __future__ import annotations

from contextlib import suppress

import pyarrow as pa
import pytest

from resources.api.catalog.model import Paging
from resources.api.errors import IncompleteAnswer
from resources.api.pagination import PAGING_ATTEMPTS
from resources.api.parsing.parse import Rows
from resources.api.request_plan import Request
from resources.capture.answers import FetchResult
from resources.capture.readings import Readings


def result(values, *, needs_second=True):
    rows = Rows(pa.table({"x": values}), 0, (), (), needs_second=needs_second)
    return FetchResult(Request(payload={}), [], rows)


def test_it_comes_again_until_two_in_a_row_are_the_same():
    readings = Readings("DescribeX")
    asked = [readings.must_come_again(result(v), is_last=False) for v in ([1], [1, 2], [1, 2])]
    assert asked == [True, True, False]


def test_the_last_one_is_refused_unless_it_is_the_same():
    readings = Readings("DescribeX")
    assert readings.must_come_again(result([1]), is_last=False)
    with pytest.raises(IncompleteAnswer, match="approximate total"):
        readings.must_come_again(result([2]), is_last=True)


def test_what_proves_itself_does_not_come_again():
    assert not Readings("DescribeX").must_come_again(result([], needs_second=False), is_last=False)


def doubled(values, pages=2):
    rows = Rows(pa.table({"x": values}), 0, (), (), doubled=True)
    return FetchResult(Request(payload={}), [None] * pages, rows)


def test_keys_that_come_twice_on_one_page_are_proven_by_it():
    Readings("DescribeX").check_doubled(doubled([1, 1], pages=1))


@pytest.mark.parametrize(
    ("others", "is_proven"),
    [([[1, 1, 2]] * 3, True), ([[1, 1, 2]] * 2, False), ([[1, 1, 2], [1, 2, 2], [1, 1, 2]], False)],
    ids=["the same four times", "the same three times", "once another"],
)
def test_on_several_pages_they_are_if_every_attempt_has_the_same_rows(others, is_proven):
    """A row that has moved from page to page does not stay where it is."""
    readings = Readings("DescribeX")
    for values in ([1, 1, 2], *others[:-1]):
        with pytest.raises(IncompleteAnswer, match="came twice on 2 pages"):
            readings.check_doubled(doubled(values))
    if is_proven:
        readings.check_doubled(doubled(others[-1]))
    else:
        with pytest.raises(IncompleteAnswer, match="came twice on 2 pages"):
            readings.check_doubled(doubled(others[-1]))


@pytest.mark.parametrize(
    ("rows", "pages", "smallest", "sizes"),
    [
        (7, 3, 1, [1000, 2, 1, 1000]),
        (2500, 3, 1, [1000, 833, 832, 1000]),
        (40, 4, 10, [1000, 10, 10, 1000]),
    ],
)
def test_pages_of_other_sizes_are_asked_for_after_a_key_came_twice(rows, pages, smallest, sizes):
    """A server that cuts each page out of another order repeats itself only at the same size."""
    paging = Paging(size=1000, smallest=smallest, largest=1000, default=None)
    readings, asked = Readings("DescribeX", paging), []
    for _ in range(PAGING_ATTEMPTS):
        asked.append(readings.paging.size)
        with suppress(IncompleteAnswer):
            readings.check_doubled(doubled([1, 1, *range(rows - 2)], pages))
    assert asked == sizes
    assert Readings("DescribeX").paging is None


@pytest.mark.parametrize("most", [3, 4, 1000])
@pytest.mark.parametrize("turn", [lambda rows, page: rows[page:] + rows[:page],
                                  lambda rows, page: rows if page % 2 else rows[::-1]])  # fmt: skip
def test_a_server_that_sorts_each_page_in_its_own_way_is_never_proven(turn, most):
    """Rows that are equal in what it sorts by come in another order with another offset."""
    rows = [*range(8)]
    paging = Paging(size=6, smallest=1, largest=1000, default=None)
    readings, refused = Readings("DescribeX", paging), 0
    for _ in range(PAGING_ATTEMPTS):
        size = min(readings.paging.size, most)
        starts = range(0, len(rows), size)
        pages = [turn(rows, at // size)[at : at + size] for at in starts]
        listed = sorted(row for page in pages for row in page)
        assert len({*listed}) < len(listed) == len(rows)  # as many as there are, and one twice
        try:
            readings.check_doubled(doubled(listed, len(pages)))
        except IncompleteAnswer:
            refused += 1
    assert refused == PAGING_ATTEMPTS
