"""Account-wide series made out of captured answers: the same as asked, and never of half an account."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from gzip import decompress

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.backfill import replay
from pipelines.backfill.plan import plan
from pipelines.backfill.run import run
from pipelines.backup import copy
from pipelines.planning import capture_plan
from resources.api import request_plan
from resources.api.catalog import DATASETS
from resources.capture import derive
from resources.config import DatasetOverrides
from resources.lake import parquet
from resources.ledger import acceptance, refused_captures
from resources.ledger.states import State
from resources.raw import captures
from resources.simulator import Account, LateData
from resources.verify.run import Verification
from tests.support.archives import contents, failures, lab

DAYS = (date(2026, 11, 17), date(2026, 11, 18))
DAY = DAYS[0]
ACCOUNT = Account(domains=2, streams_per_domain=1, deleted=0, audience=0.02)
SPLIT, WHOLE = DATASETS["source_traffic"], DATASETS["source_traffic_account"]
LISTS = ("domain", "isp", "region")


@pytest.fixture
def whole(tmp_path):
    """An account with nothing captured, and days that are not asked again for late data."""
    with lab(tmp_path / "home", ACCOUNT, environ={"LIVESTATS_FIRST_DAY": str(DAY)}) as found:
        yield found


@pytest.fixture(scope="module")
def captured(tmp_path_factory):
    """The home of an earlier version: with the split alone."""
    with lab(tmp_path_factory.mktemp("split") / "home", ACCOUNT) as found:
        assert failures(found.only(*LISTS, SPLIT.name).capture(DAYS)) == []
        return found.root


@pytest.fixture
def split(whole, captured):
    """A copy of it."""
    shutil.copytree(captured, whole.root)
    return whole


@pytest.fixture(scope="module")
def derived(captured, tmp_path_factory):
    """The home after a backfill by the present version."""
    home, first_day = tmp_path_factory.mktemp("made") / "home", {"LIVESTATS_FIRST_DAY": str(DAY)}
    with lab(home, ACCOUNT, environ=first_day) as found:
        shutil.copytree(captured, found.root)
        backfill(later(found))
        return found.root


@pytest.fixture
def made(whole, derived):
    """A copy of that one."""
    shutil.copytree(derived, whole.root, symlinks=True)
    return whole


def later(found, **environ):
    """The present version, with the account-wide series."""
    return found.with_(**environ).only(*LISTS, SPLIT.name, WHOLE.name)


def backfill(found, names=(), last=DAYS[1]):
    """An ordinary backfill; its summary and how many requests it made."""
    before, lines = found.requests, []
    todo = plan(found.archive, DAYS[0], last, names)
    summary = run(found.archive, todo, lines.append)
    return summary, found.requests - before


def rows(found, day=DAY, name=WHOLE.name):
    return pq.read_table(
        parquet.path_of(found.archive.home.lake, name, day)
    ).replace_schema_metadata()


def capture_of(found, day=DAY):
    folder = captures.folder_of(found.archive.home.raw, WHOLE.name, day)
    (name,) = captures.captures_in(folder)
    return captures.Capture(folder / name.text, name)


def reason(found, day=DAY):
    """Why the day cannot be made out of captured answers."""
    archive = found.archive
    inventory = derive.InventoryReader(archive.home.lake, archive.settings)
    sources = derive.Sources(
        archive.home, archive.settings, archive.coverage(), inventory, archive.now()
    )
    source, why = sources.of(archive.settings.of(WHOLE), day)
    assert (source is None) == bool(why)
    return why


# What is made --------------------------------------------------------------------------------------


def test_every_series_is_made_without_a_request_and_equals_the_asked_one(whole):
    names = [name for name, one in DATASETS.items() if one.derived_from]
    parents = [DATASETS[name].derived_from[0] for name in names]
    assert failures(whole.only(*LISTS, *parents).capture([DAY])) == []
    made, asked = whole.only(*LISTS, *parents, *names), whole.beside("asked").only(*LISTS, *names)
    _, requests = backfill(made, last=DAY)
    assert failures(asked.capture([DAY])) == []
    assert requests == 0
    for name in names:
        assert rows(made, DAY, name).num_rows > 0
        assert rows(made, DAY, name).equals(rows(asked, DAY, name))
    assert [*Verification(made.archive, deep=True).findings()] == []


def test_a_capture_names_what_it_is_made_of_and_takes_no_room(split):
    backfill(later(split))
    capture = capture_of(split)
    source = captures.newest(captures.folder_of(split.archive.home.raw, SPLIT.name, DAY))
    manifest = capture.manifest
    assert manifest["derived_from"] == {"dataset": SPLIT.name, "capture": source.name.text}
    assert manifest["home"] == source.manifest["home"]  # one of another home counts nowhere
    assert capture.name.fetched_at == source.name.fetched_at  # when the API said so
    carried, own = capture.body_files()
    assert carried.path.samefile(source.folder / captures.RESPONSES)
    assert own.path.stat().st_size == 0


def test_it_is_made_once(made):
    found = later(made)
    before = contents(found.archive.home.raw, found.archive.home.lake)
    todo = plan(found.archive, DAYS[0], DAYS[1], [])
    assert (todo.derived, todo.not_derived) == ((), ())
    found.backfill(DAYS)
    replayed = [one for one in _replayed(found) if one.is_derived]
    assert replayed == []
    assert contents(found.archive.home.raw, found.archive.home.lake) == before


def test_a_day_that_is_asked_later_is_seen_again_and_no_revision(made):
    found = later(made)
    name = capture_of(found).name
    (result,) = found.capture([DAY], [WHOLE.name], again=True)
    assert (result.outcome.value, result.requests) == ("unchanged", 1)
    assert capture_of(found).name == name


def test_a_backup_holds_the_answers_once(whole, tmp_path):
    """Whichever name comes first."""
    name, parent = "stream_session_account", "stream_session_by_domain"
    whole.only(*LISTS, parent).capture(DAYS[:1])
    found = whole.only(*LISTS, parent, name)
    assert [one.is_derived for one in _replayed(found, name)] == [True]
    assert copy.backup(found.archive, tmp_path / "copy").problems == []
    raw = tmp_path / "copy" / "raw"
    (carried,) = raw.glob(f"{name}/{DAY}/*/carried-1.zst")
    (source,) = raw.glob(f"{parent}/{DAY}/*/{captures.RESPONSES}")
    assert carried.samefile(source)


def test_days_that_the_api_has_forgotten_are_made_too(split):
    found = later(split, LIVESTATS_NOW="2028-01-01T12:00:00+08:00")
    assert found.archive.ledger(WHOLE, DAY, DAY)[0].state is State.LOST
    todo = plan(found.archive, DAYS[0], DAYS[1], [WHOLE.name])
    assert (todo.days, todo.days_to_derive, dict(todo.lost)) == (0, 2, {})
    summary = run(found.archive, todo, print)
    assert (summary.captured, summary.requests) == (2, 0)
    assert found.archive.ledger(WHOLE, DAY, DAY)[0].state is State.CAPTURED


def _replayed(found, name=WHOLE.name):
    days = replay.captured(found.archive, [DATASETS[name]], None, None)
    return [*replay.replay(found.archive, days)]


def test_a_replay_makes_them_offline(split):
    found = later(split)
    before = found.requests
    assert [(one.day, one.is_derived, one.rows) for one in _replayed(found)] == [
        (day, True, 288) for day in DAYS
    ]
    assert found.requests == before
    assert _replayed(split.only(*LISTS, SPLIT.name)) == _replayed(found)  # made again from its own


def test_a_replay_makes_nothing_for_a_dataset_that_is_switched_off(split):
    assert _replayed(split.only(*LISTS, SPLIT.name)) == []
    assert not (split.archive.home.raw / WHOLE.name).exists()


# What follows a later answer ----------------------------------------------------------------------


def on(found, day):
    """The present version at noon of a day of November."""
    return later(found, LIVESTATS_NOW=f"2026-11-{day}T12:00:00+08:00")


@pytest.fixture
def restated(made):
    """A derived day, whose source has got another answer since."""
    made.simulator.world.late = LateData(settled_after=timedelta(days=9999), factor=0.9)
    (result,) = on(made, 23).capture([DAY], [SPLIT.name], again=True)
    assert result.outcome.value == "captured"
    return on(made, 24)


def line_of(found, day=DAY, dataset=WHOLE):
    (line,) = found.archive.ledger(dataset, day, day)
    return line


def newest_of(found):
    folder = captures.folder_of(found.archive.home.raw, WHOLE.name, DAY)
    return captures.newest(folder, found.archive.settings.time_zone)


def is_as_its_source(found):
    """Both tables tell the same traffic."""
    both = [rows(found, DAY, one.name)["origin_traffic_bytes"] for one in (WHOLE, SPLIT)]
    whole, split = (sum(column.to_pylist()) for column in both)
    return whole == pytest.approx(split)


def test_a_day_is_suspect_when_its_source_has_a_newer_answer(restated):
    assert not is_as_its_source(restated)
    assert line_of(restated).doubt == (
        "made of an answer of source_traffic that a newer one replaces"
    )
    assert not line_of(restated, DAYS[1]).is_suspect
    due = capture_plan.restated(restated.archive, restated.archive.ledgers([WHOLE], *DAYS))
    assert [(chunk.first, chunk.last) for chunk in due] == [(DAY, DAY)]


@pytest.mark.parametrize("make", [backfill, lambda found, _: _replayed(found)])
def test_it_is_made_anew_of_the_newer_answer_without_a_request(restated, make):
    before = restated.requests
    make(restated, [WHOLE.name])
    assert restated.requests == before
    assert is_as_its_source(restated)
    assert not line_of(restated).is_suspect
    assert [one.is_derived for one in _replayed(restated)] == [False, False]


def test_it_is_asked_where_the_newer_answer_does_not_hold_it(restated, monkeypatch):
    found = on(restated, 25)
    restated.simulator.world.late = None
    monkeypatch.setattr(request_plan, "DOMAINS_PER_REQUEST", 1)
    restated.capture([DAY], [SPLIT.name], again=True)
    monkeypatch.undo()
    todo = plan(found.archive, *DAYS, [])
    assert (todo.days_to_derive, todo.due) == (0, {WHOLE.name: 1})
    backfill(found)
    assert not line_of(found).is_suspect


def test_a_day_that_the_api_has_confirmed_since_is_not_behind(restated):
    restated.simulator.world.late = None
    (result,) = restated.capture([DAY], [WHOLE.name], again=True)
    assert result.outcome.value == "unchanged"
    assert not line_of(restated).is_suspect
    assert plan(restated.archive, *DAYS, []).days_to_derive == 0


def test_a_day_is_behind_though_the_api_confirmed_it_over_a_month_before(made):
    later(made, LIVESTATS_NOW="2026-12-31T12:00:00+08:00").capture([DAY], [WHOLE.name], again=True)
    made.simulator.world.late = LateData(settled_after=timedelta(days=9999), factor=0.9)
    last = later(made, LIVESTATS_NOW="2027-01-02T12:00:00+08:00")
    last.capture([DAY], [SPLIT.name], again=True)
    assert line_of(last).is_suspect
    assert plan(last.archive, *DAYS, []).days_to_derive == 1


def test_a_day_is_suspect_when_its_source_turns_out_to_be(made):
    found = later(made)
    folder = captures.folder_of(found.archive.home.raw, SPLIT.name, DAY)
    refused_captures.note(folder, captures.captures_in(folder)[-1].text, "a fault of old")
    assert line_of(found, dataset=SPLIT).is_suspect
    assert line_of(found).doubt == "made of an answer of source_traffic that is suspect"


# What is asked ------------------------------------------------------------------------------------


def test_a_run_that_captures_both_asks_for_both(whole):
    found = later(whole)
    backfill(found)
    for day in DAYS:
        assert "derived_from" not in capture_of(found, day).manifest


def test_young_days_are_asked(split):
    found = later(split, LIVESTATS_NOW="2026-11-20T12:00:00+08:00")
    assert plan(found.archive, DAYS[0], DAYS[1], [WHOLE.name]).days_to_derive == 0
    found.capture(DAYS, [WHOLE.name])
    assert "derived_from" not in capture_of(found).manifest


def test_a_day_whose_source_is_damaged_is_asked(split):
    source = captures.newest(captures.folder_of(split.archive.home.raw, SPLIT.name, DAY))
    path = source.folder / captures.RESPONSES
    stored = path.read_bytes()
    path.write_bytes(stored[:-1] + bytes([stored[-1] ^ 1]))
    backfill(later(split))
    assert "derived_from" not in capture_of(split).manifest
    assert "derived_from" in capture_of(split, DAYS[1]).manifest


# What would be half an account --------------------------------------------------------------------


def test_a_suspect_day_is_asked_instead(whole):
    """What is made of it would be as wrong, and green."""
    whole.simulator.manners = [f"other-totals=2@action={SPLIT.endpoint.action}"]
    whole.only(*LISTS, SPLIT.name).capture(DAYS)
    whole.simulator.manners = []
    found = later(whole)
    assert reason(found) == f"{SPLIT.name} is suspect"
    for day in DAYS:
        folder = captures.folder_of(found.archive.home.raw, SPLIT.name, day)
        name = captures.captures_in(folder)[-1].text
        acceptance.accept(folder, name, found.archive.now(), "me", "the vendor says so")
    assert reason(found) == ""


def test_two_lists_of_domains_are_no_account(whole, monkeypatch):
    monkeypatch.setattr(request_plan, "DOMAINS_PER_REQUEST", 1)
    whole.only(*LISTS, SPLIT.name).capture(DAYS)
    found = later(whole)
    assert reason(found) == "source_traffic was asked in 2 lists of domains"
    todo = plan(found.archive, DAYS[0], DAYS[1], [])
    assert (todo.days_to_derive, todo.due[WHOLE.name]) == (0, 2)
    assert {(name, day) for name, day, _ in todo.not_derived} == {(WHOLE.name, day) for day in DAYS}
    backfill(found)
    assert "derived_from" not in capture_of(found).manifest


def test_a_day_that_lacks_a_domain_is_no_account(split):
    (split.root.parent / "livestats.toml").write_text(
        '[domains]\npull = ["pull-1.sim.example", "pull-2.sim.example", "pull-9.sim.example"]\n'
    )
    assert reason(later(split)) == "source_traffic lacks pull-9.sim.example"


@pytest.mark.parametrize(
    ("listed", "why"), [("2026-11-22", "lacks carrier new"), ("2027-01-05", "some carriers")]
)
def test_carriers_that_are_known_only_since_may_be_a_part_of_the_account(split, listed, why):
    home = split.archive.home
    (path,) = home.lake.glob("isp/day=*/rows.parquet")
    table = pq.read_table(path)
    more = pa.concat_tables(
        [table, table.slice(0, 1).set_column(0, table.schema.field(0), pa.array(["new"]))]
    )
    assert table.schema.names[0] == "isp"
    newer = path.parents[1] / f"day={listed}" / path.name
    newer.parent.mkdir(exist_ok=True)
    pq.write_table(more, newer)
    assert why in reason(later(split))


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (DatasetOverrides(bucket_seconds=3600), "slots of another width"),
        (DatasetOverrides(domains=("pull-1*",)), "limited to other domains"),
    ],
)
def test_settings_of_the_split_that_differ_make_another_series(whole, own, said):
    limited = whole.only(*LISTS, SPLIT.name).set(own={SPLIT.name: own})
    limited.capture(DAYS)
    assert said in reason(later(whole).set(own={SPLIT.name: own}))


def _altered(found, change):
    """The capture of the split with another manifest."""
    folder = captures.folder_of(found.archive.home.raw, SPLIT.name, DAY)
    source = captures.newest(folder)
    manifest = json.loads(decompress((source.folder / captures.MANIFEST).read_bytes()))
    change(manifest["requests"])
    object.__setattr__(source, "manifest", manifest)
    archive = found.archive
    inventory = derive.InventoryReader(archive.home.lake, archive.settings)
    sources = derive.Sources(
        archive.home, archive.settings, archive.coverage(), inventory, archive.now()
    )
    return sources._reason_against(WHOLE, DAY, SPLIT, source)


def _halved(requests):
    (one,) = requests
    other = json.loads(json.dumps(one))
    one["payload"]["EndTime"] = f"{DAY}T11:59:59+08:00"
    other["payload"]["StartTime"] = f"{DAY}T12:00:00+08:00"
    requests.append(other)


def _with_a_hole(requests):
    _halved(requests)
    requests[1]["payload"]["StartTime"] = f"{DAY}T13:00:00+08:00"


def _of_one_stream(requests):
    requests[0]["payload"] |= {"App": "live"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_halved, ""),
        (_with_a_hole, "windows that do not make up the day"),
        (_of_one_stream, "some carriers or protocols only"),
        (lambda requests: requests[0].update(only=["pull-1.sim.example"]), "lists of domains"),
        (lambda requests: requests.clear(), "other variants"),
    ],
)
def test_all_windows_of_the_day_are_needed_and_nothing_may_narrow_them(split, change, said):
    found = _altered(later(split), change)
    assert (said in found) if said else found == ""


def test_variants_are_compared():
    viewers = DATASETS["stream_session_account"]
    one = {"OnlineUserType": "Online"}
    assert derive._variant(viewers, one) != derive._variant(viewers, {"OnlineUserType": "Viewer"})
    assert derive._variant(replace(viewers, variants=(one,)), one) == derive._variant(viewers, one)


def test_windows_tile_a_day_whatever_their_order():
    at = [datetime(2026, 11, 17, hour, tzinfo=UTC) for hour in (0, 8, 16)]
    assert derive._tile([(at[1], at[2]), (at[0], at[1])], at[0], at[2])
    assert not derive._tile([(at[0], at[1])], at[0], at[2])
    assert not derive._tile([(at[0], at[2]), (at[0], at[2])], at[0], at[2])
    assert not derive._tile([None], at[0], at[2])
