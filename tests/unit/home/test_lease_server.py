"""What needs no server of leases. The rest: tests/scale/test_lease.py, test_work.py."""

import sys

import pytest

from resources.config import Settings
from resources.home.layout import Home
from resources.home.lease_server import LeaseRefused, last_holder

LEASE = "postgresql://me@127.0.0.1:9/x"


def last(tmp_path, **settings):
    return last_holder(Home(tmp_path), Settings(home=tmp_path, **settings), {})


def test_without_the_setting_nobody_has_had_one(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    assert last(tmp_path) is None


def test_without_the_driver_the_way_to_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(LeaseRefused, match=r"\.\[scale\]"):
        last(tmp_path, scale_lease=LEASE, scale_account="acme")
