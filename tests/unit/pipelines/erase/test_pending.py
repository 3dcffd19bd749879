"""The note of an erasure that is under way."""

import pytest

from pipelines.erase import pending
from pipelines.erase.pending import CannotErase, Pending
from resources.home.layout import Home
from resources.raw.erasures import Erasure, Erasures, ItemKind, PlainItem
from tests.support.archives import DAYS
from tests.support.refused import refuse_to_read

ITEM = PlainItem.parse(ItemKind.ADDRESS, "198.51.100.7")


def test_it_is_for_its_owner_alone_and_read_as_it_was_written(tmp_path):
    home, one = Home(tmp_path), Pending(ITEM, Erasure.begin(ITEM, "now", DAYS[0]))
    assert pending.read(home) is None
    pending.begin(home, one)
    assert pending.path_of(home).stat().st_mode & 0o777 == 0o600
    assert pending.read(home) == one
    assert Erasures.of(home.raw).every == (one.erasure,)


def test_a_damaged_note_is_said(tmp_path):
    home = Home(tmp_path)
    pending.path_of(home).write_text("{}")
    with pytest.raises(CannotErase, match="delete it, and erase the item again"):
        pending.read(home)


def test_a_note_that_may_not_be_read_is_not_to_be_deleted(tmp_path, monkeypatch):
    home, one = Home(tmp_path), Pending(ITEM, Erasure.begin(ITEM, "now", DAYS[0]))
    pending.begin(home, one)
    refuse_to_read(monkeypatch, pending.path_of(home).name)
    with pytest.raises(CannotErase, match="Permission denied.*leave it as it is") as found:
        pending.read(home)
    assert "delete" not in str(found.value)
