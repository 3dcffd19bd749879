"""The vendors of the API."""

from resources.api.catalog import DATASETS, absent_parameters, endpoints_of
from resources.api.catalog.vendors import BYTEPLUS, VENDORS, VOLCENGINE


def test_the_first_vendor_is_the_default_and_has_everything():
    assert next(iter(VENDORS.values())) is VOLCENGINE
    assert absent_parameters(VOLCENGINE) == frozenset()
    assert {d.endpoint.action for d in DATASETS.values()} <= {*endpoints_of(VOLCENGINE)}


def test_what_the_other_lacks_is_not_asked_there():
    assert {*endpoints_of(BYTEPLUS)} < {*endpoints_of(VOLCENGINE)}
