"""The datasets by name: those of the catalog stay, cuts come and go."""

from dataclasses import replace

import pytest

from resources.api.catalog import DAILY, DATASETS
from resources.api.catalog.registry import DailyDatasets, Registry

EDGE = DATASETS["edge_stat"]
CUT = replace(EDGE, name="cut_x")


def test_a_cut_is_a_dataset_like_the_others_until_it_is_forgotten():
    known = Registry([EDGE, DATASETS["isp"]])
    daily = DailyDatasets(known)
    known.add(CUT)
    assert [*known] == ["edge_stat", "isp", "cut_x"]
    assert [*daily] == [EDGE, CUT]
    assert (daily[1], daily[:1], len(daily)) == (CUT, (EDGE,), 2)
    known.forget_cuts()
    assert ([*known], len(daily)) == (["edge_stat", "isp"], 1)


def test_an_iteration_goes_on_while_a_cut_is_added():
    known = Registry([EDGE])
    for one in known.values():
        known.add(replace(one, name=f"cut_{one.name}"))
    assert len(known) == 2


def test_a_dataset_of_the_catalog_cannot_be_replaced():
    with pytest.raises(ValueError, match="edge_stat is no cut"):
        Registry([EDGE]).add(replace(EDGE, description="another"))


def test_dimensions_have_no_days():
    assert not any(one.is_dimension for one in DAILY)
    assert {*DAILY} < {*DATASETS.values()}
