"""Cuts have the rules about a single dataset."""

from resources.api.catalog import DATASETS
from resources.api.catalog.cuts import Cut
from resources.config import Settings
from resources.system_tables.reconciliation.rules import RULES

SESSION, CODES = "DescribeLiveStreamSessionData", "DescribeLivePlayStatusCodeData"


def test_rules_of_cuts_come_after_those_of_the_catalog_and_go_with_them():
    before = [*RULES]
    cuts = [
        Cut(name="a", endpoint=SESSION, split=("Domain", "Protocol")),
        Cut(name="b", endpoint=SESSION, split=("Domain",), width_s=3600),  # not all slots are 300 s
        Cut(name="c", endpoint=CODES, split=("Domain",)),  # its answers state no totals
    ]
    Settings(cuts={cut.name: cut for cut in cuts})
    names = [rule.name for rule in RULES[len(before) :]]
    assert names == ["slots_of_cut_a", "totals_of_cut_a", "totals_of_cut_b"]
    assert (RULES[0], len(RULES)) == (before[0], len(before) + 3)
    DATASETS.forget_cuts()
    assert [*RULES] == before
