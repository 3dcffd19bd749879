"""Rows with one key: refused, one of them kept, or all kept and numbered, as the dataset declares."""

import json
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api.catalog import DATASETS
from resources.api.catalog.columns import OCCURRENCE
from resources.api.catalog.model import DuplicateKeys
from resources.api.errors import IncompleteAnswer
from resources.api.parsing.parse import join, read_page
from resources.api.parsing.parse_batch import read_batch
from tests.unit.api.parsing.test_parse import first_walk, sample_of

DOMAIN = DATASETS["domain"]
PUSHES = DATASETS["push_stream_info"]
LIVING, DELETED = {"Status": 0}, {"Status": 3}


def listed(*rows, number=1):
    """A page of the list of domains: name of the domain and what differs."""
    document = sample_of("domain")
    first = document["Result"]["DomainList"][0]
    document["Result"]["DomainList"] = [{**first, **row} for row in rows]
    document["Result"]["Total"] = len(rows)
    return read_page(DOMAIN, first_walk("domain"), json.dumps(document).encode(), number)


def kept(*pages):
    rows = join(DOMAIN, first_walk("domain"), pages)
    return [(row["domain"], row["status"], row["cname"]) for row in rows.table.to_pylist()], rows


@pytest.mark.parametrize(
    ("wanted", "other"),
    [
        (
            {**LIVING, "CreateTime": "2024-01-01T00:00:00Z"},
            {**DELETED, "CreateTime": "2023-01-01T00:00:00Z"},
        ),
        (
            {**LIVING, "CreateTime": "2023-01-01T00:00:00Z"},
            {**DELETED, "CreateTime": "2024-01-01T00:00:00Z"},
        ),
        ({"Status": 2, "CreateTime": ""}, {**DELETED, "CreateTime": "2024-01-01T00:00:00Z"}),
        (
            {**LIVING, "CreateTime": "2024-01-01T08:00:00+08:00"},
            {**LIVING, "CreateTime": "2023-12-31T23:59:59Z"},
        ),
        ({**DELETED, "CreateTime": "2024-01-01T00:00:00Z"}, {**DELETED, "CreateTime": ""}),
    ],
    ids=["created again", "deleted later", "disabled", "the newer one", "a time is known"],
)
@pytest.mark.parametrize("order", [1, -1])
def test_of_a_domain_listed_twice_the_living_one_is_kept_then_the_newest(wanted, other, order):
    rows = [
        {"Domain": "b.example", **wanted, "CNAME": "the right one"},  # sorts after the other
        {"Domain": "a.example", "CNAME": "a"},
        {"Domain": "b.example", **other, "CNAME": "no"},
    ][::order]
    found, joined = kept(listed(*rows))
    assert found == [("a.example", 0, "a"), ("b.example", wanted["Status"], "the right one")]
    assert joined.doubled
    assert not kept(listed(rows[0], rows[1]))[1].doubled


def test_domains_preferred_alike_are_told_apart_by_content():
    rows = [{"Domain": "b.example", "CNAME": name} for name in ("y", "x", "z")]
    assert kept(listed(*rows))[0] == kept(listed(*rows[::-1]))[0] == [("b.example", 0, "x")]


def test_both_pages_of_one_list_are_kept_and_a_page_that_came_again_is_refused():
    """Without a page number in the answer, only its rows show it."""
    one = listed({"Domain": "a.example"}, {"Domain": "b.example", **DELETED, "CNAME": "old"})
    two = listed({"Domain": "b.example", "CNAME": "new"}, {"Domain": "c.example"}, number=2)
    found, joined = kept(one, two)
    assert [name for name, _, _ in found] == ["a.example", "b.example", "c.example"]
    assert ("b.example", 0, "new") in found
    assert joined.doubled
    again = listed(
        {"Domain": "b.example", **DELETED, "CNAME": "old"}, {"Domain": "a.example"}, number=3
    )
    with pytest.raises(IncompleteAnswer, match="a key came twice"):
        kept(one, two, again)


def pushes(*reasons, dataset=PUSHES):
    """Pushes of one stream that begin in the same second, and one of another stream."""
    document = sample_of("push_stream_info")
    first, second = document["Result"]["PushStreamInfoDataList"][:2]
    document["Result"]["PushStreamInfoDataList"] = [
        *({**first, "StreamBreakReason": reason} for reason in reasons),
        {**second, "Stream": "another"},
    ]
    return read_page(dataset, first_walk("push_stream_info"), json.dumps(document).encode())


def numbered(*pages):
    rows = join(PUSHES, first_walk("push_stream_info"), pages)
    return [
        (row["stream"], row[OCCURRENCE], row["break_reason"])
        for row in rows.table.to_pylist()
        if row["stream"] != "another"
    ], rows


@pytest.mark.parametrize("reasons", [["b", "a", "a"], ["a", "b", "a"], ["a", "a", "b"]], ids=str)
def test_pushes_of_one_key_are_all_kept_and_numbered_by_content(reasons):
    found, rows = numbered(pushes(*reasons))
    assert found == [("room1", 1, "a"), ("room1", 2, "a"), ("room1", 3, "b")]
    assert rows.doubled
    assert PUSHES.columns[-1].name == PUSHES.key[-1] == OCCURRENCE
    assert rows.table.schema.field(OCCURRENCE).nullable is False


def test_the_number_is_one_where_a_key_comes_once():
    found, rows = numbered(pushes("a"))
    assert found == [("room1", 1, "a")]
    assert rows.table[OCCURRENCE].to_pylist() == [1, 1]
    assert not rows.doubled


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=6), st.data())
def test_numbers_depend_on_the_rows_only(reasons, data):
    found, rows = numbered(pushes(*reasons))
    mixed, _ = numbered(pushes(*data.draw(st.permutations(reasons))))
    assert found == mixed == [("room1", n, r) for n, r in enumerate(sorted(reasons), 1)]
    assert rows.table.num_rows == len(reasons) + 1


def test_what_is_read_together_is_numbered_too():
    """The fast reader leaves keys that come twice to the other."""
    document = sample_of("push_stream_info")
    rows = document["Result"]["PushStreamInfoDataList"]
    plain = json.dumps(document).encode()
    rows[1:] = [dict(rows[0])]
    doubled = json.dumps(document).encode()
    walk = first_walk("push_stream_info")
    assert read_batch(PUSHES, [(walk, 1), (walk, 1)], [plain, doubled]) is None
    page = read_batch(PUSHES, [(walk, 1), (walk, 1)], [plain, plain])[0]
    assert page.table[OCCURRENCE].to_pylist() == [1, 1]


def test_a_dataset_that_declares_nothing_refuses():
    dataset = replace(PUSHES, duplicate_keys=DuplicateKeys.REFUSE, key=PUSHES.key[:5])
    page = pushes("a", "b", dataset=dataset)
    with pytest.raises(IncompleteAnswer, match="a key came twice in .*: .*stream=room1"):
        join(dataset, first_walk("push_stream_info"), [page])


def doubled_row(name, change=lambda row: row):
    """The sample of a dataset without pages, in which the first row of a list stands twice."""
    walk, document = first_walk(name), sample_of(name)
    dataset = DATASETS[name]
    layout = (dataset.endpoint.split_rows if walk.is_split else None) or dataset.endpoint.rows
    rows = document["Result"]
    for level in layout.levels[:-1]:
        rows = rows[level.name][0]
    rows = rows[layout.levels[-1].name]
    rows.append(change(rows[0]))
    return join(dataset, walk, [read_page(dataset, walk, json.dumps(document).encode())])


@pytest.mark.parametrize("name", ["isp", "region"])
@pytest.mark.parametrize("change", [{}, {"Name": "another name"}, {"Name": ""}], ids=str)
def test_of_a_carrier_or_region_that_is_listed_twice_one_is_kept(name, change):
    """All that is split by them waits for these lists, and asks by their codes."""
    dataset, walk = DATASETS[name], first_walk(name)
    plain = read_page(dataset, walk, json.dumps(sample_of(name)).encode())
    key = [n for n in dataset.key if n in plain.table.column_names]
    twice = doubled_row(name, lambda row: {**row, **change})
    assert twice.doubled
    assert twice.table.select(key).equals(join(dataset, walk, [plain]).table.select(key))


@pytest.mark.parametrize("name", ["edge_stat", "source_traffic", "stream_session"])
def test_totals_are_compared_with_what_is_stated_once(name):
    """A total that counts the repeated row once agrees; another one is told."""
    dataset, walk, document = DATASETS[name], first_walk(name), sample_of(name)
    outer, inner = (level.name for level in dataset.endpoint.split_rows.levels)
    item = document["Result"][outer][0]
    item[inner].append(dict(item[inner][0]))

    def disagreeing():
        return read_page(dataset, walk, json.dumps(document).encode()).disagreeing

    assert disagreeing() == ()
    total = next(one.name for one in dataset.endpoint.totals if one.how == "sum")
    item[total] += 7
    assert total in disagreeing()


@pytest.mark.parametrize("name", ["edge_stat", "source_traffic", "stream_session"])
def test_a_total_that_counts_a_repeated_row_twice_is_told(name):
    """Maybe the two are no repetition: then half of it is not in the rows."""
    dataset, walk, document = DATASETS[name], first_walk(name), sample_of(name)
    totals = [one for one in dataset.endpoint.totals if one.how == "sum" and one.of]
    outer, inner = (level.name for level in dataset.endpoint.split_rows.levels)
    item = document["Result"][outer][0]
    item[inner].append(dict(item[inner][0]))
    for counted, total in product((item, document["Result"]), totals):
        counted[total.name] += item[inner][0][total.of]
    page = read_page(dataset, walk, json.dumps(document).encode())
    assert page.disagreeing == ()
    assert {*join(dataset, walk, [page]).disagreeing} == {total.name for total in totals}
