"""livestats tables: the data dictionary."""

import json
import re

from click.testing import CliRunner

from pipelines.cli import main
from resources.api.catalog import DATASETS, dataset
from resources.marts import data_dictionary
from resources.marts.definition import read
from resources.system_tables.registry import OWN_TABLES
from tests.support.documented_limits import DOCUMENTED
from tests.support.offered import not_offered


def run(*words, **environ):
    return CliRunner().invoke(main, words, env=environ, prog_name="livestats")


OF_BYTEPLUS = not_offered("volcengine")
ACTIONS = {action for action, said in DOCUMENTED.items() if "volcengine" not in said.absent_on}


def test_tables_json_is_the_dictionary_of_the_vendor():
    every = data_dictionary.tables()
    listed = json.loads(run("tables", "--json").stdout)
    assert listed == [table for table in every if table["table"] not in OF_BYTEPLUS]
    assert {table["action"] for table in listed} - {None} == ACTIONS
    (named,) = json.loads(run("tables", "asr_duration", "--json").stdout)
    assert named["action"] == "DescribeLiveASRDurationData"


def test_byteplus_has_more_actions():
    listed = json.loads(run("tables", "--json", LIVESTATS_VENDOR="byteplus").stdout)
    assert listed == data_dictionary.tables()
    assert {table["action"] for table in listed} - {None} == {*DOCUMENTED} > ACTIONS


def test_an_entry_has_the_fields_of_the_contract():
    item = json.loads(run("tables", "--json").stdout)[0]
    assert set(item) == {
        "table", "kind", "group", "action", "description", "parameters", "variants", "key",
        "columns",
    }  # fmt: skip
    assert set(item["columns"][0]) == {"name", "type", "unit", "field", "factor", "comment"}


def test_tables_lists_all_and_shows_one():
    listed = run("tables", LIVESTATS_VENDOR="byteplus").stdout
    names = [*DATASETS, *OWN_TABLES, *(m.call.split("(")[0] for m in read().values())]
    assert [name for name in names if name not in listed] == []
    shown = run("tables", "edge_stat").stdout
    assert [c.name for c in dataset("edge_stat").columns if c.name not in shown] == []
    assert "Mbps" in shown


def test_tables_shows_marts_and_what_is_kept_about_the_archive():
    assert "table by day" in run("tables", "bandwidth_5min").stdout
    assert "key         domain, slot_start_at" in run("tables", "bandwidth_5min").stdout
    assert "settling" in run("tables", "ledger").stdout


def test_tables_are_described_in_the_language_of_the_settings(monkeypatch):
    monkeypatch.setenv("LIVESTATS_LANGUAGE", "zh")
    shown = run("tables", "bandwidth_5min").stdout
    assert "主键        domain, slot_start_at" in shown
    assert re.search("up_mbps +DOUBLE +Mbps +时段内的平均上行带宽，单位为每秒 10\\^6 比特。", shown)
    assert (
        "isp                                           2  运营商及其代码 " in run("tables").stdout
    )
    assert json.loads(run("tables", "isp", "--json").stdout)[0]["description"] == "运营商及其代码。"


def test_a_table_that_the_settings_leave_out_says_so(monkeypatch, tmp_path):
    (tmp_path / "livestats.toml").write_text('[datasets]\noff = ["push_stream_info"]\n')
    monkeypatch.setenv("LIVESTATS_SETTINGS", str(tmp_path / "livestats.toml"))
    assert run("tables", "edge_stat", "dim_isp", "ledger").stderr == ""
    for name, what in (("push_stream_info", "It is"), ("push_interruptions_daily", "It needs")):
        result = run("tables", name)
        assert (result.exit_code, name in result.stdout) == (0, True)
        assert f"{name} is not in this archive. {what}" in result.stderr
        assert "datasets.off names it" in result.stderr
    monkeypatch.setenv("LIVESTATS_VENDOR", "byteplus")
    assert "byteplus has no action for it" in run("tables", "batch_stream_session").stderr


def test_an_unknown_table_names_the_nearest():
    result = run("tables", "edge_stats")
    assert result.exit_code == 2
    assert "did you mean edge_stat?" in result.output


def test_the_beginning_of_a_name_is_enough_to_be_told_the_rest():
    result = run("tables", "edge")
    assert "There is no table 'edge': did you mean edge_stat, edge_stat_account, " in result.output
    assert "ledger" not in result.output
