"""A variant without an answer where another has figures: told for what was asked, and for nothing else."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.api.catalog import DATASETS
from resources.lake.silent_variants import TOGETHER, SilentVariants

ONE, TWO = "one.example", "two.example"
SESSIONS = DATASETS["stream_session_by_domain"]
TYPES = [variant["OnlineUserType"] for variant in SESSIONS.variants]


def said(dataset, rows, asked):
    found = SilentVariants(dataset)
    if rows:
        found.add(pa.Table.from_pylist(rows))
    return found.contradictions(asked)


def sessions(domain, variant, users):
    return {"domain": domain, "online_user_type": variant, "online_users": users}


def asked(*domains, variants=TYPES):
    return [{"OnlineUserType": one, "DomainList": [*domains]} for one in variants]


def test_viewers_by_address_that_lack_beside_viewers_by_session_are_told():
    rows = [sessions(ONE, "Online", 9), sessions(ONE, "Viewer", 9)]
    (text,) = said(SESSIONS, rows, asked(ONE))
    assert text == "nothing came for online_user_type ClientIP where Online, Viewer has some"


def test_zeros_are_nothing():
    rows = [sessions(ONE, "Online", 9), *(sessions(ONE, one, 0) for one in TYPES[1:])]
    assert len(said(SESSIONS, rows, asked(ONE))) == 2
    assert said(SESSIONS, [sessions(ONE, one, 0) for one in TYPES], asked(ONE)) == []


def test_another_domain_does_not_hide_it_and_names_are_as_dns_has_them():
    rows = [sessions(ONE.title(), one, 9) for one in TYPES] + [sessions(TWO, "Online", 9)]
    assert len(said(SESSIONS, rows, asked(ONE.upper(), TWO))) == 2
    assert said(SESSIONS, rows[:3], asked(ONE.upper(), TWO)) == []


def test_what_was_not_asked_or_has_no_answer_lacks_nothing():
    rows = [sessions(ONE, "Online", 9)]
    assert said(SESSIONS, rows, asked(ONE, variants=["Online"])) == []
    assert said(SESSIONS, rows, [{"DomainList": [ONE]}]) == []  # a vendor without the parameter


def test_a_slot_has_a_mean_value_if_it_has_a_greatest_one():
    health = DATASETS["batch_push_stream_metrics"]
    rows = [{"domain": ONE, "agg_type": "max"}]
    both = [{"AggType": one, "Domain": ONE} for one in ("max", "avg")]
    assert len(said(health, rows, both)) == 1
    assert said(health, [*rows, {"domain": ONE, "agg_type": "avg"}], both) == []


def test_a_ranking_has_rows_in_every_order_and_not_of_everything():
    orders = ("PeakBandwidth", "AvgBandwidth", "TotalTraffic")
    every = [
        {"QueryType": q, "SortBy": s, "DomainList": [ONE]}
        for q in ("Domain", "Stream")
        for s in orders
    ]
    rows = [{"query_type": "Domain", "sort_by": one, "domain": ONE} for one in orders]
    assert said(DATASETS["top_play"], rows, every) == []
    assert len(said(DATASETS["top_play"], rows[1:], every)) == 1


def test_kinds_of_streams_may_have_none():
    assert (
        said(
            DATASETS["stream_count"],
            [{"stream_type": "push", "peak_streams": 9}],
            [{"StreamType": ["transcode"]}],
        )
        == []
    )


@given(st.lists(st.tuples(st.sampled_from([ONE, TWO]), st.integers(0, 3)), max_size=6))
def test_whole_answers_never_contradict_themselves(figures):
    rows = [sessions(domain, one, users) for domain, users in figures for one in TYPES]
    assert said(SESSIONS, rows, asked(ONE, TWO)) == []


@pytest.mark.parametrize("name", TOGETHER)
def test_the_columns_are_variants_and_figures_of_their_dataset(name):
    dataset, together = DATASETS[name], TOGETHER[name]
    assert {together.variant, *([together.within] if together.within else [])} <= {
        *dataset.variant_columns.values()
    }
    assert not together.figure or together.figure in dataset.column
