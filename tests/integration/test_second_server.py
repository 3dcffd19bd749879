"""Whole runs against a second server, which was written from the vendor's documentation alone.

The simulator shares its reading of the documentation with the client; this server does not. The
month and its bill are in test_second_server_bill.py.
"""

import hashlib
import hmac
import json
import shutil
from datetime import date

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources.api.catalog import DATASETS
from resources.config import FILE
from tests.second_server import signing, traffic
from tests.second_server.choices import Choices
from tests.second_server.limits import ACTIONS
from tests.second_server.world import PULL_OLD, PUSH_ONE
from tests.support import second_series
from tests.support.archives import NOW, failures
from tests.support.second_account import second_lab, wrong_tables
from tests.support.second_series import Series
from tests.support.second_truth import UNTRIED, SecondTruth

DAYS = [date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 21)]
"""The last of them ended twelve hours before the run."""

OTHERWISE = Choices(
    end_inclusive=True,
    zero_slots="left_out",
    empty_list="null",
    offset="Z",
    echo=False,
    push_match="start",
    storage_stamp="end",
    usage_domain="pull",
    percentile="ceil",
    error_status_200=True,
    invalid_code="InvalidParameter",
    request_id_key="RequestID",
    rough_count_extra=7,
    pull_type="pull",
    provinces_null=True,
    empty_result="null",
    single_split=True,
    unaligned_start="next",
    rate_limits=False,  # nobody waits in a test that captures without the command
)
MIXED = Choices(
    empty_list="absent",
    push_match="overlap",
    empty_detail=True,
    day_start="utc",
    rough_count_extra=-2,
    unaligned_start="next",
    rate_limits=False,
)
BYTEPLUS = Choices(edition="byteplus", offset="Z", zero_slots="left_out", rate_limits=False)

CUTS = """
[cut.viewers_by_protocol]
endpoint = "DescribeLiveStreamSessionData"
split = ["Domain", "Protocol"]
width_s = 300

[cut.edge_minutes]
endpoint = "DescribeLiveEdgeStatData"
split = ["Domain"]
width_s = 60

[cut.provinces]
endpoint = "DescribeLiveEdgeStatData"
split = ["Domain", "UserProvince"]
width_s = 3600

[cut.nodes]
endpoint = "DescribeLiveEdgeStatData"
split = ["Area", "ISP"]
width_s = 3600
"""


EDGE = second_series.SERIES["edge_stat"].columns
CUT_SERIES = {
    "cut_viewers_by_protocol": Series(
        traffic.sessions,
        second_series.SERIES["stream_session"].columns,
        ("Domain", "Protocol"),
        variants=second_series.USERS[:1],
    ),
    "cut_edge_minutes": Series(traffic.edge, EDGE, ("Domain",), width_s=60),
    "cut_provinces": Series(traffic.edge, EDGE, ("Domain", "UserProvince"), width_s=3600),
    "cut_nodes": Series(traffic.edge, EDGE, ("Area", "ISP"), width_s=3600),
}

AS_DOCUMENTED = {
    ("domains", "plain"),
    ("unlisted", "none"),
    ("no list", "all"),
    ("list limit", "many"),
    ("all domains", "taken"),
    ("whole", "there"),
    ("one domain", "a list"),  # of the edge, where no several values are asked for
    ("items", "all"),
    ("order", "by time"),
    ("page size", "asked"),
    ("page echo", "asked"),
    ("total", "same"),
    ("beyond", "empty"),
    ("width", "asked"),
    ("window", "inside"),
    ("last second", "same"),
    ("newest", "15 min"),
    ("too long", "refused"),
    ("too old", "refused"),
    ("foreign", "refused"),
    ("future", "nothing"),
    ("type", "documented"),
    ("new field", "none"),
    ("missing field", "none"),
    ("echo", "same"),
    ("sums", "agree"),
    ("doubled", "none"),
    ("quoted", "no"),
    *(() if UNTRIED else [("allowed", "all")]),  # what the server lacks is refused, if it is asked
}
PROBED = {
    "default": (
        Choices(),
        {
            ("end", "exclusive"),
            ("start", "holding"),
            ("offset", "+08:00"),
            ("zeros", "sent"),
            ("empty list", "[]"),
            ("pushes", "end"),
            ("null result", "object"),
            ("no span", "nothing"),
        },
    ),
    "otherwise": (
        OTHERWISE,
        {
            ("end", "inclusive"),
            ("start", "next"),
            ("offset", "Z"),
            ("zeros", "left out"),
            ("empty list", "open"),  # the answer that would tell has a Result of null
            ("pushes", "start"),
            ("null result", "null"),
            ("no span", "taken"),
        },
    ),
    "mixed": (
        MIXED,
        {("end", "exclusive"), ("start", "next"), ("empty list", "missing"), ("pushes", "overlap")},
    ),
    "null lists": (Choices(empty_list="null"), {("empty list", "null"), ("null result", "object")}),
    "byteplus": (BYTEPLUS, {("offset", "Z"), ("zeros", "left out")}),
}


def test_a_documented_request_has_the_documented_signature():
    """Of the second server, so that what it accepts is what the documents say."""
    pairs = [
        ("Action", "DescribeLiveStreamInfoByPage"),
        ("Version", "2023-01-01"),
        *(("PageNum", "1"), ("PageSize", "1000"), ("Stream", "a b+c/d~é")),
    ]
    nothing = hashlib.sha256(b"").hexdigest()
    headers = {
        "host": "live.volcengineapi.com",
        "x-date": "20250102T030405Z",
        "x-content-sha256": nothing,
    }
    signed = signing.must_be_signed(headers)
    canonical = signing.canonical_request("GET", "/", pairs, headers, signed, nothing)
    text = signing.string_to_sign(headers["x-date"], "20250102/cn-north-1/live/request", canonical)
    key = signing.signing_key("SKTEST", "20250102", "cn-north-1", "live")
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    assert signature == "3b204aba3750727d2010698d711d2122d6b13972c78f3acfef235037f803f949"


@pytest.fixture(scope="module")
def backfilled(tmp_path_factory):
    """Three days, with cuts, by the command a user types."""
    folder = tmp_path_factory.mktemp("second")
    off = f"[datasets]\noff = {json.dumps([*UNTRIED])}\n"
    (folder / FILE).write_text(off + CUTS, "utf-8")
    with second_lab(folder / "home", LIVESTATS_SETTINGS=str(folder / FILE)) as (lab, server):
        words = ["backfill", "--from", str(DAYS[0]), "--to", str(DAYS[-1])]
        result = CliRunner().invoke(main, words, env=dict(lab.archive.environ))
        yield lab, server, result


@pytest.mark.slow
def test_a_backfill_of_three_days_has_what_the_second_server_has(backfilled):
    lab, server, result = backfilled
    assert result.exit_code == 0, result.output
    assert [one for one in server.asked if one.error] == []
    names = [name for name in DATASETS if name in (*lab.archive.settings.datasets, *CUT_SERIES)]
    assert {*CUT_SERIES} <= {*names}
    assert wrong_tables(lab, server, DAYS, names, CUT_SERIES) == {}


def test_every_dataset_has_a_truth():
    """A new one needs a line in second_series.py or second_lists.py, by its documentation, or in UNTRIED."""
    truth = SecondTruth(DAYS, Choices(), int(NOW.timestamp()))
    assert truth.tables | {*UNTRIED} == {name for name, one in DATASETS.items() if not one.is_cut}


def test_every_action_is_one_of_the_second_server():
    tried = [one for name, one in DATASETS.items() if name not in UNTRIED]
    assert {one.endpoint.action for one in tried} <= {*ACTIONS}


@pytest.mark.slow
@pytest.mark.parametrize(
    "choices", [OTHERWISE, MIXED, BYTEPLUS], ids=["other", "mixed", "byteplus"]
)
def test_whatever_the_documents_leave_open_the_tables_are_the_same_truth(choices, tmp_path):
    with second_lab(tmp_path / "home", choices) as (whole, server):
        lab = whole.only(*{*whole.archive.settings.datasets} - {*UNTRIED})
        assert failures(lab.capture(DAYS[1:])) == []
        lab.load()
        assert [one for one in server.asked if one.error] == []
        assert wrong_tables(lab, server, DAYS[1:], lab.archive.settings.datasets) == {}


@pytest.mark.slow
def test_an_answer_without_a_result_is_no_empty_list(tmp_path):
    """The documents ask to tell them apart: such a day stays incomplete, and says for which domain."""
    with second_lab(tmp_path / "home", Choices(empty_result="absent")) as (lab, _):
        results = lab.only("domain", "transcode_info").capture(DAYS[:1])
        told = failures(results)
        assert len(told) == 1
        assert PULL_OLD in told[0]
        assert PUSH_ONE not in told[0]


@pytest.mark.slow
def test_where_the_settings_say_so_an_answer_without_a_result_is_nothing(tmp_path):
    names, choices = (
        ("domain", "transcode_info", "push_stream_info"),
        Choices(empty_result="absent"),
    )
    with second_lab(tmp_path / "home", choices, LIVESTATS_MISSING_RESULT="nothing") as (
        whole,
        server,
    ):
        lab = whole.only(*names)
        assert failures(lab.capture(DAYS[:1])) == []
        lab.load()
        assert wrong_tables(lab, server, DAYS[:1], names) == {}
        shutil.rmtree(lab.archive.home.lake)
        assert CliRunner().invoke(main, ["replay"], env=dict(whole.archive.environ)).exit_code == 0
        assert wrong_tables(lab, server, DAYS[:1], names) == {}


@pytest.mark.slow
def test_a_probe_names_answers_without_a_result(tmp_path):
    with second_lab(tmp_path / "home", Choices(empty_result="absent")) as (lab, _):
        words = ["probe", "--json", "--out", str(tmp_path / "probe.json")]
        result = CliRunner().invoke(main, words, env=dict(lab.archive.environ))
    findings = json.loads((tmp_path / "probe.json").read_text("utf-8"))["findings"]
    told = {(one["topic"], one["answer"]) for one in findings}
    assert result.exit_code == 0, result.output
    assert {("null result", "missing"), ("action", "no Result")} <= told


@pytest.mark.slow
@pytest.mark.parametrize("name", PROBED)
def test_a_probe_says_of_each_choice_what_the_server_does(name, tmp_path):
    choices, expected = PROBED[name]
    with second_lab(tmp_path / "home", choices) as (lab, _):
        out = tmp_path / "probe.json"
        words = ["probe", "--json", "--out", str(out)]
        result = CliRunner().invoke(main, words, env=dict(lab.archive.environ))
        assert result.exit_code == 0, result.output
    findings = json.loads(out.read_text("utf-8"))["findings"]
    told = {(one["topic"], one["answer"]) for one in findings}
    assert (AS_DOCUMENTED | expected) - told == set()
    refused = next(one for one in findings if one["topic"] == "too long")
    assert refused["details"]["code"] == choices.invalid_code
    assert refused["details"]["status"] == (200 if choices.error_status_200 else 400)
