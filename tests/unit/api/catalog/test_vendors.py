"""The vendors of the API."""

import pytest

from resources.api.catalog import DATASETS, ENDPOINTS, absent_parameters, endpoints_of
from resources.api.catalog.vendors import BYTEPLUS, VENDORS, VOLCENGINE


def test_the_first_vendor_is_the_default():
    assert next(iter(VENDORS.values())) is VOLCENGINE


def test_what_a_vendor_lacks_is_not_in_its_endpoints():
    """Actions, parameters, single values of a parameter, and fields of rows."""
    actions = {vendor.name: {*endpoints_of(vendor)} for vendor in VENDORS.values()}
    assert actions["volcengine"] | actions["byteplus"] == {*ENDPOINTS}
    assert {*ENDPOINTS} - actions["volcengine"] == {
        "DescribeLiveASRDurationData", "DescribeLiveStorageSpaceData",
    }  # fmt: skip
    here, there = (
        endpoints_of(vendor)["DescribeLiveStreamSessionData"] for vendor in (VOLCENGINE, BYTEPLUS)
    )
    assert {*here.parameter} ^ {*there.parameter} == {"OnlineUserType", "RefererList"}
    protocols = [one.parameter["ProtocolList"].allowed for one in (here, there)]
    assert {*protocols[1]} - {*protocols[0]} == {"CMAF"}
    fields = [{f.name for f in one.rows.levels[-1].fields} for one in (here, there)]
    assert fields[1] - fields[0] == {"HitRate"}


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
def test_what_no_request_may_hold_is_named(vendor):
    absent = absent_parameters(vendor)
    assert (
        absent
        == {
            "volcengine": {"RefererList", "ProtocolList=CMAF"},
            "byteplus": {"OnlineUserType", "GroupList"},
        }[vendor.name]
    )


def test_columns_that_only_one_vendor_fills_may_be_null():
    lacking = [
        (d.name, f.name)
        for d in DATASETS.values()
        for level in d.endpoint.rows.levels
        for f in level.fields
        if f.absent_on and f.required
    ]
    assert lacking == []
