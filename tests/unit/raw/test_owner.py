"""Whose captures count below raw/, by the identity file beside it."""

import pytest

from resources.fs import sealed
from resources.raw import owner


def identified(root, **facts):
    (root / owner.IDENTITY_FILE).write_bytes(sealed.seal(facts))
    return owner.homes_of(root / "raw")


def test_captures_of_the_home_and_of_those_joined_to_it_count(tmp_path):
    assert identified(tmp_path, id="ours") == {"ours"}
    assert identified(tmp_path, id="ours", homes=["theirs"]) == {"ours", "theirs"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": "ours"}'])
def test_a_home_without_a_name_compares_nothing(tmp_path, text):
    assert owner.homes_of(tmp_path / "raw") == frozenset()
    (tmp_path / owner.IDENTITY_FILE).write_text(text)
    assert owner.homes_of(tmp_path / "raw") == frozenset()
    assert identified(tmp_path, time_zone="UTC") == frozenset()
