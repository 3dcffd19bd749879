"""A request after its checks."""

from resources.api.catalog import ENDPOINTS
from resources.simulator.query import Query

EDGE = ENDPOINTS["DescribeLiveEdgeStatData"]


def query(**values):
    return Query(EDGE, values, values, start=100, end=1000)


def test_slots_are_those_that_begin_inside_of_the_window():
    assert query(Aggregation=300).slots.tolist() == [300, 600, 900]
    assert query().slots.tolist() == [*range(120, 1000, 60)]


def test_a_dimension_is_split_if_there_is_a_choice_of_two():
    asked = {"DetailField": ["ISP", "UserCountry"], "ISPList": ["telecom"]}
    assert query(**asked).splits == ("UserCountry",)
    assert query(**asked | {"ISPList": ["telecom", "unicom"]}).splits == ("ISP", "UserCountry")
