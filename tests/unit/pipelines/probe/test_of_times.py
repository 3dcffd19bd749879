"""Observations about time where the whole probe does not reach; the others are in test_run.py."""

from pipelines.probe import of_times
from tests.support.probes import answers, probed


def test_an_edge_without_a_slot_tells_nothing_of_the_end(tmp_path):
    found = answers(probed(tmp_path, manners=["missing-slots=2@action=DescribeLiveEdgeStatData"]))
    assert found["end"] == "open"
    assert found["window"] == "inside"


def test_every_observation_has_a_word_about_it():
    assert all(observe.__doc__ for observe in of_times.OBSERVATIONS)
