"""Reconciliation: a sound capture agrees, and each rule finds the day that breaks it, no other."""

from __future__ import annotations

import math
import os
import shutil
from dataclasses import dataclass, replace

import duckdb
import pytest

from resources.api.catalog import DATASETS
from resources.api.parsing.parse import Rows, row_schema
from resources.home.layout import Home
from resources.lake import parquet
from resources.raw.captures import CaptureName
from resources.simulator import Account
from resources.system_tables.reconciliation import run
from resources.system_tables.reconciliation import table as reconciliation_table
from resources.system_tables.reconciliation.rules import RULES
from resources.system_tables.reconciliation.rules.captures import SLOTS, TOTALS
from resources.system_tables.reconciliation.rules.hours import HOURS
from resources.system_tables.reconciliation.rules.presence import PRESENCE
from resources.system_tables.reconciliation.rules.wholes import ACCOUNT_RULES, DOMAIN_RULES
from resources.warehouse import connection as warehouse_connection
from resources.warehouse import load
from tests.support import offered
from tests.support.archives import DAYS, lab
from tests.support.suites import slow

DAY, OTHER_DAY = DAYS
PULL, PUSH = "pull-1.sim.example", "push-1.sim.example"
HOSTILE = "x'); DROP TABLE edge_stat; --\n<script>"
ALL_ON = tuple(offered.DATASETS)


def _offered(rules):
    """Those about what the default vendor has."""
    return [rule for rule in rules if {*rule.needs} <= {*ALL_ON}]


OFFERED_SLOTS, OFFERED_TOTALS = _offered(SLOTS), _offered(TOTALS)
NAMES = {rule.name for rule in _offered(RULES)}
WHOLES = {rule.name for rule in (*ACCOUNT_RULES, *DOMAIN_RULES)}
"""Rules that compare wholes with their parts: whatever alters a part alone breaks them, too."""


@pytest.fixture(scope="module")
def captured(tmp_path_factory):
    """Two days of two domains and their push domains: captured, loaded, reconciled."""
    with lab(
        tmp_path_factory.mktemp("reconcile") / "home",
        Account(domains=2, streams_per_domain=3, deleted=0, audience=0.1),
    ) as found:
        found.backfill(DAYS)
        yield found


@dataclass(frozen=True)
class Copy:
    """A home of its own that a test may break, with its warehouse open."""

    home: Home
    connection: duckdb.DuckDBPyConnection

    def alter(self, name, select, *, disagreeing=(), day=DAY):
        """Write the lake file of a day anew with what `select` makes of its rows, `t`."""
        path, dataset = parquet.path_of(self.home.lake, name, day), DATASETS[name]
        t = self.connection.read_parquet(str(path), hive_partitioning=False)
        table = t.query("t", select).to_arrow_table()
        schema = row_schema(dataset)
        writer = parquet.LakeWriter(path, dataset, day)
        writer.add(Rows(table.select(schema.names).cast(schema), 0, (), tuple(disagreeing)))
        writer.seal(CaptureName(parquet.provenance_of(path).capture), requests=1)
        writer.commit()

    def sync_tables(self, names=(), switched_on=ALL_ON):
        """Load `names` and reconcile; how many (rule, day) were done."""
        for name in names:
            load.sync_table(self.connection, self.home, DATASETS[name])
        return run.sync_reconciliation(self.connection, self.home, switched_on)

    def rows(self, sql="FROM reconciliation"):
        return self.connection.execute(sql).fetchall()

    def odd_parts(self):
        """(rule, day, scope) of what does not agree, but for wholes that are not as their parts."""
        return {one for one in self.odd() if one[0] not in WHOLES}

    def odd(self):
        """(rule, day, scope) of everything that does not agree."""
        return set(
            self.rows(
                "SELECT rule, business_date, scope FROM reconciliation WHERE verdict <> 'agrees'"
            )
        )


@pytest.fixture
def copy(captured, tmp_path):
    """The lake and the warehouse of the capture, to be broken."""
    (tmp_path / "raw").symlink_to(captured.root / "raw")  # is only read
    # Files of the lake are replaced whole, never changed: links will do.
    shutil.copytree(captured.root / "lake", tmp_path / "lake", copy_function=os.link)
    shutil.copytree(captured.root / "warehouse", tmp_path / "warehouse")
    with warehouse_connection.writing(Home(tmp_path), "Asia/Shanghai") as connection:
        yield Copy(Home(tmp_path), connection)


# A sound capture ---------------------------------------------------------------------------------


def test_a_capture_without_faults_agrees_in_every_rule_and_day(captured):
    verdicts = captured.rows("SELECT DISTINCT rule, business_date, verdict FROM reconciliation")
    assert set(verdicts) == {(name, day, "agrees") for name in NAMES for day in DAYS}


def test_every_rule_but_totals_compares_something(captured):
    """Else 0 = 0 would pass for agreement."""
    found = captured.rows("SELECT rule FROM reconciliation GROUP BY rule HAVING max(actual) > 0")
    assert {name for (name,) in found} == NAMES - {rule.name for rule in OFFERED_TOTALS}


def test_scopes_are_domains_or_the_account(captured):
    scopes = {s for (s,) in captured.rows("SELECT DISTINCT scope FROM reconciliation")}
    domains = {f"{side}-{n}.sim.example" for side in ("pull", "push") for n in (1, 2)}
    assert scopes == {*domains, "account"}


def test_tables_and_columns_say_what_they_mean(captured):
    for table in (reconciliation_table.TABLE, reconciliation_table.RULE_TABLE):
        where = f"WHERE schema_name = 'main' AND table_name = '{table}'"
        ((said,),) = captured.rows(f"SELECT comment FROM duckdb_tables() {where}")
        columns = captured.rows(f"SELECT column_name, comment FROM duckdb_columns() {where}")
        assert said
        assert columns
        assert all(comment for _, comment in columns)


def test_the_rules_stand_beside_their_verdicts(captured):
    found = captured.rows("SELECT rule, why, tables FROM reconciliation_rule")
    assert {name for name, _, _ in found} == {rule.name for rule in RULES}
    assert all(why and tables for _, why, tables in found)


# Each rule finds the day that breaks it ----------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """What is broken, and the rule that must find it."""

    rule: str
    alters: dict[str, str]  # dataset -> SELECT over its rows `t`
    scope: str = PULL
    also: tuple[str, ...] = ()  # rules that compare the same side and find it as well


def times(factor, column, where=f"domain = '{PULL}'", kind="DOUBLE"):
    """All rows, with `column` of some multiplied."""
    value = f"CASE WHEN {where} THEN {column} * {factor} ELSE {column} END"
    return f"SELECT * REPLACE (({value})::{kind} AS {column}) FROM t"


OF_PUSHES = ("stream_count", "push_stream_count", "record")


def without_a_slot(name):
    """One slot of the domain less, with what it holds added to the slot before: sums stay."""
    dataset = DATASETS[name]
    key = ", ".join(k for k in dataset.key if k != "slot_start_at")
    day = f"TIMESTAMPTZ '{DAY} 00:00:00+08:00'"
    of_domain = f"domain = '{PUSH if name in OF_PUSHES else PULL}'"
    of_scope = of_domain if "domain" in dataset.column else "true"
    key = key or "business_date"
    before, gone = f"{day} + INTERVAL '15:00:00'", f"{day} + INTERVAL '15:05:00'"
    summed = [
        f"{c.name} + CASE WHEN slot_start_at = {before} AND {of_scope} THEN "
        f"coalesce(lead({c.name}) OVER (PARTITION BY {key} ORDER BY slot_start_at), 0) ELSE 0 END "
        f"AS {c.name}"
        for c in dataset.columns
        if c.name == "requests" or c.name.endswith(("traffic_bytes", "bandwidth_mbps"))
    ]
    replaced = f"REPLACE ({', '.join(summed)})" if summed else ""
    return (
        f"SELECT * FROM (SELECT * {replaced} FROM t) "
        f"WHERE NOT (slot_start_at = {gone} AND {of_scope})"
    )


ONE_TASK = f"""
    SELECT * REPLACE ('one' AS task_id, '' AS transcode_suffix, 1440.0 AS transcode_minutes,
        business_date::TIMESTAMPTZ - to_seconds(row_number() OVER ()) AS task_started_at,
        business_date::TIMESTAMPTZ + INTERVAL 1 DAY AS task_ended_at)
    FROM t WHERE domain = '{PUSH}'
    UNION ALL FROM t WHERE domain <> '{PUSH}'"""
"""All tasks of the domain as rows of one, each over the whole day: more than a day has."""

CASES = [
    Case("session_requests_of_carriers",
         {"stream_session": times(1.01, "requests", kind="BIGINT")}),
    Case("session_requests_of_streams",
         {"batch_stream_session": times(0.95, "requests", kind="BIGINT")}),
    Case("edge_traffic_of_streams",
         {"edge_stat": times(1.1, "down_traffic_bytes"),
          "edge_stat_by_region": times(1.1, "down_traffic_bytes")},
         also=("edge_traffic_of_bandwidth",)),
    Case("edge_traffic_of_regions",
         {"edge_stat_by_region": times(0.98, "down_traffic_bytes")}),
    Case("edge_requests_of_regions", {"edge_stat_by_region": times(1.02, "requests")}),
    Case("edge_requests_by_status",
         {"play_status_code": times(1.1, "status_count",
                                    f"request_type = 'Access' AND domain = '{PULL}'", "BIGINT")}),
    Case("top_play_traffic_of_streams",
         {"top_play": times(1.1, "traffic_bytes", f"domain = '{PULL}' AND query_type = 'Stream'")}),
    Case("top_play_traffic_of_domains",
         {"top_play": times(0.9, "traffic_bytes", f"domain = '{PULL}' AND query_type = 'Domain'")}),
    Case("peak_pushes",
         {"stream_count": times(2, "peak_streams",
                                f"domain = '{PUSH}' AND stream_type = 'push'", "BIGINT")}, PUSH,
         ("push_counts_of_streams",)),
    Case("transcode_minutes_of_tasks", {"transcode_info": ONE_TASK}, PUSH,
         ("billed_minutes_of_tasks",)),
    Case("transcode_minutes_of_times",
         {"transcode_info": times(0.9, "transcode_minutes", f"domain = '{PUSH}'")}, PUSH,
         ("billed_minutes_of_tasks",)),
    Case("billed_traffic_of_edge",
         {"traffic": times(1.15, "down_traffic_bytes"),
          "bandwidth": times(1.15, "down_bandwidth_mbps")}),
    Case("billed_traffic_of_bandwidth", {"bandwidth": times(0.95, "down_bandwidth_mbps")}),
    Case("edge_traffic_of_bandwidth", {"edge_stat": times(0.5, "down_bandwidth_mbps")}),
    Case("edge_bandwidth_of_traffic", {"edge_stat": times(1e6, "down_bandwidth_mbps")}),
    Case("origin_traffic_of_bandwidth", {"source_traffic": times(0.001, "origin_bandwidth_mbps")}),
    Case("origin_bandwidth_of_traffic", {"source_traffic": times(1000, "origin_bandwidth_mbps")}),
    Case("billed_minutes_of_tasks",
         {name: times(1.05, "transcode_minutes", f"domain = '{PUSH}'")
          for name in ("transcode", "batch_stream_transcode")}, PUSH),
    Case("billed_minutes_of_streams",
         {"batch_stream_transcode": times(0.9, "transcode_minutes", f"domain = '{PUSH}'")}, PUSH),
    Case("push_counts_of_streams",
         {"push_stream_count": times(2, "peak_streams", f"domain = '{PUSH}'", "BIGINT")}, PUSH),
    Case("streams_pushed",
         {"push_stream_metrics": f"FROM t WHERE (domain, stream) <> ('{PUSH}', 'room-101')"}, PUSH),
    *(Case(rule, {name: times(factor, column, where, kind)}, scope)
      for rule, name, column, factor, where, kind, scope in (
          ("viewers_of_account", "stream_session_account", "online_users", 2,
           "online_user_type = 'Online'", "BIGINT", "account"),
          ("session_requests_of_account", "stream_session_account", "requests", 2,
           "online_user_type = 'Online'", "BIGINT", "account"),
          ("pushes_of_account", "stream_count_account", "peak_streams", 9,
           "stream_type = 'push'", "BIGINT", "account"),
          ("edge_traffic_of_account", "edge_stat_account", "down_traffic_bytes", 1.1, "true",
           "DOUBLE", "account"),
          ("edge_peak_of_account", "edge_stat_account", "down_bandwidth_mbps", 0.1, "true",
           "DOUBLE", "account"),
          ("origin_traffic_of_account", "source_traffic_account", "origin_traffic_bytes", 0.9,
           "true", "DOUBLE", "account"),
          ("origin_peak_of_account", "source_traffic_account", "origin_bandwidth_mbps", 9, "true",
           "DOUBLE", "account"),
          ("codes_of_account", "play_status_code_account", "status_count", 2,
           "request_type = 'Access'", "BIGINT", "account"),
          ("edge_traffic_of_carriers", "edge_stat_by_domain", "down_traffic_bytes", 1.1,
           f"domain = '{PULL}'", "DOUBLE", PULL),
          ("edge_peak_of_carriers", "edge_stat_by_domain", "down_bandwidth_mbps", 1.1,
           f"domain = '{PULL}'", "DOUBLE", PULL),
          ("origin_traffic_of_carriers", "source_traffic_by_domain", "origin_traffic_bytes", 1.1,
           f"domain = '{PULL}'", "DOUBLE", PULL),
          ("origin_peak_of_carriers", "source_traffic_by_domain", "origin_bandwidth_mbps", 0.05,
           f"domain = '{PULL}'", "DOUBLE", PULL),
          ("codes_of_carriers", "play_status_code_by_domain", "status_count", 2,
           f"domain = '{PULL}' AND request_type = 'Access'", "BIGINT", PULL),
      )),
    Case("streams_of_origins",
         {"source_stream_metrics": f"FROM t WHERE (domain, stream) <> ('{PULL}', 'room-101')"}),
]  # fmt: skip


ALIKE = {
    *("session_requests_of_account", "pushes_of_account", "edge_peak_of_account"),
    *("origin_traffic_of_account", "origin_peak_of_account", "codes_of_account"),
    *("origin_traffic_of_carriers", "origin_peak_of_carriers", "codes_of_carriers"),
}
"""Rules about a whole and its parts, made as others that make test tries: rules/test_wholes.py."""


@pytest.mark.parametrize(
    "case",
    [slow(case) if case.rule in ALIKE else case for case in CASES],
    ids=lambda case: case.rule,
)
def test_a_rule_finds_the_day_and_scope_that_break_it_and_no_other_does(copy, case):
    for name, select in case.alters.items():
        copy.alter(name, select)
    copy.sync_tables(case.alters)
    odd = copy.odd() if case.rule in WHOLES else copy.odd_parts()
    assert odd == {(rule, DAY, case.scope) for rule in (case.rule, *case.also)}
    assert copy.rows("SELECT DISTINCT verdict FROM reconciliation ORDER BY 1")[-1] == ("differs",)


@pytest.mark.slow
def test_a_domain_with_a_slot_less_is_sparse_in_that_table(copy):
    """What the slot held is added to the one before, so that no sum is less."""
    for rule in OFFERED_SLOTS:
        copy.alter(rule.needs[0], without_a_slot(rule.needs[0]))
    copy.sync_tables(rule.needs[0] for rule in OFFERED_SLOTS)
    sides = {rule.name: PUSH if rule.needs[0] in OF_PUSHES else PULL for rule in OFFERED_SLOTS}
    sides |= {
        rule.name: "account"
        for rule in OFFERED_SLOTS
        if "domain" not in DATASETS[rule.needs[0]].column
    }
    assert copy.odd_parts() == {(rule, DAY, side) for rule, side in sides.items()}
    found = copy.rows(
        "SELECT DISTINCT expected, actual FROM reconciliation WHERE verdict = 'sparse'"
    )
    assert found == [(288.0, 287.0)]
    differing = copy.rows("SELECT rule FROM reconciliation WHERE verdict = 'differs'")
    assert {rule for (rule,) in differing} <= WHOLES


def test_a_slot_too_many_is_no_sparse_day(copy):
    """Only what is left out can be an empty slot."""
    (rule, *_) = OFFERED_SLOTS
    name = rule.needs[0]
    copy.alter(name, "FROM t UNION ALL SELECT * REPLACE (slot_start_at + INTERVAL 1 SECOND AS "
                     "slot_start_at) FROM t QUALIFY row_number() OVER () = 1")  # fmt: skip
    copy.sync_tables([name])
    differing = copy.rows("SELECT rule FROM reconciliation WHERE verdict = 'differs'")
    assert {rule for (rule,) in differing} - WHOLES == {rule.name}


@pytest.mark.slow
def test_totals_that_disagreed_when_the_answers_were_read_are_named(copy):
    for rule in OFFERED_TOTALS:
        copy.alter(rule.needs[0], "FROM t", disagreeing=["TotalRequest", "PeakOnlineUser"])
    copy.sync_tables(rule.needs[0] for rule in OFFERED_TOTALS)
    assert copy.odd() == {(rule.name, DAY, "account") for rule in OFFERED_TOTALS}
    found = copy.rows("SELECT DISTINCT actual, note FROM reconciliation WHERE verdict = 'differs'")
    assert found == [(2.0, "PeakOnlineUser, TotalRequest")]


GONE = f"FROM t WHERE domain <> '{PULL}'"
SESSIONS = ("stream_session", "stream_session_by_domain", "batch_stream_session")
EDGE = ("edge_stat", "edge_stat_by_region")
EMPTY_OF_ONE_DOMAIN = [
    (SESSIONS, PULL, {"edge_of_sessions", "traffic_of_sessions", "codes_of_sessions"}),
    (EDGE, PULL, {"edge_of_sessions"}),
    (("batch_stream_traffic",), PULL, {"traffic_of_sessions"}),
    (("play_status_code",), PULL, {"codes_of_sessions"}),
    (EDGE, PUSH, {"edge_of_pushes"}),
    (("batch_stream_traffic",), PUSH, {"traffic_of_pushes"}),
    (("stream_count",), PUSH, {"count_of_pushes"}),
    (("batch_push_stream_metrics", "push_stream_metrics"), PUSH,
     {"edge_of_pushes", "traffic_of_pushes", "count_of_pushes"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "domain", "rules"),
    [*EMPTY_OF_ONE_DOMAIN[::2], *(slow(*one) for one in EMPTY_OF_ONE_DOMAIN[1::2])],
    ids=lambda value: " ".join(sorted(value)) if isinstance(value, set) else str(value),
)
def test_an_answer_that_is_empty_for_one_domain_is_contradicted(copy, names, domain, rules):
    """In both directions; the account's other domains keep the day from looking empty."""
    for name in names:
        copy.alter(name, f"FROM t WHERE domain <> '{domain}'")
    copy.sync_tables(names)
    presence = {rule.name for rule in PRESENCE}
    assert {one for one in copy.odd() if one[0] in presence} == {
        (rule, DAY, domain) for rule in rules
    }


MISSING_HOURS = [
    ("edge_stat", PULL, "hour(slot_start_at) < 22", "hours_of_edge", 2, "22:00"),
    ("edge_stat", PULL, "hour(slot_start_at) >= 1", "hours_of_edge", 1, "00:00"),
    ("stream_session_by_domain", PULL, "hour(slot_start_at) <> 21", "hours_of_edge", 1, "21:00"),
    ("play_status_code", PULL, "hour(slot_start_at) <> 21", "hours_of_codes", 1, "21:00"),
    ("stream_count", PUSH, "hour(slot_start_at) < 21", "hours_of_pushes", None, None),
    ("batch_push_stream_metrics", PUSH, "hour(slot_start_at) < 21", "hours_of_pushes", None, None),
]


@pytest.mark.parametrize(
    ("name", "domain", "kept", "rule", "hours", "first"),
    [*MISSING_HOURS[::2], *(slow(*one) for one in MISSING_HOURS[1::2])],
)
def test_hours_without_slots_are_contradicted_by_another_series(
    copy, name, domain, kept, rule, hours, first
):
    """Missing at the end, at the beginning or in the middle of the day, of one domain only."""
    copy.alter(name, f"FROM t WHERE domain <> '{domain}' OR {kept}")
    copy.sync_tables([name])
    found = copy.rows(
        "SELECT rule, business_date, scope, (expected - actual)::INT, note FROM reconciliation "
        f"WHERE verdict <> 'agrees' AND rule IN {tuple(one.name for one in HOURS)}"
    )
    assert [one[:3] for one in found if one[0] == rule] == [(rule, DAY, domain)], found
    if hours is not None:
        assert found[0][3:] == (hours, first)


def test_a_few_requests_need_no_counterpart(copy):
    small = f"""
        SELECT * REPLACE (CASE WHEN domain = '{PULL}' THEN 0 ELSE requests END AS requests) FROM t
        WHERE domain <> '{PULL}' OR slot_start_at < '{DAY} 00:05:00+08:00'"""
    copy.alter("stream_session_by_domain", small)
    for name in ("edge_stat", "batch_stream_traffic", "play_status_code"):
        copy.alter(name, GONE)
    copy.sync_tables(["stream_session_by_domain", "edge_stat", "batch_stream_traffic",
                      "play_status_code"])  # fmt: skip
    presence = {rule.name for rule in PRESENCE}
    assert {one for one in copy.odd() if one[0] in presence} == set()


def test_every_rule_is_broken_by_a_test():
    presence = {rule for _, _, rules in EMPTY_OF_ONE_DOMAIN for rule in rules}
    others = {rule.name for rule in (*OFFERED_SLOTS, *OFFERED_TOTALS)}
    hours = {rule for *_, rule, _, _ in MISSING_HOURS}
    assert {case.rule for case in CASES} | presence | hours | others == NAMES


def test_a_push_that_still_runs_is_known_from_its_metrics_alone(copy):
    """Only ended pushes are listed: without the metrics nothing would cover the peak."""
    ended = f"FROM t WHERE domain <> '{PUSH}'"
    copy.alter("push_stream_info", ended)
    copy.sync_tables(["push_stream_info"])
    assert copy.odd() == set()
    copy.alter("batch_push_stream_metrics", ended)
    copy.sync_tables(["batch_push_stream_metrics"])
    rules = (
        *("peak_pushes", "edge_of_pushes", "traffic_of_pushes", "count_of_pushes"),
        "hours_of_pushes",
    )
    assert copy.odd() == {(rule, DAY, PUSH) for rule in rules}


def test_a_push_over_midnight_is_known_on_both_days(copy):
    """The table has it under the first day only; the second is judged by what its own list says."""
    night = ("2026-11-20 23:00:00+08:00", "2026-11-21 01:00:00+08:00")
    one_push = f"""
        (SELECT * REPLACE (TIMESTAMPTZ '{night[0]}' AS push_started_at,
                           TIMESTAMPTZ '{night[1]}' AS push_ended_at, '' AS client_ip)
         FROM t WHERE domain = '{PUSH}' AND stream = 'room-102' LIMIT 1)
        UNION ALL FROM t WHERE domain <> '{PUSH}'"""
    for day in DAYS:
        copy.alter("push_stream_info", one_push, day=day)
    copy.alter("batch_push_stream_metrics", f"FROM t WHERE domain <> '{PUSH}'", day=OTHER_DAY)
    lives = f"(slot_start_at < TIMESTAMPTZ '{night[1]}')::BIGINT"
    copy.alter("stream_count", f"SELECT * REPLACE (CASE WHEN domain = '{PUSH}' THEN {lives} "
               "ELSE peak_streams END AS peak_streams) FROM t", day=OTHER_DAY)  # fmt: skip
    copy.sync_tables(["push_stream_info", "batch_push_stream_metrics", "stream_count"])
    assert copy.rows(f"SELECT business_date FROM push_stream_info WHERE domain = '{PUSH}'") == [
        (DAY,)
    ]
    assert copy.rows(
        "SELECT expected, actual FROM reconciliation WHERE rule = 'peak_pushes' "
        f"AND (business_date, scope) = ('{OTHER_DAY}', '{PUSH}')"
    ) == [(1.0, 1.0)]


def test_a_scope_that_one_side_does_not_know_counts_as_nothing_there(copy):
    copy.alter("edge_stat_by_region", f"FROM t WHERE domain <> '{PULL}'")
    copy.sync_tables(["edge_stat_by_region"])
    rules = ("edge_traffic_of_regions", "edge_requests_of_regions")
    assert copy.odd() == {(rule, DAY, PULL) for rule in rules}
    found = copy.rows("SELECT actual FROM reconciliation WHERE verdict = 'differs'")
    assert found == [(0.0,), (0.0,)]


# What is done again, and what is not -------------------------------------------------------------


def test_nothing_new_does_nothing_and_changes_nothing(copy):
    before = warehouse_connection.content_version(copy.connection)
    assert copy.sync_tables(ALL_ON) == 0
    assert warehouse_connection.content_version(copy.connection) == before


def test_only_days_and_rules_whose_captures_changed_are_done_again(copy):
    copy.alter("edge_stat", "FROM t")
    touched = [rule for rule in RULES if "edge_stat" in rule.needs]
    assert copy.sync_tables(["edge_stat"]) == len(touched)
    assert copy.sync_tables() == 0


def test_a_rule_that_says_something_else_is_done_again_for_all_days(copy, monkeypatch):
    first, *others = RULES
    changed = (replace(first, tolerance=0.5), *others)
    monkeypatch.setattr(run, "RULES", changed)
    monkeypatch.setattr(reconciliation_table, "RULES", changed)
    assert copy.sync_tables() == len(DAYS)
    assert copy.rows(f"SELECT DISTINCT tolerance FROM reconciliation WHERE rule = '{first.name}'")[
        0
    ] == (0.5,)


def test_a_rule_that_is_gone_takes_its_rows_with_it(copy, monkeypatch):
    first, *others = RULES
    monkeypatch.setattr(run, "RULES", tuple(others))
    monkeypatch.setattr(reconciliation_table, "RULES", tuple(others))
    assert copy.sync_tables() == len(DAYS)
    for table in ("reconciliation", "reconciliation_rule", "meta.reconciled"):
        assert copy.rows(f"FROM {table} WHERE rule = '{first.name}'") == []


@pytest.mark.slow
def test_a_deleted_warehouse_is_rebuilt_with_the_same_rows(captured, tmp_path):
    """Whole or day by day, in whatever order the days come."""
    shutil.copytree(captured.root, tmp_path / "home", symlinks=True)
    again = captured.with_(LIVESTATS_HOME=str(tmp_path / "home"))
    home = again.archive.home
    shutil.rmtree(home.warehouse.parent)
    hidden = tmp_path / "hidden"
    # With their captures: from those a load would make the rows.
    early = [*home.lake.glob(f"*/day={DAY}"), *home.raw.glob(f"*/{DAY}")]
    for folder in early:
        folder.rename(hidden_name(hidden, folder))
    again.load()
    assert {day for (day,) in again.rows("SELECT business_date FROM reconciliation")} == {OTHER_DAY}
    for folder in early:
        hidden_name(hidden, folder).rename(folder)
    again.load()
    everything = "SELECT * FROM reconciliation ORDER BY ALL"
    assert again.rows(everything) == captured.rows(everything)


def hidden_name(hidden, folder):
    hidden.mkdir(exist_ok=True)
    return hidden / f"{folder.parent.name} {folder.name}"


# What cannot be compared -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "note"),
    [
        ("lost", "push_stream_info: lost"),
        ("missing", "push_stream_info: not captured"),
        ("partial", "push_stream_info: not captured"),
        ("captured", "push_stream_info: not loaded"),
    ],
)
def test_a_missing_side_is_named_with_the_reason(copy, state, note):
    about = ["push_stream_info", DAY]
    copy.connection.execute("DELETE FROM meta.loaded WHERE (dataset, day) = (?, ?)", about)
    copy.connection.execute(
        "UPDATE ledger SET state = ? WHERE (dataset, business_date) = (?, ?)", [state, *about]
    )
    copy.sync_tables()
    assert copy.rows(
        "SELECT rule, business_date, scope, expected, actual, note FROM reconciliation "
        "WHERE verdict = 'not comparable'"
    ) == [("peak_pushes", DAY, "account", None, None, note)]


def test_a_dataset_that_is_switched_off_is_a_missing_side(copy):
    copy.connection.execute("DELETE FROM meta.loaded WHERE dataset = 'push_stream_info'")
    copy.connection.execute("DROP TABLE push_stream_info")
    copy.sync_tables(switched_on=[name for name in ALL_ON if name != "push_stream_info"])
    assert copy.rows("SELECT note FROM reconciliation WHERE verdict = 'not comparable'") == [
        ("push_stream_info: switched off",)
    ] * len(DAYS)


def test_a_day_of_which_nothing_is_loaded_has_no_rows(copy):
    copy.connection.execute("DELETE FROM meta.loaded WHERE day = ?", [DAY])
    copy.sync_tables()
    assert copy.rows("SELECT DISTINCT business_date FROM reconciliation") == [(OTHER_DAY,)]


@pytest.mark.slow
def test_a_number_that_no_sum_can_hold_keeps_no_other_day_from_being_compared(copy):
    copy.connection.execute("DELETE FROM meta.reconciled")
    copy.alter("batch_stream_traffic", times("1e300", "down_traffic_bytes"))
    copy.sync_tables(["batch_stream_traffic"])
    found = copy.rows(
        "SELECT rule, business_date, note[:19] FROM reconciliation "
        "WHERE verdict = 'not comparable' ORDER BY 1"
    )
    rules = [rule.name for rule in RULES if "batch_stream_traffic" in rule.needs[:2]]
    rules = [name for name in rules if not name.startswith("totals_of")]
    assert found == [(name, DAY, "cannot be computed:") for name in sorted(rules)]


def test_names_are_data(copy):
    quoted = HOSTILE.replace("'", "''")
    copy.alter("edge_stat_by_region", f"SELECT * REPLACE ('{quoted}' AS domain) FROM t "
               f"WHERE domain = '{PULL}' UNION ALL FROM t WHERE domain <> '{PULL}'")  # fmt: skip
    copy.sync_tables(["edge_stat_by_region"])
    rules = ("edge_traffic_of_regions", "edge_requests_of_regions")
    assert copy.odd() == {(rule, DAY, scope) for rule in rules for scope in (PULL, HOSTILE)}


# The verdict -------------------------------------------------------------------------------------


def test_the_standing_counts_and_shows_the_newest_differences(copy):
    copy.alter("edge_stat_by_region", times(2, "requests", "true"))
    copy.alter("edge_stat_by_region", times(2, "requests", "true"), day=OTHER_DAY)
    copy.sync_tables(["edge_stat_by_region"])
    found = reconciliation_table.reconciliation_status(copy.connection, at_most=3)
    assert found.differing == 8  # two days of two domains and their push domains
    assert found.not_comparable == 0
    assert [d.business_date for d in found.differences] == [OTHER_DAY] * 3
    one = found.differences[0]
    assert (one.rule, one.scope, one.unit) == ("edge_requests_of_regions", PULL, "requests")
    assert math.isclose(one.actual, 2 * one.expected)
