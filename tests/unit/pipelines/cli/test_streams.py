"""Standard streams and arguments on a lean machine."""

import io
import json
import logging
import sys
import threading

import pytest
from click.testing import CliRunner

from pipelines.cli import main, streams
from resources.simulator import Simulator
from tests.support.archives import SMALL


def test_a_locale_without_chinese_prints_it_all_the_same(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    streams.prepare()
    sys.stdout.write("直播\n")
    sys.stdout.flush()
    assert raw.getvalue().decode("utf-8").strip() == "直播"


def test_another_encoding_shows_what_it_lacks_as_escapes(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="latin-1"))
    streams.prepare()
    sys.stdout.write("ä直\n")
    sys.stdout.flush()
    assert raw.getvalue() == b"\xe4\\u76f4\n"


def test_words_are_what_the_terminal_sent():
    sent = "直播".encode().decode("ascii", "surrogateescape")
    assert streams.decoded(["plain", sent, "直播"]) == ["plain", "直播", "直播"]


@pytest.fixture
def _as_before(monkeypatch):
    """This process logs as before when the test is over."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    handlers = [*logging.getLogger().handlers]
    yield
    logging.getLogger().handlers[:] = handlers
    logging.getLogger("livestats").setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)


@pytest.mark.usefixtures("_as_before")
def test_each_line_of_a_log_of_json_is_an_object_without_a_secret(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Simulator(SMALL, manners=["echo"], denied=["DescribeLiveTopPlayData"]) as sim:
        key = sim.credentials
        environ = {
            "LIVESTATS_LOG_FORMAT": "json",
            "LIVESTATS_API_URL": sim.url,
            "VOLC_ACCESSKEY": key.access_key,
            "VOLC_SECRETKEY": key.secret_key,
        }
        days = ["--from", "-3d", "--to", "-3d"]  # over at any hour, which yesterday is not
        words = ["backfill", *days, "--dataset", "top_play", "--dataset", "region"]
        denied = CliRunner().invoke(main, words, env=environ)
        typo = CliRunner().invoke(main, ["stauts"], env=environ)
    lines = [json.loads(line) for line in denied.stderr.splitlines()]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    (refused,) = [line for line in lines if line.get("code") == "AccessDenied"]
    assert (refused["level"], refused["action"]) == ("ERROR", "DescribeLiveTopPlayData")
    assert (refused["dataset"], refused["error"]) == ("top_play", "FixAction")
    assert refused["day"]
    assert refused["request_id"]
    assert key.secret_key not in denied.stderr
    assert key.access_key not in denied.stderr
    assert (
        json.loads(typo.stderr)["message"] == "There is no command 'stauts'. Did you mean status?"
    )
    assert typo.exit_code == 2


@pytest.mark.usefixtures("_as_before")
def test_what_a_process_dies_of_is_a_line_of_json_as_well(monkeypatch, capsys):
    monkeypatch.setenv("LIVESTATS_LOG_FORMAT", "json")
    monkeypatch.setattr(logging.getLogger("dagster"), "level", logging.DEBUG)
    streams.prepare()
    try:
        raise RuntimeError("a bug")
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    logging.getLogger("dagster").debug("an event of a run")
    (line,) = capsys.readouterr().err.splitlines()
    found = json.loads(line)
    assert (found["level"], found["error"]) == ("CRITICAL", "RuntimeError")
    assert found["exception"].endswith("RuntimeError: a bug")


def test_an_unknown_form_of_the_log_is_refused():
    result = CliRunner().invoke(main, ["status"], env={"LIVESTATS_LOG_FORMAT": "jsn"})
    assert result.exit_code == 2
    assert "LIVESTATS_LOG_FORMAT is 'jsn'. It is `json` or `text`" in result.output
