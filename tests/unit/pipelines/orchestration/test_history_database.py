"""The block of dagster.yaml for a run history in PostgreSQL. With a server: tests/scale."""

import importlib.util

import pytest
import yaml

from pipelines.orchestration import history_database
from resources.config import Settings, SettingsError

ADDRESS = "postgresql+psycopg2://me@db.example.com:5432/dagster?sslmode=verify-full"


def test_without_the_setting_there_is_no_block():
    assert history_database.address_of(Settings()) == ""
    assert history_database.block("") == ""
    assert history_database.address_in(b"telemetry: {enabled: false}\n") == ""


def test_the_address_is_read_back_as_it_was_written():
    block = history_database.block(ADDRESS)
    assert yaml.safe_load(block) == {"storage": {"postgres": {"postgres_url": ADDRESS}}}
    assert history_database.address_in(f"a: 1\n{block}".encode()) == ADDRESS


def test_it_names_the_driver_without_which_dagster_takes_another(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: True)
    for scheme in ("postgresql", "postgres"):
        settings = Settings(scale_dagster=f"{scheme}://me@db/dagster")
        assert history_database.address_of(settings) == "postgresql+psycopg2://me@db/dagster"


def test_without_the_package_the_way_to_it_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"\.\[scale\]"):
        history_database.address_of(Settings(scale_dagster="postgresql://db/dagster"))


def test_places_are_named_without_the_user():
    assert history_database.place_of(ADDRESS) == "PostgreSQL, db.example.com:5432/dagster"
    assert history_database.place_of("") == "files of the home"


def test_other_errors_are_left_as_they_are():
    with pytest.raises(ZeroDivisionError), history_database.explained():
        raise ZeroDivisionError
