"""A domain name in the settings that the account does not list: warned of, and mended by a correction."""

import json

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources.api.catalog import DATASETS
from resources.ledger.states import State
from resources.simulator import Account
from tests.support.archives import DAYS, lab

DAY = DAYS[0]
ACCOUNT = Account(domains=2, streams_per_domain=1, deleted=0, audience=0.02)
NAMES = ("domain", "isp", "batch_stream_session", "source_traffic")
WARNED = "domains.pull in livestats.toml names pul-2.sim.example, which the account does not list"
NEAREST = "the nearest that it lists is pull-2.sim.example"
ASKED = ("--from", str(DAY), "--to", str(DAY))


def settings(found, *pull, push=()):
    off = [name for name in DATASETS if name not in NAMES]
    (found.root.parent / "livestats.toml").write_text(
        f"[domains]\npull = {json.dumps(pull)}\npush = {json.dumps(push)}\n"
        f"[datasets]\noff = {json.dumps(off)}\n"
    )
    return found.with_()


def run(found, *words, code=0):
    """What a command prints, its lines joined."""
    done = CliRunner().invoke(main, words, env=found.archive.environ, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return " ".join(done.output.split())


@pytest.fixture
def account(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with lab(tmp_path / "home", ACCOUNT, environ={"LIVESTATS_FIRST_DAY": str(DAY)}) as found:
        yield found


def states(found):
    return {one.name: found.archive.ledger(one, DAY, DAY)[0].state for one in found.archive.daily}


def test_a_typing_error_is_warned_of_and_its_correction_brings_the_data(account):
    wrong = settings(account, "pull-1.sim.example", "pul-2.sim.example")
    for words, code in (
        (("backfill", *ASKED), 1),
        (("plan", *ASKED), 0),
        (("status", *ASKED), 1),
        (("doctor",), None),
    ):
        done = CliRunner().invoke(main, words, env=wrong.archive.environ, catch_exceptions=False)
        said = " ".join(done.output.split())
        assert WARNED in said, words
        assert NEAREST in said, words
        assert "correct it and run `livestats backfill`" in said, words
        assert code is None or done.exit_code == code, said
    assert {*states(wrong).values()} == {State.INCOMPLETE}
    (told,) = json.loads(run(wrong, "status", *ASKED, "--json", code=1))["unlisted_domains"]
    assert told["nearest"] == "pull-2.sim.example"

    right = settings(account, "pull-1.sim.example", "pull-2.sim.example")
    assert "does not list" not in run(right, "backfill")
    assert {*states(right).values()} == {State.CAPTURED}
    for name in ("batch_stream_session", "source_traffic"):
        found = right.rows(f"SELECT DISTINCT domain FROM {name} ORDER BY ALL")
        assert found == [("pull-1.sim.example",), ("pull-2.sim.example",)]


def test_upper_case_is_no_typing_error_and_is_asked_for_as_the_vendor_spells_it(account):
    found = settings(account, "PULL-1.Sim.Example", "pull-2.sim.example.")
    for words in (("backfill", *ASKED), ("plan", *ASKED), ("status", *ASKED)):
        assert "does not list" not in run(found, *words)
    names = found.rows("SELECT DISTINCT domain FROM source_traffic ORDER BY ALL")
    assert names == [("pull-1.sim.example",), ("pull-2.sim.example",)]


def test_the_only_name_is_wrong_then_corrected(account):
    wrong = settings(account, "pul-2.sim.example")
    assert WARNED in run(wrong, "backfill", *ASKED, code=1)
    right = settings(account, "pull-2.sim.example")
    run(right, "backfill", *ASKED)
    assert {*states(right).values()} == {State.CAPTURED}
