"""A false empty is not believed: the vendor answers 200 with nothing, and other datasets contradict."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources.api.catalog import DATASETS
from resources.simulator import Account, api
from resources.simulator.manners import read
from tests.support.archives import DAYS, NOW, lab
from tests.support.false_empty import emptied
from tests.support.suites import slow

DAY = DAYS[0]
EMPTIED = {"edge_stat", "edge_stat_by_protocol", "edge_stat_by_region", "batch_stream_traffic",
           "play_status_code", "top_play", "edge_stat_by_domain", "edge_stat_account",
           "play_status_code_by_domain", "play_status_code_account"}  # fmt: skip
ACTIONS = ("DescribeLiveEdgeStatData", "DescribeLiveBatchStreamTrafficData",
           "DescribeLivePlayStatusCodeData", "DescribeLiveTopPlayData")  # fmt: skip
SOME = ("edge_stat", "batch_stream_traffic", "play_status_code", "top_play",  # one of each action
        "domain", "isp", "region", "stream_session", "batch_stream_session",
        "stream_session_by_domain", "stream_count", "push_stream_info",
        "batch_push_stream_metrics", "source_traffic")  # fmt: skip
ACCOUNT = Account(domains=1, streams_per_domain=1, deleted=0, audience=0.3)


@pytest.fixture
def false_empty(monkeypatch):
    """Edge, traffic, status codes and rankings answer with nothing."""
    with monkeypatch.context() as patched:
        patched.setattr(api, "ANSWERERS", emptied(*ACTIONS))
        yield patched


def run(found, *words):
    result = CliRunner().invoke(main, [*words], env=dict(found.archive.environ))
    assert result.exit_code in (0, 1), result.output
    return result


def answer(found, *words):
    result = CliRunner().invoke(main, [*words, "--json"], env=dict(found.archive.environ))
    return result.exit_code, json.loads(result.stdout)


def suspect(found):
    return {name for (name,) in found.rows("SELECT dataset FROM ledger WHERE is_suspect")}


@pytest.mark.parametrize("names", [SOME, slow([*DATASETS])], ids=["some", "all datasets"])
def test_datasets_of_four_actions_are_empty_and_all_else_is_whole(false_empty, tmp_path, names):
    silent = EMPTIED & {*names}
    home, settings = tmp_path / "home", tmp_path / "livestats.toml"
    settings.write_text(f"[datasets]\noff = {[one for one in DATASETS if one not in names]}\n")
    first_day = {"LIVESTATS_FIRST_DAY": str(DAY), "LIVESTATS_SETTINGS": str(settings)}
    with lab(home, ACCOUNT, environ=first_day) as found:
        words = ("backfill", "--from", str(DAY), "--to", str(DAY))
        code, told = answer(found, *words)
        assert (code, told["is_complete"]) == (1, False)
        assert told["suspect"] == {name: [str(DAY)] for name in silent}
        assert suspect(found) == silent
        again = run(found, *words)  # told once, not in each run
        assert (again.exit_code, "Suspect" in again.output) == (0, False)

        code, seen = answer(found, "status")
        assert code == 1
        assert seen["needs_attention"]["suspect"] == {name: [str(DAY)] for name in silent}
        assert "livestats accept" in run(found, "status").output
        assert {
            a["subject"] for a in answer(found, "alarms")[1] if a["kind"] == "suspect"
        } == silent
        marts = found.rows("SELECT dataset FROM coverage_monthly WHERE suspect_days = 1")
        assert {name for (name,) in marts} == silent
        assert found.rows("SELECT days_captured, days_suspect FROM billing_monthly_account") == []

        rows = "SELECT count(*) FROM reconciliation WHERE verdict = 'differs' AND rule = ?"
        for rule in ("edge_of_sessions", "traffic_of_sessions", "codes_of_sessions",
                     "edge_of_pushes", "traffic_of_pushes"):  # fmt: skip
            assert found.rows(rows, rule)[0][0] > 0, rule

        said = run(found, "accept", "top_play", str(DAY), "--reason", "no ranking that day")
        assert said.output.startswith(f"Accepted: top_play {DAY}, 0 rows.")
        run(found, "publish")
        assert suspect(found) == silent - {"top_play"}
        assert run(found, "verify").exit_code == 0
    false_empty.undo()  # the vendor has mended it
    with lab(home, ACCOUNT, environ=first_day, now=NOW + timedelta(days=1)) as found:
        code, told = answer(found, *words)
        assert (code, told["captured"], told["suspect"]) == (0, len(silent) - 1, {})
        assert suspect(found) == set()
        assert found.rows(
            "SELECT rows FROM ledger WHERE dataset = 'top_play' AND captures > 0"
        ) == [(0,)]


@pytest.mark.parametrize("names", [SOME, slow([*DATASETS])], ids=["some", "all datasets"])
def test_an_account_as_it_is_has_none(tmp_path, names):
    with lab(tmp_path / "home", ACCOUNT) as whole:
        found = whole.only(*names)
        found.capture([DAY])
        ledgers = found.archive.ledgers(found.archive.daily, DAY, DAY)
        assert not any(line.is_suspect for lines in ledgers.values() for line in lines)


def test_pushes_without_an_audience_are_none(tmp_path):
    unwatched = Account(domains=1, streams_per_domain=2, deleted=0, audience=0.0)
    with lab(tmp_path / "home", unwatched) as whole:
        found = whole.only(*SOME)
        found.capture([DAY])
        ledgers = found.archive.ledgers(found.archive.daily, DAY, DAY)
        assert not any(line.is_suspect for lines in ledgers.values() for line in lines)


def test_what_is_not_suspect_cannot_be_accepted(tmp_path):
    with lab(tmp_path / "home", ACCOUNT) as found:
        found.capture(DAYS[:1], ["domain", "stream_count"])
        for words in (
            ("stream_count", str(DAY)),
            ("stream_count", "2026-11-19"),
            ("isp", str(DAY)),
        ):
            result = CliRunner().invoke(
                main, ["accept", *words, "--reason", "why"], env=dict(found.archive.environ)
            )
            assert (result.exit_code, "is not suspect" in result.output) == (2, True)


@pytest.mark.parametrize(
    ("name", "manner"),
    [
        ("stream_session_by_domain", "false-empty=DescribeLiveStreamSessionData"),
        ("batch_stream_session", "false-empty=DescribeLiveBatchStreamSessionData"),
        ("batch_push_stream_metrics", "false-empty=DescribeLiveBatchPushStreamMetrics"),
        ("top_play", "false-empty=DescribeLiveTopPlayData"),
    ],
)
def test_one_of_several_questions_about_the_same_is_answered_with_nothing(tmp_path, name, manner):
    """The day had rows, and so it was green, without the viewers by session or a ranking."""
    names = ("domain", "isp", "region", name)
    with lab(tmp_path / "home", ACCOUNT, names=names) as found:
        found.simulator.manners = [read(f"{manner}@until-call=1")]
        found.capture([DAY])
        found.simulator.manners = []
        (line,) = found.archive.ledger(DATASETS[name], DAY, DAY)
        assert line.rows
        assert line.is_suspect
        found.capture([DAY], again=True)
        (line,) = found.archive.ledger(DATASETS[name], DAY, DAY)
        assert not line.is_suspect


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("push_stream_info", "DescribeLivePushStreamInfoData"),
        ("closed_stream_info", "DescribeClosedStreamInfoByPage"),
    ],
)
def test_a_list_of_pushes_that_is_empty_from_the_first_day_on_is_not_believed(
    tmp_path, name, action
):
    """Nothing was usual yet, so the days were green; metrics show pushes that began and ended."""
    names = ("domain", "isp", "region", name, "batch_push_stream_metrics")
    account = Account(domains=1, streams_per_domain=3, deleted=0, audience=0.3)
    with lab(tmp_path / "home", account, names=names) as found:
        found.simulator.manners = [read(f"false-empty={action}")]
        found.capture(DAYS)
        found.simulator.manners = []
        lines = found.archive.ledger(DATASETS[name], *DAYS)
        assert [(line.rows, line.is_suspect) for line in lines] == [(0, True)] * len(DAYS)
        assert "metrics show one that ended" in lines[0].contradictions[0]
        found.capture(DAYS, again=True)
        lines = found.archive.ledger(DATASETS[name], *DAYS)
        assert [line.is_suspect for line in lines] == [False] * len(DAYS)
        assert all(line.rows for line in lines)
