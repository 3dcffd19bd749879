"""Addresses of other machines; no secret may be among the settings."""

import pytest

from resources.config import Settings, SettingsError

SECRET = "aSecret-word-99"


@pytest.mark.parametrize("address", ["sc://engine:15002", "sc://10.0.0.7:1/;use_ssl=true", ""])
def test_an_address_of_an_engine_is_taken(address):
    assert Settings(scale_engine=address).scale_engine == address


@pytest.mark.parametrize(
    "address",
    [
        "engine:15002",
        "sc://engine",
        "sc://engine:many",
        "spark://engine:7077",
        f"sc://me:{SECRET}@engine:15002",
    ],
)
def test_what_is_none_is_refused_with_how_to_write_it(address):
    with pytest.raises(SettingsError, match=r"scale\.engine: write it like sc://") as caught:
        Settings(scale_engine=address)
    assert SECRET not in str(caught.value)


def test_a_token_is_refused_with_where_it_comes_from():
    with pytest.raises(SettingsError, match="SPARK_CONNECT_AUTHENTICATE_TOKEN") as caught:
        Settings(scale_engine=f"sc://engine:15002/;use_ssl=true;token={SECRET}")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["iceberg", "db", "mysql://db/x", f"postgresql://me:{SECRET}@db/x"]
)
def test_a_lease_needs_a_database_and_no_password(address):
    with pytest.raises(SettingsError, match=r"scale\.lease: ") as caught:
        Settings(scale_lease=address)
    assert SECRET not in str(caught.value)
    assert "iceberg" not in str(caught.value)
