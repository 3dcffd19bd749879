"""The command that tries what the documents leave open."""

import json

import pytest

from pipelines.probe import run
from resources.simulator import Account
from tests.support.terminal_user import terminal

MARK = "zq7marked"
ACCOUNT = Account(domains=2, streams_per_domain=2, deleted=1, zone=f"{MARK}.example")


@pytest.fixture
def me(tmp_path):
    with terminal(tmp_path, ACCOUNT) as found:
        found.export(found.run("livestats simulate")[0])
        found.environ["LIVESTATS_API_URL"] = found.simulator.url
        yield found


def test_the_file_and_the_screen_hold_no_name_no_figure_and_no_key(me, monkeypatch):
    names, figures = set(), set()

    def keep(value):
        if isinstance(value, dict):
            for one in value.values():
                keep(one)
        elif isinstance(value, list):
            for one in value:
                keep(one)
        elif isinstance(value, str):
            names.add(value)
        elif isinstance(value, int | float) and abs(value) > 1000:
            figures.add(str(value))

    class Kept(run.Caller):
        def ask(self, action, payload, again=0):
            reply = super().ask(action, payload, again)
            if action not in ("DescribeLiveISPData", "DescribeLiveRegionData"):
                keep(reply.result)
            return reply

    monkeypatch.setattr(run, "Caller", Kept)
    me.simulator.manners = [
        f"new-field={MARK}-field",
        f"refuse-action=DescribeLiveTopPlayData@code={MARK}Code@status=418",
        "echo=added@action=DescribeLiveISPData",
    ]
    said, code = me.run("livestats probe")
    assert code == 0, said
    written = (me.folder / "probe.json").read_text()
    marked = {one for one in names if MARK in one or one.startswith(("room", "10.", "198."))}
    assert len(marked) > 10
    assert len(figures) > 100
    for text in (written, said):
        assert MARK not in text
        assert [one for one in marked if one in text] == []
        assert me.environ["VOLC_ACCESSKEY"] not in text
        assert me.environ["VOLC_SECRETKEY"] not in text
    assert [one for one in figures if one in written] == []


def test_it_prints_a_table_and_writes_a_file_and_nothing_into_the_home(me):
    said, code = me.run("livestats probe --out shapes.json")
    assert code == 0
    assert "exclusive: no slot begins at it" in said
    assert "shapes.json: written" in said
    assert json.loads((me.folder / "shapes.json").read_text())["format"] == "livestats probe 1"
    assert not (me.folder / "simulated" / "raw").exists()


def test_the_same_as_json(me):
    said, code = me.run("livestats probe --json")
    assert code == 0
    assert '"topic": "end"' in said


def test_a_refused_key_ends_it_with_2_and_writes_nothing(me):
    me.simulator.manners = ["token-expiry=new"]
    said, code = me.run("livestats probe")
    assert code == 2
    assert "Error:" in said
    assert not (me.folder / "probe.json").exists()


def test_a_key_that_is_refused_midway_ends_it_with_1(me):
    me.simulator.manners = ["token-expiry=new@from-call=20"]
    said, code = me.run("livestats probe")
    assert code == 1
    assert "The probe ended early" in said
    assert (me.folder / "probe.json").exists()


def test_an_action_or_a_folder_that_there_is_not_is_refused(me):
    said, code = me.run("livestats probe --rate DescribeLiveEdgeStat")
    assert code == 2
    assert "Did you mean DescribeLiveEdgeStatData?" in said
    assert me.run("livestats probe --out nowhere/x.json")[1] == 2
    assert me.simulator.calls.total() == 0
