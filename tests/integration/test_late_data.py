"""A vendor that restates young days: what the schedule asks again, and what the archive makes of it.

One story, told once in the fixture, hour by hour; the tests look at its stages.
"""

import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.planning import capture_plan as due
from pipelines.planning.capture_plan import Chunk
from resources.api.catalog import DATASETS
from resources.api.retry import RetryPolicy
from resources.capture.capturer import Outcome
from resources.lake import parquet
from resources.ledger import states
from resources.ledger.states import State
from resources.raw import seen_notes
from resources.simulator import Faults, LateData, Simulator
from tests.support.archives import SMALL, Lab, contents, lab, moving
from tests.support.restated_captures import cells

DAY = date(2026, 11, 20)
RESTATED, SAME = "batch_stream_traffic", "stream_count"  # the vendor's counts of streams are final
WATCHED = (DATASETS[RESTATED], DATASETS[SAME])
ONE_DAY = timedelta(days=1)


def at(text):
    return datetime.fromisoformat(f"2026-11-{text}+08:00")


@dataclass
class Vendor:
    """A simulated account with late data, and what its archive looked like at each moment."""

    lab: Lab
    files: dict[str, dict[str, str]] = field(default_factory=dict)  # moment -> path -> checksum
    due: dict[str, dict[str, list[Chunk]]] = field(default_factory=dict)  # moment -> why -> runs
    outcomes: dict[str, dict[tuple[str, date], Outcome]] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)

    @property
    def archive(self):
        return self.lab.archive

    def tick(self, text):
        """What the schedule does at a moment: all that is missing or due again, then the load."""
        self.lab = self.lab.with_(LIVESTATS_NOW=at(text).isoformat())
        found = {
            "missing": due.missing(
                self.archive,
                self.archive.ledgers(WATCHED, self.archive.first_day, self.archive.today),
            ),
            "again": due.restated(
                self.archive,
                self.archive.ledgers(WATCHED, self.archive.first_day, self.archive.today),
            ),
        }
        before = self.lab.requests
        results = []
        for chunk in (*found["missing"], *found["again"]):
            days = [chunk.first + ONE_DAY * i for i in range(chunk.days)]
            results += self.lab.capture(days, ("domain", *chunk.datasets), again=chunk.again)
        self.lab.load()
        self.due[text] = found
        self.outcomes[text] = {(r.dataset, r.day): r.outcome for r in results}
        self.requests[text] = self.lab.requests - before
        self.files[text] = contents(self.archive.home.raw, self.archive.home.lake)


@pytest.fixture(scope="module")
def vendor(tmp_path_factory):
    """Days count too little by 3 % until they are a day old; the archive begins with DAY."""
    late = LateData(settled_after=ONE_DAY, factor=0.97)
    environ = {"LIVESTATS_FIRST_DAY": str(DAY)}
    clock = [at("21T01:20")]
    home = tmp_path_factory.mktemp("late") / "home"
    names = ("domain", "isp", RESTATED, SAME)
    with lab(
        home, now=clock[0], late=late, environ=environ, names=names, clock=lambda: clock[0]
    ) as found:
        told = Vendor(found)
        for moment in ("21T01:20", "21T08:20", "22T01:20", "22T08:20", "23T01:20", "24T01:20"):
            clock[0] = at(moment)
            told.tick(moment)
        yield told


def days_of(chunks, name):
    return [
        chunk.first + ONE_DAY * i
        for chunk in chunks
        if name in chunk.datasets
        for i in range(chunk.days)
    ]


def true_traffic(vendor):
    """Bytes down on DAY, as the vendor has them in the end."""
    start = at("20T00:00")
    domains = {"DomainList": ["pull-1.sim.example", "push-1.sim.example"]}
    action = DATASETS[RESTATED].endpoint.action
    rows = vendor.lab.simulator.truth(action, domains, start, start + ONE_DAY)
    return sum(row["DownTraffic"] for row in rows) * 1e9


# When a day is asked again -------------------------------------------------------------------


def test_a_day_is_captured_as_soon_as_it_has_settled(vendor):
    assert days_of(vendor.due["21T01:20"]["missing"], RESTATED) == [DAY]
    assert vendor.outcomes["21T01:20"][RESTATED, DAY] is Outcome.CAPTURED


@pytest.mark.parametrize("moment", ["21T08:20", "22T08:20"])
def test_a_day_is_not_asked_twice_on_one_day(vendor, moment):
    """The first capture counts as well as a later one."""
    assert vendor.due[moment] == {"missing": [], "again": []}
    assert vendor.requests[moment] == 0


@pytest.mark.parametrize("name", [RESTATED, SAME])
def test_the_next_day_it_is_due_again(vendor, name):
    chunks = vendor.due["22T01:20"]["again"]
    assert days_of(chunks, name) == [DAY]
    assert all(chunk.again for chunk in chunks)
    assert days_of(vendor.due["22T01:20"]["missing"], name) == [DAY + ONE_DAY]


@pytest.mark.parametrize("name", [RESTATED, SAME])
def test_rereading_stops_after_the_dataset_s_days(vendor, name):
    """Three days by default: DAY is asked again on the 22nd and 23rd, and let be on the 24th."""
    assert DATASETS[name].reread_days == 3
    assert DAY in days_of(vendor.due["23T01:20"]["again"], name)
    assert days_of(vendor.due["24T01:20"]["again"], name) == [DAY + ONE_DAY, DAY + 2 * ONE_DAY]


@pytest.mark.parametrize(
    ("seen", "now", "is_due"),
    [
        ("21T00:00", "21T23:59", False),
        ("21T23:59", "22T00:00", True),
        ("22T00:00", "23T23:59", True),
        ("22T00:00", "24T00:00", False),
        ("24T01:00", "23T01:00", False),
    ],
    ids=["same day", "midnight", "last minute of the third day", "fourth day", "clock set back"],
)
def test_days_are_counted_by_midnights_of_the_business_zone(vendor, seen, now, is_due):
    line = states.Entry(
        dataset=RESTATED, day=DAY, state=State.CAPTURED, rows=1, captures=1, last_seen_at=at(seen)
    )
    zone = vendor.archive.settings.zone
    assert states.is_due_again(DATASETS[RESTATED], line, at(now), zone) is is_due


@pytest.mark.parametrize(
    "state",
    [s for s in State if not s.is_complete and s is not State.INCOMPLETE],
    ids=lambda state: state.value,
)
def test_what_is_not_complete_is_missing_and_not_due_again(vendor, state):
    line = states.Entry(dataset=RESTATED, day=DAY, state=state, last_seen_at=at("21T01:00"))
    zone = vendor.archive.settings.zone
    assert not states.is_due_again(DATASETS[RESTATED], line, at("22T01:00"), zone)


# What becomes of the answers -----------------------------------------------------------------


def test_a_differing_capture_is_a_revision_and_an_equal_one_is_none(vendor):
    outcomes = vendor.outcomes["22T01:20"]
    assert outcomes[RESTATED, DAY] is Outcome.CAPTURED
    assert outcomes[SAME, DAY] is Outcome.UNCHANGED
    assert vendor.outcomes["23T01:20"][RESTATED, DAY] is Outcome.UNCHANGED


def test_the_earlier_capture_stays_as_it_was(vendor):
    before, after = vendor.files["21T01:20"], vendor.files["24T01:20"]
    captures = {
        p: digest for p, digest in before.items() if "/raw/" in p and seen_notes.SEEN not in p
    }
    assert captures
    assert {p: after.get(p) for p in captures} == captures


def test_lake_and_warehouse_hold_the_newest(vendor):
    path = parquet.path_of(vendor.archive.home.lake, RESTATED, DAY)
    in_lake = sum(down for (down,) in cells(path, "down_traffic_bytes"))
    sql = f"SELECT sum(down_traffic_bytes) FROM {RESTATED} WHERE business_date = ?"
    ((in_warehouse,),) = vendor.lab.rows(sql, DAY)
    assert in_lake == pytest.approx(true_traffic(vendor))
    assert in_warehouse == pytest.approx(true_traffic(vendor))


def test_the_ledger_counts_two_captures(vendor):
    archive = vendor.archive
    (line,) = archive.ledger(DATASETS[RESTATED], DAY, DAY)
    assert (line.state, line.captures) == (State.CAPTURED, 2)
    sql = "SELECT captures FROM ledger WHERE dataset = ? AND business_date = ?"
    assert vendor.lab.rows(sql, RESTATED, DAY) == [(2,)]
    assert vendor.lab.rows(sql, SAME, DAY) == [(1,)]


def test_the_revisions_table_tells_what_the_vendor_did(vendor):
    rows = vendor.lab.rows(
        "SELECT dataset, business_date, rows_before, rows_after, rows_added, rows_removed, "
        "rows_changed, relative_change FROM revisions ORDER BY business_date"
    )
    days = [DAY + ONE_DAY * i for i in range(3)]  # each was captured young, and again a day later
    assert [row[:7] for row in rows] == [(RESTATED, day, 4, 4, 0, 0, 4) for day in days]
    assert [row[7] for row in rows] == [pytest.approx(1 / 0.97 - 1, abs=1e-3)] * 3
    ((changes,),) = vendor.lab.rows("SELECT changes FROM revisions WHERE business_date = ?", DAY)
    down = json.loads(changes)["down_traffic_bytes"]
    assert down["after"] == pytest.approx(true_traffic(vendor))
    assert down["before"] == pytest.approx(true_traffic(vendor) * 0.97, rel=1e-3)


def test_the_revision_is_dated_by_the_clock_that_was_set(vendor):
    sql = "SELECT revised_at FROM revisions WHERE business_date = ?"
    ((when,),) = vendor.lab.rows(sql, DAY)
    assert at("22T01:20") <= when < at("22T01:30")


def test_diff_shows_the_same_row_by_row(vendor):
    words = ("diff", RESTATED, str(DAY), "--json")
    result = CliRunner().invoke(main, words, env=vendor.archive.environ)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["added"], found["removed"], found["changed"]) == (0, 0, 4)
    new = sum(row["cells"].get("down_traffic_bytes", {"new": 0})["new"] for row in found["rows"])
    assert new == pytest.approx(true_traffic(vendor))


def test_an_equal_capture_changes_nothing_but_the_note_that_it_was_seen(vendor):
    """On the 23rd DAY was asked again, and said the same."""
    before, after = vendor.files["22T08:20"], vendor.files["23T01:20"]
    assert vendor.requests["23T01:20"] > 0
    changed = {path for path, digest in after.items() if before.get(path) != digest}
    assert before.keys() <= after.keys()
    assert {path.rpartition("/")[2] for path in changed if str(DAY) in path} == {seen_notes.SEEN}


def test_the_note_is_what_last_seen_at_is_taken_from(vendor):
    (line,) = vendor.archive.ledger(DATASETS[SAME], DAY, DAY)
    assert line.captured_at is not None
    assert line.last_seen_at is not None
    assert at("21T01:20") <= line.captured_at < at("21T01:30")
    assert at("23T01:20") <= line.last_seen_at < at("23T01:30")


def test_without_databases_all_of_it_comes_back(vendor):
    home, tables = vendor.archive.home, ("revisions", "ledger", RESTATED)
    before = [vendor.lab.rows(f"FROM {name} ORDER BY ALL") for name in tables]
    home.warehouse.unlink()
    home.served.unlink()
    vendor.lab.load()
    assert [vendor.lab.rows(f"FROM {name} ORDER BY ALL") for name in tables] == before


# When asking again fails -----------------------------------------------------------------------


@pytest.fixture
def refused(tmp_path):
    """A day that was captured; a day later, the vendor gives no usable answer."""
    broken = Faults(odds={"no_result": 1.0})
    first_day = {"LIVESTATS_FIRST_DAY": str(DAY)}
    names = ("domain", RESTATED)
    with lab(tmp_path / "home", now=at("21T01:20"), environ=first_day, names=names) as one:
        one.capture([DAY], names)
        kept = contents(one.archive.home.raw, one.archive.home.lake)
        later = at("22T01:20")
        with Simulator(SMALL, clock=moving(later), rate=None, faults=broken) as other:
            then = one.with_(LIVESTATS_NOW=later.isoformat(), LIVESTATS_API_URL=other.url)
            patience = RetryPolicy(fault_attempts=1)
            results = then.capture([DAY], [RESTATED], again=True, retries=patience)
            then.load()
            yield then, kept, results


def test_a_reading_that_fails_leaves_the_capture_standing(refused):
    then, kept, (result,) = refused
    assert result.outcome is Outcome.FAILED
    found = contents(then.archive.home.raw, then.archive.home.lake)
    assert {path: found.get(path) for path in kept} == kept
    new = found.keys() - kept.keys()
    assert {path.rpartition("/")[2] for path in new if "/rejected-" not in path} == {states.PARTIAL}
    assert then.rows(f"SELECT count(*) > 0 FROM {RESTATED}") == [(True,)]


def test_its_day_stays_green_with_its_age_and_is_tried_again_the_same_day(refused):
    then, *_ = refused
    (line,) = then.archive.ledger(DATASETS[RESTATED], DAY, DAY)
    assert (line.state, line.captures) == (State.CAPTURED, 1)
    ((seen, state),) = then.rows(
        "SELECT last_seen_at, state FROM ledger WHERE dataset = ? AND business_date = ?",
        RESTATED,
        DAY,
    )
    assert state == "captured"
    assert at("21T01:20") <= seen < at("21T01:30")
    assert days_of(
        due.restated(
            then.archive, then.archive.ledgers(WATCHED, then.archive.first_day, then.archive.today)
        ),
        RESTATED,
    ) == [DAY]


def test_the_note_of_the_failure_goes_with_the_next_good_answer(refused, tmp_path):
    then, *_ = refused
    with Simulator(SMALL, clock=moving(at("22T08:20")), rate=None) as mended:
        after = then.with_(LIVESTATS_NOW=at("22T08:20").isoformat(), LIVESTATS_API_URL=mended.url)
        (result,) = after.capture([DAY], [RESTATED], again=True)
    assert result.outcome is Outcome.UNCHANGED
    assert [*tmp_path.rglob(states.PARTIAL)] == []
    assert (
        due.restated(
            after.archive,
            after.archive.ledgers(
                [DATASETS[RESTATED]], after.archive.first_day, after.archive.today
            ),
        )
        == []
    )
