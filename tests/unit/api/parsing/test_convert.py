"""Columns from rows and requests: converted, filled in, and refused when they are about others.

What every dataset makes of whole answers is in test_parse.py.
"""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from resources.api.catalog import DATASETS
from resources.api.catalog.columns import BUSINESS_DATE
from resources.api.errors import WrongAnswer
from resources.api.parsing.convert import row_schema, table_of
from resources.api.parsing.flatten import FlatRows
from resources.api.request_plan import Request

COUNT, TOP = DATASETS["stream_count"], DATASETS["top_play"]
NOON = "2026-11-21T12:00:00+08:00"


def flat(dataset, answer, **columns):
    """Rows of which `answer` tells the response; values by the names of their columns."""
    fields = {f.column: f for level in dataset.endpoint.rows.levels for f in level.fields}
    where = np.array(answer, dtype=int)
    items = pa.array([{}] * len(answer), pa.struct([]))
    named = {name: (fields[name], pa.array(values)) for name, values in columns.items()}
    return FlatRows(named, len(answer), where, np.arange(len(answer)), items, where)


def counted(times, requests=None, answer=None, **more):
    """The table of stream_count for rows at these times."""
    rows = flat(
        COUNT,
        answer or [0] * len(times),
        slot_start_at=times,
        peak_streams=[1] * len(times),
        **more,
    )
    return table_of(COUNT, requests or [about("a.example")], rows)


def about(domain, **payload):
    return Request(payload=payload, constants={"domain": domain, "stream_type": "push"})


def ranked(domains, *asked, answer=None, before=0, peak=1e6):
    """The table of top_play for rows about these domains; `asked` are the requests."""
    count = len(domains)
    rows = flat(
        TOP, answer or [0] * count, domain=domains, app=[None] * count, stream=[None] * count,
        peak_bandwidth_mbps=[peak] * count, avg_bandwidth_mbps=[1.0] * count,
        traffic_bytes=[1.0] * count,
    )  # fmt: skip
    return table_of(TOP, asked or [ranking()], rows, before)


def ranking(*within):
    constants = {"query_type": "Domain", "sort_by": "TotalTraffic"}
    return Request(payload={}, constants=constants, within={"domain": frozenset(within)})


def test_the_schema_is_that_of_the_catalog_without_the_day():
    for dataset in DATASETS.values():
        declared = [c for c in dataset.columns if c.name != BUSINESS_DATE]
        schema = row_schema(dataset)
        assert [(f.name, f.nullable) for f in schema] == [(c.name, c.nullable) for c in declared]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        (NOON, datetime(2026, 11, 21, 4, tzinfo=UTC)),
        ("2026-11-21T04:00:00Z", datetime(2026, 11, 21, 4, tzinfo=UTC)),
        ("2026-11-21T04:00:00.123456789Z", datetime(2026, 11, 21, 4, 0, 0, 123456, UTC)),
    ],
)
def test_a_time_is_an_instant_in_utc_cut_to_microseconds(text, instant):
    assert counted([text])["slot_start_at"].to_pylist() == [instant]
    assert counted([NOON, text])["slot_start_at"].to_pylist()[1] == instant


@pytest.mark.parametrize("text", ["2026-11-21T12:00:00", "yesterday", "", "0000-12-31T12:00:00Z"])
def test_the_first_time_that_is_none_is_named(text):
    with pytest.raises(WrongAnswer, match="TimeStamp should be an RFC 3339 time") as refusal:
        counted([NOON, text, "also none"])
    assert repr(text) in str(refusal.value)


def test_what_the_rows_lack_is_what_was_asked_of_each_answer():
    two = [about("a.example"), about("b.example")]
    table = counted([NOON] * 3, two, [0, 1, 1])
    assert table["domain"].to_pylist() == ["a.example", "b.example", "b.example"]
    assert table["stream_type"].to_pylist() == ["push"] * 3


def test_what_neither_row_nor_request_says_is_refused():
    with pytest.raises(WrongAnswer, match="missing"):
        counted([NOON], [Request(payload={}, constants={"stream_type": "push"})])


def test_the_width_of_a_slot_is_the_one_that_was_asked_for():
    assert counted([NOON])["slot_seconds"].to_pylist() == [COUNT.bucket_s]
    two = [about("a.example", Aggregation=60), about("b.example", Aggregation=3600)]
    assert counted([NOON] * 3, two, [0, 0, 1])["slot_seconds"].to_pylist() == [60, 60, 3600]


def test_a_required_value_that_is_null_is_refused():
    with pytest.raises(WrongAnswer, match="filled"):
        ranked(["a.example", "b.example"], peak=None)


def test_ranks_count_in_each_answer_and_go_on_behind_earlier_slices():
    names = ["a.example"] * 5
    assert ranked(names, before=3)["rank"].to_pylist() == [4, 5, 6, 7, 8]
    two = [ranking(), ranking()]
    assert ranked(names, *two, answer=[0, 0, 1, 1, 1])["rank"].to_pylist() == [1, 2, 1, 2, 3]


def test_a_number_is_scaled_to_the_unit_of_its_column():
    assert ranked(["a.example"], peak=2.5e6)["peak_bandwidth_mbps"].to_pylist() == [2.5]


def test_a_domain_is_spelled_as_it_was_asked_for_and_no_other_comes_in():
    asked = ranking("A.Example", "b.example")
    found = ranked(["a.example", "b.example.", "A.Example"], asked)
    assert found["domain"].to_pylist() == ["A.Example", "b.example", "A.Example"]
    with pytest.raises(WrongAnswer, match=r"one of the 2 asked for"):
        ranked(["a.example", "c.example"], asked)


def test_a_row_may_be_about_what_its_own_answer_was_asked_for_only():
    two = [ranking("a.example"), ranking("b.example")]
    found = ranked(["A.EXAMPLE", "b.example"], *two, answer=[0, 1])
    assert found["domain"].to_pylist() == ["a.example", "b.example"]
    with pytest.raises(WrongAnswer, match=r"b\.example"):
        ranked(["b.example", "b.example"], *two, answer=[0, 1])


def test_no_rows_are_a_table_without_rows():
    assert counted([]).schema == row_schema(COUNT)
