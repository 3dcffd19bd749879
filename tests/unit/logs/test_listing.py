"""The list with fresh links: proven as a capture is, and shown nowhere."""

from __future__ import annotations

import pytest

from resources.api.errors import ApiError
from resources.logs import listing
from resources.raw.erasures import Erasures
from tests.support.log_files import DAY, SECRET, log_lab


def ask(account, **options):
    with account.capturing(**options) as one:
        return listing.ask(one.client, one.settings, DAY, one.clock(), Erasures())


def test_every_file_has_a_size_and_a_link_that_is_not_shown(tmp_path):
    with log_lab(tmp_path) as account:
        found = ask(account)
        assert found.files.keys() == found.links.keys()
        assert all(SECRET.decode() in link.url for link in found.links.values())
        assert SECRET.decode() not in f"{found} {[*found.links.values()]}"
        assert found.requests == 4


def test_pages_that_do_not_add_up_are_refused(tmp_path):
    with log_lab(tmp_path) as account:
        account.simulator.manners = ["moving-total@action=DescribeLiveLogData", "short-pages=20"]
        with pytest.raises(ApiError) as refused:
            ask(account)
        assert SECRET.decode() not in str(refused.value)


def test_short_pages_are_joined(tmp_path):
    with log_lab(tmp_path) as account:
        whole = ask(account)
        account.simulator.manners = ["short-pages=20"]
        found = ask(account)
        assert found.files == whole.files
        assert found.links.keys() == whole.links.keys()
