"""A walk over pages brings every row once, or says that it could not."""

from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api.catalog import ENDPOINTS
from resources.api.catalog.shared import STREAM_PAGES
from resources.api.errors import IncompleteAnswer
from resources.api.pagination import (
    PageFacts,
    facts,
    fetch_pages,
    is_proven_by_itself,
    listable,
    next_page,
    page_payload,
)

TOP_PLAY = ENDPOINTS["DescribeLiveTopPlayData"].paging
PUSH_INFO = ENDPOINTS["DescribeLivePushStreamInfoData"].paging
DOMAINS = ENDPOINTS["ListDomainDetail"].paging
A = "DescribeX"


class Page(NamedTuple):
    """A page as the loop sees it."""

    facts: PageFacts | None
    rows: list

    def repeats(self, earlier):
        return self.rows == earlier.rows


def all_rows(paging, serve):
    """Rows of the pages that count; `serve(number, size)` gives (facts, rows)."""
    pages = []

    def fetch(number, payload):
        assert number < 100, "there is no end of pages"
        size = int(payload[paging.size_param])
        assert payload == {"Domain": "d", **page_payload(replace(paging, size=size), number)}
        if number == 1:
            pages.clear()
        pages.append(Page(*serve(number, size)))
        return pages[-1]

    for _ in fetch_pages(A, paging, {"Domain": "d"}, fetch):
        pass
    return [row for page in pages for row in page.rows]


def paged(listing, paging, number, size=None, *, echo=None, total=None):
    """Page `number` of `listing`, and what it says of itself."""
    size = size or paging.size
    rows = listing[: paging.most_rows][(number - 1) * size : number * size]
    told = number if echo is None else echo
    return PageFacts(
        number=None if paging.echo is None else told,
        total=len(listing) if total is None else total,
        rows=len(rows),
    ), rows


small = st.builds(
    replace,
    st.sampled_from([STREAM_PAGES, DOMAINS, TOP_PLAY]),
    size=st.integers(1, 6),
    most_rows=st.one_of(st.none(), st.integers(0, 12)),
)


@given(small, st.integers(0, 25))
def test_an_unmoved_list_comes_whole_and_in_as_few_pages_as_possible(paging, length):
    """No rows, a last page that is full, one row more; or the first ranks, if no more are listed."""
    listing, asked = list(range(length)), []

    def serve(number, _):
        asked.append(number)
        return paged(listing, paging, number)

    assert all_rows(paging, serve) == listing[: paging.most_rows]
    pages = -(-listable(paging, length) // paging.size)
    assert asked == list(range(1, max(1, pages) + 1))


def moved(listing, change, at):
    """The list after something happened to it between two pages."""
    match change:
        case "grows":
            return [*listing, 1000 + at]
        case "grows in front":
            return [1000 + at, *listing]
        case "shrinks":
            return listing[:-1]
        case "shrinks in front":
            return listing[1:]
        case "slides":
            return [*listing[1:], 1000 + at]
        case "turns":
            return [*listing[1:], *listing[:1]]
        case "empties":
            return []
        case _:
            return listing


changes = st.sampled_from(
    ["grows", "grows in front", "shrinks", "shrinks in front", "slides", "turns", "empties"]
)


any_list = given(
    paging=small.filter(lambda p: p.most_rows is None),
    length=st.integers(0, 25),
    events=st.dictionaries(st.integers(2, 6), changes, max_size=3),
    repeats=st.dictionaries(st.integers(2, 6), st.integers(1, 6), max_size=1),
    stale_total=st.booleans(),
)


def check_a_moving_list(paging, length, events, repeats, stale_total):
    """Whatever happens before a page is served (or which page is served in its place), a walk that
    ends has as many rows as every page announced; keys that differ then make them the list."""
    listing, totals = list(range(length)), []

    def serve(number, size):
        nonlocal listing
        if number == 1:
            totals.clear()
        listing = moved(listing, events.get(number, ""), number)
        total = length if stale_total else len(listing)
        totals.append(total)
        served = repeats.get(number, number)
        return paged(listing, paging, served, size, echo=served, total=total)

    try:
        rows = all_rows(paging, serve)
    except IncompleteAnswer:
        return
    assert set(totals) == {len(rows)}
    if paging.echo is not None:
        assert all(repeats.get(n, n) == n for n in range(1, len(totals) + 1))
    if not any(n <= len(totals) for n in (*events, *repeats)):
        assert rows == list(range(length))
    # One row twice and one never is for the keys to show: with unique keys, and as long as rows
    # only change places, complete means complete.
    if len(set(rows)) == len(rows) and set(events.values()) <= {"turns"}:
        assert sorted(rows) == list(range(length))


@settings(max_examples=150)
@any_list
def test_a_moving_list_is_never_taken_for_complete(paging, length, events, repeats, stale_total):
    check_a_moving_list(paging, length, events, repeats, stale_total)


@pytest.mark.slow
@settings(max_examples=2000)
@any_list
def test_a_list_that_moves_in_many_more_ways_is_never_taken_for_complete(
    paging, length, events, repeats, stale_total
):
    check_a_moving_list(paging, length, events, repeats, stale_total)


def told(*pages):
    return [PageFacts(number=n, total=t, rows=r) for n, t, r in pages]


@pytest.mark.parametrize(
    ("pages", "why"),
    [
        (told((2, 5, 5)), "page 1 was asked for and page 2 came"),
        (told((1, 1500, 1000), (1, 1500, 500)), "page 2 was asked for and page 1 came"),
        (told((1, 1500, 1000), (2, 1501, 501)), "moved from 1500 to 1501 rows at page 2"),
        (told((1, 1500, 1000), (2, 1499, 499)), "moved from 1500 to 1499 rows at page 2"),
        (told((1, 10, 11)), "11 rows came on 1 pages of 1000, 10 were announced"),
        (told((1, 2000, 1001)), "1001 rows came on 1 pages of 1000"),
        (told((1, 0, 1)), "1 rows came on 1 pages of 1000, 0 were announced"),
        (
            told((1, 10, 9), (2, 10, 0)),
            "page 2 of 1000 is empty, and 1 of 10 rows are still missing",
        ),
        (told((1, 10, 0)), "10 of 10 rows are still missing"),
    ],
)
def test_what_does_not_add_up_is_said_with_numbers(pages, why):
    with pytest.raises(IncompleteAnswer, match=why) as error:
        next_page(A, STREAM_PAGES, pages)
    assert error.value.action == A


@pytest.mark.parametrize(
    ("total", "rows", "following"),
    [(0, 0, None), (999, 999, None), (1000, 1000, None), (1001, 1000, 2), (120, 100, 2)],
    ids=["no rows", "a short page", "exactly one page", "one row more", "the server's own limit"],
)
def test_after_the_first_page(total, rows, following):
    assert next_page(A, STREAM_PAGES, told((1, total, rows))) == following


def test_only_the_first_thousand_ranks_can_be_listed():
    """TopPlay announces all items and lists 1000 of them: that is all there is to get."""
    assert next_page(A, TOP_PLAY, told((1, 250_000, 1000))) is None
    with pytest.raises(IncompleteAnswer, match="1 of 1000 rows are still missing"):
        next_page(A, TOP_PLAY, told((1, 250_000, 999), (2, 250_000, 0)))


@pytest.mark.parametrize(
    ("paging", "fields"),
    [
        (STREAM_PAGES, {"PageNum": 3, "PageSize": 1000}),
        (PUSH_INFO, {"PageNum": 3, "PageSize": 1000}),
        (TOP_PLAY, {"PageNum": "3", "PageSize": "1000"}),
        (DOMAINS, {"PageNum": 3, "PageSize": 1000}),
    ],
    ids=["streams", "pushes", "ranking in strings", "domains"],
)
def test_what_is_asked_for_a_page(paging, fields):
    assert page_payload(paging, 3) == fields


@pytest.mark.parametrize(
    ("paging", "result", "number", "total"),
    [
        (STREAM_PAGES, {"Pagination": {"PageNum": 2, "TotalCount": 7}}, 2, 7),
        (PUSH_INFO, {"Pagination": {"PageCur": 2, "TotalCount": 7}}, 2, 7),
        (TOP_PLAY, {"Pagination": {"PageNum": "2", "TotalCount": "7"}}, 2, 7),
        (DOMAINS, {"Total": 7}, None, 7),
    ],
    ids=["streams", "pushes", "ranking in strings", "domains"],
)
def test_what_a_page_says_of_itself(paging, result, number, total):
    assert facts(A, paging, result, 3) == PageFacts(number=number, total=total, rows=3)


@pytest.mark.parametrize(
    "total", [None, "", "many", "-1", -1, "7.0", True, [7], "٧" * 20, "9" * 5000, "x" * 10**6]
)
def test_a_total_that_is_no_number_is_not_guessed(total):
    result = {"Pagination": {"PageNum": "1", "TotalCount": total}}
    with pytest.raises(IncompleteAnswer, match="TotalCount is .*not a number") as error:
        facts(A, TOP_PLAY, result, 3)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize("result", [{}, {"Pagination": None}, {"Pagination": "1 of 1"}], ids=str)
def test_without_the_block_of_pages_nothing_is_proven(result):
    with pytest.raises(IncompleteAnswer, match="no Pagination in the answer"):
        facts(A, STREAM_PAGES, result, 0)


def test_an_answer_without_pages_is_one_call_with_its_payload_as_it_is():
    calls = []

    def fetch(number, payload):
        calls.append((number, payload))
        return Page(None, [])

    assert [*fetch_pages(A, None, {"Domain": "d"}, fetch)] == [Page(None, [])]
    assert calls == [(1, {"Domain": "d"})]


# --- servers with a page size of their own ---


SERVERS = {
    # number, size asked for, most rows a page -> first row, rows
    "its own pages": lambda number, size, cap: ((number - 1) * min(size, cap), min(size, cap)),
    "pages as asked, cut off": lambda number, size, cap: ((number - 1) * size, min(size, cap)),
    "a row held back on each page": lambda number, size, cap: (
        (number - 1) * min(size, cap) - (number > 1),
        min(size, cap),
    ),
    "always the first page": lambda _, size, cap: (0, min(size, cap)),
}


any_server = given(
    paging=st.builds(
        replace,
        st.sampled_from([STREAM_PAGES, DOMAINS, TOP_PLAY]),
        size=st.integers(1, 12),
        smallest=st.integers(1, 4),
        most_rows=st.one_of(st.none(), st.integers(0, 30)),
    ),
    length=st.integers(0, 40),
    cap=st.integers(1, 12),
    kind=st.sampled_from([*SERVERS]),
    last_again=st.booleans(),
)


def check_a_server_with_its_own_page_size(paging, length, cap, kind, last_again):
    """`last_again`: a page beyond the end is the last page again."""
    listing = list(range(length))[: paging.most_rows]

    def serve(number, size):
        start, most = SERVERS[kind](number, size, cap)
        if last_again and start >= len(listing):
            start = max(0, (len(listing) - 1) // most * most)
        rows = listing[start : start + most]
        told = None if paging.echo is None else number
        return PageFacts(number=told, total=length, rows=len(rows)), rows

    try:
        rows = all_rows(paging, serve)
    except IncompleteAnswer:
        can_be_walked = cap >= min(paging.size, paging.smallest) and not last_again
        assert kind not in ("its own pages", "pages as asked, cut off") or not can_be_walked
        return
    assert len(rows) == len(listing)
    if len({*rows}) == len(rows):  # what comes twice is for the keys to show
        assert rows == listing


@settings(max_examples=150)
@any_server
def test_a_server_with_its_own_page_size_gives_every_row_once_or_is_refused(
    paging, length, cap, kind, last_again
):
    check_a_server_with_its_own_page_size(paging, length, cap, kind, last_again)


@pytest.mark.slow
@settings(max_examples=2000)
@any_server
def test_many_more_servers_with_their_own_page_size_give_every_row_once_or_are_refused(
    paging, length, cap, kind, last_again
):
    check_a_server_with_its_own_page_size(paging, length, cap, kind, last_again)


@pytest.mark.parametrize(
    ("total", "kind", "asked"),
    [
        (120, "its own pages", [(1, 1000), (2, 1000)]),
        (120, "pages as asked, cut off", [(1, 1000), (2, 1000), (1, 100), (2, 100)]),
        (1120, "pages as asked, cut off", [(1, 1000), (2, 1000), (3, 1000)]),
    ],
)
def test_pages_of_a_hundred_rows_to_a_question_for_a_thousand(total, kind, asked):
    """In the third case pages go on at the size seen: 1, 2, ... 12."""
    listing, requests = list(range(total)), []

    def serve(number, size):
        requests.append((number, size))
        start, most = SERVERS[kind](number, size, 100)
        rows = listing[start : start + most]
        return PageFacts(number=number, total=total, rows=len(rows)), rows

    assert all_rows(STREAM_PAGES, serve) == listing
    assert requests[: len(asked)] == asked
    assert requests[len(asked) :] == ([(n, 100) for n in range(1, 13)] if total > 1000 else [])


def test_a_page_that_comes_again_is_no_new_page():
    """The rows of one page twice are as many as announced; without page numbers only they show it."""

    def serve(_number, _size):
        return PageFacts(number=None, total=2000, rows=1000), list(range(1000))

    with pytest.raises(IncompleteAnswer, match="page 1 came again"):
        all_rows(DOMAINS, serve)


def test_a_page_with_the_rows_of_the_one_before_is_taken_where_the_caller_compares_all_rows():
    listing = [1, 1, 2]

    def fetch(number, _):
        return Page(*paged(listing, replace(DOMAINS, size=1), number))

    small = replace(DOMAINS, size=1)
    with pytest.raises(IncompleteAnswer, match="page 1 came again"):
        [*fetch_pages(A, small, {}, fetch)]
    found = fetch_pages(A, small, {}, fetch, may_repeat=True)
    assert [row for page in found for row in page.rows] == listing


def test_whoever_has_seen_enough_requests_no_more_pages():
    listing, asked = list(range(2500)), []

    def fetch(number, _):
        asked.append(number)
        return Page(*paged(listing, STREAM_PAGES, number))

    pages = fetch_pages(A, STREAM_PAGES, {}, fetch)
    assert next(pages).rows == listing[:1000]
    assert asked == [1]


# --- an approximate total ---

CLOSED = ENDPOINTS["DescribeClosedStreamInfoByPage"].paging


@given(
    size=st.integers(1, 6),
    length=st.integers(0, 25),
    allowed=st.integers(1, 8),
    by_own=st.booleans(),
    rough=st.integers(0, 40),
)
def test_without_a_total_a_list_comes_whole_whatever_size_the_server_allows(
    size, length, allowed, by_own, rough
):
    """The server may give fewer rows than asked, and count pages by the asked size or by its own."""
    listing = list(range(length))

    def serve(number, asked):
        most = min(asked, allowed)
        first = (number - 1) * (most if by_own else asked)
        rows = listing[first : first + most]
        return PageFacts(number=None, total=rough, rows=len(rows)), rows

    assert all_rows(replace(CLOSED, size=size), serve) == listing


def test_the_page_behind_a_short_one_is_asked_at_its_size():
    asked = []

    def serve(number, size):
        asked.append((number, size))
        rows = list(range(3)) if number == 1 else []
        return PageFacts(number=None, total=10, rows=len(rows)), rows

    assert all_rows(CLOSED, serve) == [0, 1, 2]
    assert asked == [(1, 1000), (2, 3)]


@pytest.mark.parametrize(
    ("rows", "rough", "proven"),
    [((), 0, True), ((), 10, False), ((3,), 10, True), ((1000, 1), 1001, False)],
    ids=["none", "none, but the total says some", "one page", "rows may have moved between two"],
)
def test_one_answer_without_a_total_proves_one_page_only(rows, rough, proven):
    seen = [PageFacts(number=None, total=rough, rows=n) for n in (*rows, 0)]
    assert is_proven_by_itself(CLOSED, seen) is proven
    assert is_proven_by_itself(PUSH_INFO, seen)
