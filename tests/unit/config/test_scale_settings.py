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


def test_where_cold_answers_lie_is_a_bucket_without_a_key():
    place = "s3://bucket/prefix?endpoint_override=https://store.example.com&region=x"
    assert Settings(scale_cold=place).scale_cold == place
    with pytest.raises(SettingsError, match=r"scale\.cold: write it like s3://BUCKET"):
        Settings(scale_cold="/srv/cold")
    with pytest.raises(SettingsError, match="AWS_SECRET_ACCESS_KEY") as caught:
        Settings(scale_cold=f"s3://key:{SECRET}@bucket/x")
    assert SECRET not in str(caught.value)


def test_a_shared_home_lies_in_a_bucket_without_a_key():
    assert Settings(scale_home="s3://bucket/acme").scale_home == "s3://bucket/acme"
    with pytest.raises(SettingsError, match=r"scale\.home: write it like s3://BUCKET"):
        Settings(scale_home="/srv/shared")
    with pytest.raises(SettingsError, match=r"scale\.home: .*AWS_SECRET_ACCESS_KEY") as caught:
        Settings(scale_home=f"s3://key:{SECRET}@bucket/x")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("days", [0, 30, 36_501])
def test_answers_of_days_that_may_be_asked_again_are_never_cold(days):
    with pytest.raises(SettingsError, match=r"scale\.cold_after_days = .*31 to 36,500"):
        Settings(scale_cold_after_days=days)
