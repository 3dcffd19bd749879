"""What is reported to Dagster: every complete day in the end, no other ever, none twice."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipelines.orchestration.history_diff import History, Shown, difference, fingerprint
from resources.ledger.states import Entry, State

FIRST = date(2026, 11, 1)
DAYS = [FIRST + timedelta(days=i) for i in range(6)]


def line(day, state=State.CAPTURED, capture="a"):
    capture = capture if state.is_complete else None
    return Entry(dataset="edge_stat", day=day, state=state, capture=capture)


def reported(lines, made=None, statuses=None, captures=None):
    made = {one.day: one.capture for one in lines if one.capture} if made is None else made
    found = difference(lines, made, History(statuses=statuses or {}, captures=captures or {}))
    return [one.day for one in found.days], found.is_final


def test_complete_days_are_reported_and_no_others():
    lines = [line(day, state) for day, state in zip(DAYS, State, strict=False)]
    assert [one.state for one in lines if one.state.is_complete] == ["captured", "empty"]
    assert reported(lines) == (DAYS[:2], True)


def test_a_suspect_day_is_not_reported_until_it_is_settled():
    """A green partition cannot be taken back."""
    (day, *_) = DAYS
    suspect = replace(line(day, State.EMPTY), is_suspect=True)
    assert reported([suspect]) == ([], True)
    assert fingerprint([suspect]) != fingerprint([line(day, State.EMPTY)])
    assert reported([line(day, State.EMPTY)]) == ([day], True)


def test_a_day_that_dagster_shows_from_the_same_capture_is_not_reported_again():
    (day, *_) = DAYS
    shown = {"statuses": {day: Shown.MATERIALIZED}, "captures": {day: "a"}}
    assert reported([line(day)], **shown) == ([], True)
    assert reported([line(day, capture="b")], **shown) == ([day], True)


def test_a_day_that_a_failed_run_marked_is_reported_again():
    (day, *_) = DAYS
    shown = {"statuses": {day: Shown.FAILED}, "captures": {day: "a"}}
    assert reported([line(day)], **shown) == ([day], True)


def test_a_day_that_a_run_is_at_is_left_for_later():
    (day, *_) = DAYS
    assert reported([line(day)], statuses={day: Shown.IN_PROGRESS}) == ([], True)


def test_a_day_without_rows_of_its_newest_capture_is_left_for_later():
    (day, *_) = DAYS
    assert reported([line(day, capture="b")], made={day: "a"}) == ([], False)
    assert reported([line(day)], made={}) == ([], False)


def test_a_fingerprint_changes_with_states_and_captures():
    lines = [line(day) for day in DAYS]
    marks = {
        fingerprint(lines),
        fingerprint(lines[1:]),
        fingerprint([replace(lines[0], capture="b"), *lines[1:]]),
        fingerprint([line(DAYS[0], State.LOST), *lines[1:]]),
    }
    assert len(marks) == 4
    assert fingerprint(lines) == fingerprint([*lines])


STEP = st.tuples(
    st.sampled_from(DAYS),
    st.sampled_from(["capture", "normalise", "state", "begin", "fail", "tick"]),
    st.sampled_from([*State]),
)


class World:
    """An archive, and Dagster as it shows it; both change by steps."""

    def __init__(self):
        self.lines = {day: line(day, State.MISSING) for day in DAYS}
        self.made, self.statuses, self.captures, self.told = {}, {}, {}, []

    def tick(self):
        found = difference(
            self.lines.values(),
            self.made,
            History(statuses=dict(self.statuses), captures=dict(self.captures)),
        )
        for one in found.days:
            assert self.lines[one.day].state.is_complete
            self.told.append((one.day, one.capture, self.failures(one.day)))
            self.statuses[one.day] = Shown.MATERIALIZED
            self.captures[one.day] = one.capture
        return found

    def failures(self, day):
        return self.failed.get(day, 0)

    failed: dict

    def step(self, day, what, state, number):
        is_complete = self.lines[day].state.is_complete
        if what == "capture":
            self.lines[day] = line(day, capture=f"capture {number}")
        elif what == "normalise" and is_complete:
            self.made[day] = self.lines[day].capture
        elif what == "state" and not is_complete and not state.is_complete:
            self.lines[day] = line(day, state)
        elif what == "begin":
            self.statuses[day] = Shown.IN_PROGRESS
        elif what == "fail" and self.statuses.get(day) is Shown.IN_PROGRESS:
            self.statuses[day] = Shown.FAILED
            self.failed[day] = self.failures(day) + 1
        elif what == "tick":
            self.tick()


@given(st.lists(STEP, max_size=40))
def test_whatever_happens_dagster_shows_the_complete_days_in_the_end(steps):
    world = World()
    world.failed = {}
    for number, (day, what, state) in enumerate(steps):
        world.step(day, what, state, number)
    for day in DAYS:  # what is under way ends, and what is captured gets its rows
        world.step(day, "fail", State.LOST, len(steps))
        world.step(day, "normalise", State.LOST, len(steps))
    world.tick()
    complete = {day for day, one in world.lines.items() if one.state.is_complete}
    shown = {day for day, status in world.statuses.items() if status is Shown.MATERIALIZED}
    assert shown == complete
    assert world.captures == {day: world.lines[day].capture for day in complete}
    assert world.tick() == replace(world.tick(), days=[], is_final=True)
    assert len(world.told) == len({*world.told})  # the same again only after another failure
