"""What a manifest states, and where it lies."""

from dataclasses import replace

import pytest

from resources.raw.manifest_facts import ManifestFacts

FACTS = ManifestFacts(
    dataset="edge_stat", day="2026-11-20", time_zone="Asia/Shanghai", format=2, home="ours"
)


def test_a_capture_in_its_place_contradicts_nothing():
    assert FACTS.misplacement("edge_stat", "2026-11-20") == ""
    assert FACTS.misplacement("edge_stat", "2026-11-20", "Asia/Shanghai") == ""
    assert FACTS.misplacement("edge_stat", "2026-11-20", None, {"theirs", "ours"}) == ""
    assert replace(FACTS, home="").misplacement("edge_stat", "2026-11-20", None, {"theirs"}) == ""


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (("top_play", "2026-11-20"), "holds edge_stat 2026-11-20"),
        (("edge_stat", "2026-11-21"), "holds edge_stat 2026-11-20"),
        (("edge_stat", "2026-11-20", "UTC"), "holds a day of Asia/Shanghai"),
        (("edge_stat", "2026-11-20", None, {"theirs"}), "was captured by another home (ours)"),
    ],
)
def test_another_place_is_named(place, said):
    assert FACTS.misplacement(*place) == said
