"""Carriers, regions and addresses."""

import ipaddress

import pytest

from resources.simulator.places import (
    ISPS,
    SMALLEST_REGIONS,
    client_address,
    ip_info,
    isp_of,
    region_of,
    region_tree,
    server_address,
)


def test_an_address_tells_its_carrier_and_its_province():
    for n in range(200):
        address = client_address("push", n)
        ipaddress.ip_address(address)
        assert isp_of(address) in {*ISPS, "other"}
        assert region_of(address) in SMALLEST_REGIONS
        assert ip_info(address)["LiveCdnIp"] is False


def test_servers_are_known_as_the_vendors():
    assert all(ip_info(server_address(n))["LiveCdnIp"] for n in range(50))


def test_what_is_no_address_is_an_error():
    with pytest.raises(ValueError, match="does not appear to be"):
        ip_info("nowhere")


def test_provinces_are_in_china_only():
    china, *abroad = region_tree()
    assert china["Countries"][0]["Provinces"]
    assert [c for area in abroad for c in area["Countries"] if c["Provinces"]] == []
