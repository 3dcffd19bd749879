"""`livestats sync` sets a host up, and says what was moved."""

import json

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources.shared import session
from tests.support.archives import DAYS, contents, lab
from tests.support.cold_store import PLACE, in_folder
from tests.support.shared_homes import NAMES, lease_of_tests


@pytest.fixture
def account(tmp_path, monkeypatch):
    monkeypatch.setattr(session.lease, "held", lease_of_tests)
    in_folder(tmp_path / "store", monkeypatch)
    shared = {
        "LIVESTATS_SCALE_HOME": PLACE,
        "LIVESTATS_SCALE_LEASE": "postgresql://me@127.0.0.1:9/x",
        "LIVESTATS_SCALE_ACCOUNT": "acme",
    }
    with lab(tmp_path / "home", names=NAMES[:4], environ=shared) as found:
        yield found


def livestats(found, *words):
    done = CliRunner().invoke(main, words, env=found.archive.environ)
    return done.exit_code, done.stdout


def test_a_home_goes_over_and_another_host_gets_it(account):
    one = account.beside("one").set(scale_home="")
    one.capture(DAYS, ["domain", "isp", "region", "stream_count"])
    code, said = livestats(one, "sync")
    assert code == 0
    assert "Fetched from s3://bucket/cold: 0 files, 0 B." in said
    assert "Put there: " in said
    two = account.beside("two")
    code, said = livestats(two, "sync", "--json")
    assert (code, json.loads(said)["put_files"]) == (0, 0)
    assert json.loads(said)["fetched_files"] > 10
    assert [*contents(two.archive.home.raw).values()] == [*contents(one.archive.home.raw).values()]


def test_what_is_damaged_is_named(account):
    one = account.beside("one")
    one.capture(DAYS, ["domain"])
    (path,) = one.archive.home.raw.glob("domain/*/*/responses.zst")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    code, said = livestats(one, "sync")
    assert code == 1
    assert f"Not put: {path} has changed since it was written." in said


def test_without_the_setting_it_says_what_to_set(account):
    found = account.with_(LIVESTATS_SCALE_HOME="")
    done = CliRunner().invoke(main, ["sync"], env=found.archive.environ)
    assert done.exit_code == 2
    assert "scale.home is not set" in done.output


def test_what_a_person_says_is_shared_at_once(account):
    one, two = account.beside("one"), account.beside("two")
    with one.archive.leased():
        one.capture(DAYS, ["domain"])
    domain = domains(one)[0]
    assert livestats(one, "gone", domain)[0] == 0
    assert livestats(two, "sync")[0] == 0
    assert domain in livestats(two, "gone")[1]


def domains(found):
    from resources.ledger.known_items import listed_domains

    return [one.domain.name for one in listed_domains(found.archive.home.lake)]
