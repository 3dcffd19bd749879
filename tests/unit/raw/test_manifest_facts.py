"""What a manifest states, and where it lies."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from resources.api.catalog import DATASETS
from resources.raw import captures
from resources.raw.capture_writer import CaptureWriter
from resources.raw.manifest_facts import ManifestFacts, manifest_facts

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


def test_domains_are_as_this_version_compares_them_whoever_wrote_the_manifest(tmp_path):
    """An earlier version has them in Unicode: then rows that were erased seemed to be missing."""
    folder = captures.folder_of(tmp_path, "push_stream_info", date(2026, 11, 20))
    folder.mkdir(parents=True)
    writer = CaptureWriter(folder, DATASETS["push_stream_info"], date(2026, 11, 20))
    by_domain = {
        "rows_by_domain": {"例子.com": 2},
        "hours_by_domain": {"例子.com": [3, 1]},
        "erased_rows": {"例子.com": 1, "": 4},
        "long_events": [["0123456789ab", "例子.com", 1, 2]],
    }
    writer.commit(writer.seal(datetime(2026, 11, 22, tzinfo=UTC), 2, None, by_domain))
    newest = captures.newest(folder)
    assert newest is not None
    facts, name = manifest_facts(newest), "xn--fsqu00a.com"
    assert facts.rows_by_domain == {name: 2}
    assert facts.hours_by_domain == {name: (3, 1)}
    assert facts.erased_rows == {name: 1, "": 4}
    assert [one[1] for one in facts.long_events] == [name]
