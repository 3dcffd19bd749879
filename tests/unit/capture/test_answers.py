"""What an answer holds of the memory, and what an unanswered request does not."""

import pyarrow as pa

from resources.api.errors import FixRequest
from resources.api.parsing.parse import Rows
from resources.api.request_plan import Request
from resources.capture.answers import FetchedPage, FetchResult, Unanswered

REQUEST = Request(payload={})


def test_an_answer_holds_its_rows_and_its_compressed_bodies():
    pages = [FetchedPage(n, {}, "2026-11-21T00:00:00Z", 1000 * n, b"12345") for n in (1, 2)]
    rows = Rows(pa.table({"n": [1, 2]}), 0, (), ())
    found = FetchResult(REQUEST, pages, rows)
    assert found.is_proven
    assert found.held_bytes == rows.nbytes + 10
    assert found.largest_bytes == 2000


def test_an_unanswered_request_holds_nothing_and_proves_nothing():
    found = Unanswered(REQUEST, FixRequest("no"))
    assert (found.is_proven, found.held_bytes, found.largest_bytes) == (False, 0, 0)
