"""Observations about pages where the whole probe does not reach; the others are in test_run.py."""

from tests.support.probes import answers, probed


def test_a_total_that_moves_is_no_short_page(tmp_path):
    found = answers(probed(tmp_path, manners=["moving-total@action=ListDomainDetail"]))
    assert (found["total"], found["page size"]) == ("moves", "asked")
