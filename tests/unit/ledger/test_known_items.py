"""Domains that the lake knows."""

from datetime import UTC, date, datetime

import pytest

from resources.api.catalog import DATASETS
from resources.api.catalog.model import DomainRole
from resources.config import Settings
from resources.ledger.known_items import (
    KnownDomain,
    PrerequisiteMissing,
    known_domains,
    read_columns,
    streams_in,
)
from tests.support.lake_files import store

DOMAIN, PUSHES = DATASETS["domain"], DATASETS["push_stream_info"]
FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 2)


def listed(root, day, *rows):
    made = [{"domain": name, "domain_type": kind, "push_domain": push} for name, kind, push in rows]
    store(root, DOMAIN, day, made)


def roles(found):
    return {one.domain.name: one.domain.role for one in found}


def test_a_domain_that_was_ever_listed_stays_known(tmp_path):
    listed(tmp_path, FIRST, ("old", "pull-flv", None), ("push", "push", None))
    listed(tmp_path, SECOND, ("new", "pull-flv", "bound"))
    assert roles(known_domains(tmp_path, Settings())) == {
        "old": DomainRole.PULL,
        "new": DomainRole.PULL,
        "push": DomainRole.PUSH,
        "bound": DomainRole.PUSH,
    }


def test_names_compare_as_dns_does(tmp_path):
    listed(tmp_path, FIRST, ("Live.Example", "pull-flv", None))
    listed(tmp_path, SECOND, ("live.example", "pull-flv", None))
    assert [*roles(known_domains(tmp_path, Settings()))] == ["Live.Example"]


@pytest.mark.parametrize("blank", ["", " ", "\t"])
def test_a_blank_is_no_domain_and_blanks_around_a_name_are_none_of_it(tmp_path, blank):
    listed(tmp_path, FIRST, (blank, "push", None), ("a.example ", "pull-flv", blank))
    listed(tmp_path, SECOND, ("a.example", "pull-flv", " push.example"))
    assert [*roles(known_domains(tmp_path, Settings()))] == ["a.example", "push.example"]


def test_a_dot_at_the_end_of_a_name_in_the_settings_is_asked_for_nowhere(tmp_path):
    settings = Settings(push_domains=("c.example.", "d.example"))
    assert [*roles(known_domains(tmp_path, settings))] == ["c.example", "d.example"]


def test_domains_of_the_settings_need_no_list(tmp_path):
    settings = Settings(push_domains=("a", "b"), pull_domains=("b", "c"))
    assert roles(known_domains(tmp_path, settings)) == {
        "a": DomainRole.PUSH,
        "b": DomainRole.ANY,
        "c": DomainRole.PULL,
    }


def test_a_domain_of_the_settings_is_asked_for_as_the_vendor_spells_it(tmp_path):
    listed(tmp_path, FIRST, ("live.example", "push", None), ("other.example", "pull-flv", None))
    settings = Settings(push_domains=("LIVE.Example.", "new.example"))
    assert roles(known_domains(tmp_path, settings)) == {
        "live.example": DomainRole.PUSH,
        "new.example": DomainRole.PUSH,
    }


def test_a_domain_is_expected_from_its_creation_on():
    at = datetime(2026, 11, 2, tzinfo=UTC)
    domain = KnownDomain(None, at)
    assert (domain.exists_before(at), domain.exists_before(at.replace(day=3))) == (False, True)
    assert KnownDomain(None).exists_before(at)


def test_streams_are_listed_once(tmp_path):
    path = store(tmp_path, PUSHES, FIRST, [{"stream": "a"}, {"stream": "a"}, {"stream": "b"}])
    assert sorted(one.stream for one in streams_in({PUSHES.name: path})) == ["a", "b"]


def test_a_damaged_file_names_what_makes_it_again(tmp_path):
    path = tmp_path / "x.parquet"
    path.write_bytes(b"no Parquet")
    with pytest.raises(PrerequisiteMissing, match="livestats replay"):
        read_columns(path, ["domain"])
