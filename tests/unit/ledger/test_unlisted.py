"""Domains of the settings that the account does not list."""

from datetime import date, timedelta

import pytest

from pipelines.doctor.api import domains_found
from pipelines.doctor.api_probe import DomainPage
from pipelines.doctor.home import gone_found
from resources.api.catalog import DATASETS
from resources.api.catalog.model import DomainRole
from resources.api.request_plan import Domain
from resources.archive import Archive
from resources.config import Settings
from resources.home.layout import Home
from resources.ledger.unlisted import gone_and_listed, unlisted, unlisted_in
from tests.support.lake_files import store

DAY = date(2026, 11, 20)
LISTED = ("pull.example", "push.example")


def of(root, *pull, push=()):
    return Settings(home=root, pull_domains=pull, push_domains=push)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("pul.example", "pull.example"),
        ("PULL.exmaple", "pull.example"),
        ("other.company.test", None),
    ],
)
def test_a_name_that_is_not_listed_has_a_nearest_one_if_it_is_like_it(tmp_path, name, nearest):
    (found,) = unlisted(of(tmp_path, "pull.example", name), LISTED)
    assert (found.name, found.setting, found.nearest) == (name, "domains.pull", nearest)


def test_case_and_a_dot_at_the_end_are_no_difference(tmp_path):
    settings = of(tmp_path, "Pull.Example.", push=("PUSH.EXAMPLE",))
    assert unlisted(settings, LISTED) == []


def test_a_key_that_cannot_list_domains_is_no_reason_to_warn(tmp_path):
    settings = of(tmp_path, "pull.example")
    assert unlisted(settings, ()) == []
    assert unlisted_in(tmp_path, settings) == []
    store(tmp_path / "lake", DATASETS["domain"], DAY, [])
    assert unlisted_in(tmp_path / "lake", settings) == []


def test_a_domain_that_only_a_binding_names_is_known(tmp_path):
    row = {"domain": "pull.example", "domain_type": "pull-flv", "push_domain": "bound.example"}
    store(tmp_path / "lake", DATASETS["domain"], DAY, [row])
    settings = of(tmp_path, "pull.example", push=("Bound.example", "bund.example"))
    (found,) = unlisted_in(tmp_path / "lake", settings)
    assert (found.name, found.nearest) == ("bund.example", "bound.example")


def test_a_domain_that_is_gone_is_not_warned_of(tmp_path):
    home = Home(tmp_path)
    home.prepare(of(tmp_path), Archive.open({"LIVESTATS_HOME": str(tmp_path)}, tmp_path).now())
    home.set_gone_domains({"left.example"})
    assert unlisted(of(tmp_path, "Left.example"), LISTED) == []


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([{"domain": "Left.Example.", "status": 1}], ["Left.Example."]),
        ([{"domain": "left.example", "status": 3}], []),
        ([{"domain": "stays.example", "status": 1}], []),
        (None, []),
    ],
    ids=["alive", "deleted", "not listed", "none is gone"],
)
def test_a_domain_that_is_gone_and_listed_is_told_by_the_doctor(tmp_path, rows, found):
    archive = Archive.open({"LIVESTATS_HOME": str(tmp_path)}, tmp_path)
    archive.home.prepare(of(tmp_path), archive.now())
    archive.home.set_gone_domains({"left.example"})
    store(archive.home.lake, DATASETS["domain"], DAY, [{"domain": "left.example", "status": 1}])
    if rows is not None:
        store(archive.home.lake, DATASETS["domain"], DAY + timedelta(days=1), rows)
    else:
        archive.home.set_gone_domains(set())
    assert gone_and_listed(archive.home) == found
    told = [*gone_found(archive)]
    assert len(told) == len(found)
    assert all("--undo" in one.remedy for one in told)


@pytest.mark.parametrize(
    ("given", "total", "in_lake", "warned"),
    [
        ('push = ["bound.example"]', 1, (), 0),
        ('push = ["bund.example"]', 1, (), 1),
        ('push = ["bund.example"]', 0, (), 0),
        ('pull = ["second.page.example"]', 101, (), 0),
        ('pull = ["second.page.example"]', 101, ("second.page.example",), 0),
        ('pull = ["secnd.page.example"]', 101, ("second.page.example",), 1),
    ],
    ids=["bound", "typo", "cannot list", "long list", "long list in the lake", "typo in it"],
)
def test_doctor_warns_by_the_list_that_it_asks_for_and_those_in_the_lake(
    tmp_path, given, total, in_lake, warned
):
    (tmp_path / "livestats.toml").write_text(f"[domains]\n{given}\n")
    archive = Archive.open({"LIVESTATS_HOME": str(tmp_path / "home")}, tmp_path)
    if in_lake:
        store(archive.home.lake, DATASETS["domain"], DAY, [{"domain": name} for name in in_lake])
    one = (Domain("pull.example", DomainRole.PULL),) if total else ()
    page = DomainPage(one, total, ("bound.example",) if total else ())
    found = [*domains_found(archive, page)]
    assert [str(one.severity) for one in found] == (["warning"] if warned else ["ok"])
