"""What a section [cut.NAME] can say."""

from dataclasses import replace

from resources.api.catalog import ENDPOINTS
from resources.api.catalog.cuts import FILTER_COMMENTS, FILTERS, KEYS, VALUES, Cut, region_of
from tests.support.each import each

ONE = Cut(name="x", endpoint="DescribeLiveEdgeStatData", split=("Domain",), width_s=300)
SENT = {name for endpoint in ENDPOINTS.values() for name in endpoint.parameter}


@each("name", [*FILTERS.values(), *VALUES.values()])
def test_each_filter_is_a_parameter_of_some_action(name):
    assert name in SENT


def test_each_filter_has_a_comment_for_the_column_that_it_may_become():
    assert {*FILTERS.values()} == {*FILTER_COMMENTS}


@each("key", KEYS)
def test_each_key_says_what_it_is_for(key):
    assert KEYS[key].metadata["meaning"].endswith(".")


def test_a_region_has_as_many_levels_as_are_named():
    assert region_of("CN") == {"Area": "CN"}
    assert region_of("CN/CN/hebei") == {"Area": "CN", "Country": "CN", "Province": "hebei"}


def test_what_decides_the_rows_is_its_meaning_and_survives_json():
    changed = replace(ONE, isps=("telecom",), each=("isps",))
    assert changed.meaning != ONE.meaning
    assert Cut.of_meaning("x", changed.meaning) == changed
    assert replace(ONE, description="x", reread_days=0, allow=True).meaning == ONE.meaning
