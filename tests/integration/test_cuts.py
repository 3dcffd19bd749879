"""Cuts at random: the simulated API takes every request, and the rows are the parts of its figures."""

import json
from collections import defaultdict
from datetime import date, datetime, timedelta
from math import isclose
from zoneinfo import ZoneInfo

import dagster as dg
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipelines.cli import main
from pipelines.definitions import definitions
from resources.api.catalog import DATASETS
from resources.api.catalog.cut_rules import dataset_from
from resources.api.catalog.cuts import Cut
from resources.api.catalog.model import SPLITS, DomainRole
from resources.api.request_plan import Domain, Inventory, domains_of, requests_for
from resources.archive import Archive
from resources.config import FILE, Settings
from resources.lake import parquet
from resources.simulator import Account, AnswerOptions
from resources.simulator.api import Api
from resources.simulator.checks import check
from resources.simulator.places import ISPS, SMALLEST_REGIONS
from tests.support.archives import DAYS, NOW, SMALL, failures, lab
from tests.support.cuts import cuts

DAY = DAYS[-1]
SHANGHAI = ZoneInfo("Asia/Shanghai")
NAMES = ("push.example", "pull.example", "live.example")
KNOWN = Inventory(
    domains=tuple(map(Domain, NAMES, (DomainRole.PUSH, DomainRole.PULL, DomainRole.PULL))),
    isps=tuple(ISPS),
    areas=("AP", "CN"),
    absent=Settings().absent_parameters,
)
ADDITIVE = {
    "DescribeLiveStreamSessionData": ("SessionDataList", "Request", "requests", 1),
    "DescribeLiveEdgeStatData": ("EdgeStatDataList", "Request", "requests", 1),
    "DescribeLiveSourceTrafficData": (
        "TrafficDataList",
        "Traffic",
        "origin_traffic_bytes",
        1e9,
    ),
    "DescribeLivePlayStatusCodeData": ("StatusDataList", "Value", "status_count", 1),
    "DescribeLiveBatchStreamTrafficData": (
        "StreamInfoList",
        "DownTraffic",
        "down_traffic_bytes",
        1e9,
    ),
    "DescribeLiveBatchStreamSessionData": ("StreamInfoList", "TotalRequest", "requests", 1),
}
"""Action -> list of its plain answer, a figure in it that adds up, its column, and the factor."""


@settings(max_examples=60)
@given(cuts())
def test_the_api_takes_every_request(cut):
    dataset = dataset_from(cut, DATASETS)
    planned = [*requests_for(dataset, date(2026, 11, 20), SHANGHAI, KNOWN)]
    assert planned
    for request in planned:
        check(dataset.endpoint, request.payload, now=NOW, owned=NAMES, options=AnswerOptions())
    assert len({str(request.payload) for request in planned}) == len(planned)


def is_small(cut):
    """True if the simulator divides its figures in two ways at most: more takes it minutes."""
    ways = {
        "node": {"Area", "Country", "Province"} & {*cut.split} or cut.regions,
        "user": {"UserArea", "UserCountry", "UserProvince"} & {*cut.split} or cut.user_regions,
        "carrier": "ISP" in cut.split or cut.isps,
        "protocol": "Protocol" in cut.split or cut.protocols,
    }
    return sum(map(bool, ways.values())) < 2 or not (ways["node"] or ways["user"])


def some_cuts(number):
    return given(st.lists(cuts(tuple(ADDITIVE)).filter(is_small), min_size=number, max_size=number))


@settings(max_examples=2, phases=[Phase.generate], report_multiple_bugs=False)
@some_cuts(5)
def test_cuts_are_the_parts_of_what_the_api_says_of_the_whole(tmp_path_factory, drawn):
    check_that_they_are_the_parts_of_the_whole(tmp_path_factory, drawn)


@pytest.mark.slow
@settings(max_examples=5, phases=[Phase.generate], report_multiple_bugs=False)
@some_cuts(10)
def test_many_more_cuts_are_the_parts_of_the_whole(tmp_path_factory, drawn):
    check_that_they_are_the_parts_of_the_whole(tmp_path_factory, drawn)


def check_that_they_are_the_parts_of_the_whole(tmp_path_factory, drawn):
    home = tmp_path_factory.mktemp("ten") / "home"
    named = {f"c{i}": cut for i, cut in enumerate(drawn)}
    named = {
        name: type(cut)(**{**vars(cut), "name": name, "allow": True}) for name, cut in named.items()
    }
    with lab(home, Account(domains=2, streams_per_domain=2, deleted=0)) as plain:
        one = plain.set(cuts=named)
        tables = [cut.table for cut in named.values()]
        assert failures(one.capture([DAY], ["domain", "isp", "region", *tables])) == []
        api = Api(one.simulator.world, AnswerOptions())
        for cut in named.values():
            assert_parts_of_the_whole(cut, one, api)


def assert_parts_of_the_whole(cut, one, api):
    """Every slot of every domain, and of every value of `each`, is what the plain list has."""
    dataset = one.archive.settings.of(DATASETS[cut.table])
    _, _, figure, _ = ADDITIVE[cut.endpoint]
    rows = pq.read_table(parquet.path_of(one.archive.home.lake, cut.table, DAY)).to_pylist()
    constants = [column for p, column in dataset.variant_columns.items() if column in dataset.key]
    by = [*(["domain"] if "domain" in dataset.column else []), *constants]
    if "protocol" in {SPLITS[name].column for name in cut.split}:
        rows = [row for row in rows if row["protocol"] != "QUIC"]  # counted in the others as well
    found = defaultdict(float)
    for row in rows:
        found[(*(row[name] for name in by), row.get("slot_start_at"))] += row[figure] or 0
    is_partial = any(SPLITS[name].partial for name in cut.split)
    for key, whole in whole_of(cut, dataset, one, api, by).items():
        part = found.pop(key, 0.0)
        assert part <= whole * (1 + 1e-6), (cut, key)
        assert is_partial or isclose(part, whole, rel_tol=1e-6), (cut, key, part, whole)
    assert sum(found.values()) == 0, (cut, found)


def whole_of(cut, dataset, one, api, by):
    """What the plain lists say, by the same keys: each domain is asked alone."""
    listed = domains_of(dataset, inventory(one).domains)
    found = defaultdict(float)
    asked_before = []
    for request in requests_for(dataset, DAY, SHANGHAI, inventory(one)):
        if request.payload.get("ProtocolList") == ["QUIC"] and "Protocol" in cut.split:
            continue
        for domain in listed if "domain" in by else [None]:
            asked = {**request.payload, "DomainList": [domain] if domain else listed}
            details = [n for n in asked.pop("DetailField", ()) if not domain or n != "Domain"]
            asked |= {"DetailField": details} if details else {}
            constants = {**request.constants, "domain": domain}
            if asked not in asked_before:  # lists of domains are cut into parts
                asked_before.append(asked)
                for slot, value in figures(cut, api, asked):
                    found[(*(constants[name] for name in by), slot)] += value
    return found


def figures(cut, api, asked):
    """Slot and value of each row of a plain answer; no slot for figures of the day."""
    name, figure, _, factor = ADDITIVE[cut.endpoint]
    for item in api.answer(cut.endpoint, asked, NOW)[name]:
        slot = item.get("TimeStamp")
        for row in item.get("StatusSummaryDataList", [item]):
            yield slot and datetime.fromisoformat(slot), row[figure] * factor


def inventory(one):
    """The account as the simulator has it."""
    regions = {leaf.area for leaf in SMALLEST_REGIONS}
    roles = {True: DomainRole.PUSH, False: DomainRole.PULL}
    sites = one.simulator.world.sites.values()
    return Inventory(
        domains=tuple(Domain(site.name, roles[site.is_push]) for site in sites),
        isps=tuple(ISPS),
        areas=tuple(regions),
        absent=one.archive.settings.absent_parameters,
    )


THREE = """
[cut.by_protocol]
endpoint = "DescribeLiveEdgeStatData"
split = ["Domain", "Protocol"]
width_s = 3600
[cut.provinces]
endpoint = "DescribeLiveEdgeStatData"
split = ["Domain", "UserProvince"]
width_s = 3600
[cut.carriers]
endpoint = "DescribeLiveBatchStreamTrafficData"
isps = "all"
each = ["isps"]
"""
TABLES = ["cut_by_protocol", "cut_provinces", "cut_carriers"]


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """A day of three cuts and what they are held against, captured by the command line."""
    folder = tmp_path_factory.mktemp("three")
    on = {"domain", "isp", "region", "edge_stat", "batch_stream_traffic"}
    off = [name for name, one in DATASETS.items() if name not in on and not one.is_cut]
    (folder / FILE).write_text(f"[datasets]\noff = {off}\n{THREE}", "utf-8")
    with lab(folder / "home", SMALL, environ={"LIVESTATS_FIRST_DAY": str(DAY)}) as one:
        assert command(one, "backfill", "--from", str(DAY), "--to", str(DAY)).exit_code == 0
        yield one


def command(one, *words):
    """A command of a process that knows nothing of cuts before it has read the settings."""
    DATASETS.forget_cuts()
    environ = {**one.archive.environ, "LIVESTATS_SETTINGS": str(one.root.parent / FILE)}
    return CliRunner().invoke(main, words, env=environ)


def test_cuts_are_loaded_published_and_agree_with_the_tables_beside_them(three):
    ((parts, whole),) = three.rows(
        "SELECT (FROM cut_by_protocol SELECT sum(requests) WHERE protocol <> 'QUIC'), "
        "(FROM edge_stat SELECT sum(requests))"
    )
    assert isclose(parts, whole)
    ((carriers, streams),) = three.rows(
        "SELECT (FROM cut_carriers SELECT sum(down_traffic_bytes)), "
        "(FROM batch_stream_traffic SELECT sum(down_traffic_bytes))"
    )
    assert isclose(carriers, streams)
    ((provinces,),) = three.rows("FROM cut_provinces SELECT count(DISTINCT user_province)")
    assert provinces == 31
    verdicts = three.rows("SELECT DISTINCT verdict FROM reconciliation WHERE rule LIKE '%of_cut_%'")
    assert verdicts == [("agrees",)]
    states = three.rows(
        "SELECT state FROM ledger WHERE dataset LIKE 'cut_%' AND business_date = ?", DAY
    )
    assert states == [("captured",)] * 3


@pytest.mark.slow  # words of commands; what is captured and loaded of cuts stays
def test_every_command_knows_them(three):
    checked = json.loads(command(three, "verify", "--deep", "--json").stdout)
    assert (checked["is_intact"], checked["checked"]["captures"]) == (True, 8)
    again = json.loads(command(three, "replay", "--dataset", "cut_carriers", "--json").stdout)
    assert again["replayed"] == 1
    listed = json.loads(command(three, "tables", "--json").stdout)
    assert [one["table"] for one in listed if one["table"].startswith("cut_")] == TABLES
    assert "no dataset" not in command(three, "diff", "cut_provinces", str(DAY)).output
    shown = json.loads(command(three, "settings", "--json").stdout)
    said = {one["setting"]: one["value"] for one in shown if one["setting"].startswith("cut.")}
    assert said["cut.carriers.each"] == ["isps"]
    assert said.keys() >= {"cut.provinces.endpoint", "cut.provinces.width_s"}
    assert "cut_provinces" in command(three, "status", "--json").stdout
    assert command(three, "plan").exit_code == 0


def test_they_are_assets(three):
    DATASETS.forget_cuts()
    environ = {**three.archive.environ, "LIVESTATS_SETTINGS": str(three.root.parent / FILE)}
    found = definitions(Archive.open(environ, three.root.parent, leave_out_broken_cuts=True))
    dg.Definitions.validate_loadable(found)
    graph = found.resolve_asset_graph()
    keys = {"/".join(key.path) for key in graph.get_all_asset_keys()}
    assert keys > {f"{room}/{table}" for room in ("lake", "warehouse") for table in TABLES}
    above = graph.get(dg.AssetKey(["lake", "cut_carriers"])).parent_keys
    assert {key.path[-1] for key in above} == {"domain", "isp"}


def test_the_list_of_several_days_has_the_traffic_of_all_of_them(tmp_path):
    top = Cut(
        name="days",
        endpoint="DescribeLiveTopPlayData",
        days=3,
        query_type=("Stream",),
        sort_by=("TotalTraffic",),
    )
    days = [DAY - timedelta(days=i) for i in range(3)]
    with lab(tmp_path / "home", Account(domains=2, streams_per_domain=2, deleted=0)) as plain:
        one = plain.set(cuts={"days": top})
        assert failures(one.capture(days, ["domain", "isp", "top_play"])) == []
        assert failures(one.capture([DAY], ["cut_days"])) == []
        lake = one.archive.home.lake
        parts = defaultdict(float)
        for day in days:
            for row in pq.read_table(parquet.path_of(lake, "top_play", day)).to_pylist():
                if (row["query_type"], row["sort_by"]) == ("Stream", "TotalTraffic"):
                    parts[row["domain"], row["app"], row["stream"]] += row["traffic_bytes"]
        found = pq.read_table(parquet.path_of(lake, "cut_days", DAY)).to_pylist()
        assert {row["business_date"] for row in found} == {DAY}
        assert len(found) == len(parts) > 0
        for row in found:
            key = (row["domain"], row["app"], row["stream"])
            assert isclose(row["traffic_bytes"], parts[key], rel_tol=1e-6)


def test_the_lists_of_two_domain_spaces_are_those_of_their_domains(tmp_path):
    top = Cut(
        name="spaces",
        endpoint="DescribeLiveTopPlayData",
        vhosts=("sim-space-1", "sim-space-2"),
        each=("vhosts",),
        query_type=("Domain",),
    )
    with lab(tmp_path / "home", Account(domains=3, streams_per_domain=1, deleted=0)) as plain:
        one = plain.set(cuts={"spaces": top})
        assert failures(one.capture([DAY], ["domain", "isp", "cut_spaces"])) == []
        (line,) = one.archive.ledger(DATASETS["cut_spaces"], DAY, DAY)
        assert line.state.is_complete
        assert line.lacking == ()
        rows = pq.read_table(parquet.path_of(one.archive.home.lake, "cut_spaces", DAY)).to_pylist()
        assert {(row["vhost"], row["domain"]) for row in rows} == {
            ("sim-space-1", "pull-1.sim.example"),
            ("sim-space-2", "pull-2.sim.example"),
        }
