"""The rows of the world as tests compare with them."""

from datetime import timedelta

from resources.api.catalog import ENDPOINTS
from resources.simulator.api import OF_VOLCENGINE
from tests.support.each import each
from tests.support.small_world import DAY, HOUR, PULLS, PUSHES, rows

EDGE, PUSH, REGIONS = (
    "DescribeLiveEdgeStatData", "DescribeLivePushStreamInfoData", "DescribeLiveRegionData"
)  # fmt: skip


def edge(**more):
    return rows(EDGE, **{"hours": 3, "DomainList": PULLS, "Aggregation": 3600, **more})


def test_rows_are_those_of_the_half_open_window():
    assert [row["TimeStamp"][11:16] for row in edge()] == ["00:00", "01:00", "02:00"]
    assert edge(start=DAY + HOUR, hours=1) == edge()[1:2]


def test_a_split_carries_its_labels_into_each_row():
    found = edge(DetailField=["Domain"])
    assert {row["Domain"] for row in found} == {*PULLS}
    assert len(found) == 3 * len(PULLS)


def test_a_dimension_with_one_value_is_filled_in():
    """Where the API, which splits nothing into one part, says nothing."""
    found = edge(DetailField=["Domain", "ISP"], ISPList=["telecom"])
    assert {row["ISP"] for row in found} == {"telecom"}


def test_all_pages_are_one_list():
    whole = rows(PUSH, hours=7 * 24, DomainList=PUSHES)
    assert len(whole) > 10
    assert rows(PUSH, hours=7 * 24, DomainList=PUSHES, PageSize=10) == whole


def test_what_is_not_over_yet_is_not_known_yet():
    whole = rows(PUSH, DomainList=PUSHES, now=DAY + timedelta(days=30))
    early = rows(PUSH, DomainList=PUSHES, now=DAY + 12 * HOUR)
    assert len(early) < len(whole)


def test_equal_names_of_levels_are_told_apart():
    found = rows(REGIONS)
    names = {name for row in found for name in row}
    assert len(found) > 30
    assert any("." in name for name in names)


@each("action", sorted(OF_VOLCENGINE))
def test_the_fields_of_rows_are_those_of_the_catalog(action):
    known = {
        field.name
        for layout in (ENDPOINTS[action].rows, ENDPOINTS[action].split_rows)
        for level in (layout.levels if layout else ())
        for field in level.fields
    }
    given = {"Ips": ["192.0.2.1"], "Domain": PUSHES[0], "App": "live", "Stream": "room-101"}
    given["Type"] = "push"
    taken = {n: v for n, v in given.items() if n in ENDPOINTS[action].parameter}
    for row in rows(action, hours=1, start=DAY + 20 * HOUR, **taken)[:50]:
        assert {name.rpartition(".")[2] for name in row} <= known
