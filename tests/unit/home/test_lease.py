"""What needs no server: where no lease is set, and what it lacks. The rest: tests/scale/test_lease.py."""

import sys

import pytest

from resources.config import Settings
from resources.home import lease
from resources.home.layout import Home

LEASE = "postgresql://me@127.0.0.1:9/x"


def hold(tmp_path, **settings):
    with lease.held(Home(tmp_path), Settings(home=tmp_path, **settings)):
        return [*tmp_path.iterdir()]


def test_without_the_setting_there_is_none(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    assert hold(tmp_path) == []


def test_the_account_needs_a_name_that_its_hosts_share(tmp_path):
    with pytest.raises(lease.LeaseRefused, match=r"scale\.account is not"):
        hold(tmp_path, scale_lease=LEASE)


def test_without_the_driver_the_way_to_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(lease.LeaseRefused, match=r"\.\[scale\]"):
        hold(tmp_path, scale_lease=LEASE, scale_account="acme")
