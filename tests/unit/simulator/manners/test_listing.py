"""Lists of another content, as values; how a client sees them is in test_manners.py."""

import pytest

from resources.simulator.manners import read
from resources.simulator.manners.listing import NullResult
from tests.support.simulated_requests import answered, asked, through
from tests.support.small_world import PULLS, PUSHES, WHOLE_DAY

LIST, PUSH = "ListDomainDetail", "DescribeLivePushStreamInfoData"


def domains(number=1, size=100):
    return asked(LIST, PageNum=number, PageSize=size)


def names(answer):
    return [row["Domain"] for row in answer.result["DomainList"]]


ALL = names(answered(domains()))


def test_pages_are_cut_out_of_the_changed_list():
    hidden = f"late-domains={ALL[0]}"
    pages = [names(through(hidden, domains(number, 2))) for number in (1, 2, 3)]
    assert [name for page in pages for name in page] == ALL[1:]
    assert {through(hidden, domains()).result["Total"]} == {len(ALL) - 1}


@pytest.mark.parametrize(("counts", "second"), [("asked", ALL[3:4]), ("given", ALL[1:2])])
def test_short_pages_go_on_where_was_asked_or_where_they_ended(counts, second):
    manner = f"short-pages=1@counts={counts}"
    assert names(through(manner, domains(1, 3))) == ALL[:1]
    assert names(through(manner, domains(2, 3))) == second


def test_a_total_moves_with_every_call():
    manner = read("moving-total")
    totals = [through(manner, domains()).result["Total"] for _ in range(3)]
    assert totals == [len(ALL) + 1, len(ALL) + 2, len(ALL) + 3]


def test_doubled_rows_stand_beside_each_other():
    equal = through("doubled-key=2@kind=equal", domains()).result["DomainList"]
    assert [row["Domain"] for row in equal[:4]] == [ALL[0], ALL[0], ALL[1], ALL[1]]
    assert equal[0] == equal[1]
    one, other = through("doubled-key=1", domains()).result["DomainList"][:2]
    assert other["Status"] == 3
    assert other["CreateTime"] < one["CreateTime"]
    pushes = through("doubled-key=1", asked(PUSH, **WHOLE_DAY, DomainList=PUSHES, PageNum=1))
    one, other = pushes.result["PushStreamInfoDataList"][:2]
    assert {**one, "StreamPriority": "backup"} == other


def test_new_domains_are_created_when_it_is_said():
    found = through(f"new-domains={ALL[1]}@created=2030-01-01T00:00:00Z", domains())
    created = {row["Domain"]: row["CreateTime"] for row in found.result["DomainList"]}
    assert [n for n, at in created.items() if at == "2030-01-01T00:00:00Z"] == [ALL[1]]
    assert [*created] == ALL


def test_lists_of_other_things_hide_no_domain():
    assert through(f"late-domains={PUSHES[0]}", asked(PUSH, **WHOLE_DAY)) is None


def test_any_case_is_taken_and_lower_case_is_answered():
    shouted = [name.upper() for name in PULLS]
    request = asked("DescribeLiveEdgeStatData", **WHOLE_DAY, DomainList=shouted, Aggregation=3600)
    assert through("name-case", request).result["DomainList"] == PULLS
    assert names(through("name-case", domains()))[0] == ALL[0].title()


def test_null_stands_where_there_is_nothing():
    assert through("null-result", domains()).result_json != b"null"
    assert through("null-result", domains(number=99)).result_json != b"null", "rows are announced"
    assert through("null-result=always", domains()).result_json == b"null"


@pytest.mark.parametrize("after", ["moving-total", "short-pages=2", "doubled-key=1", "null-result"])
def test_an_answer_that_has_nothing_stays_so_whatever_manners_follow(after):
    """It was answered by a broken connection."""
    request = asked(PUSH, **WHOLE_DAY, DomainList=PUSHES, PageNum=1)
    null = through(NullResult(when="always"), request)
    assert read(after).behind(request, null).result_json == b"null"


def test_a_list_that_is_left_out_is_no_broken_connection():
    """A page behind the last one, of an API that leaves empty lists out."""
    request = asked(LIST, PageNum=99, PageSize=100)
    without = answered(request).with_result({"Total": len(ALL), "PageNum": 99, "PageSize": 100})
    assert read("name-case").behind(request, without).result == without.result
