"""Suspicion: a false empty is not believed, and everything else is left alone."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api.catalog import DATASETS
from resources.ledger import acceptance, states, suspicion
from resources.ledger.evidence import Evidence
from resources.ledger.suspicion import SIBLINGS, suspect_days
from resources.raw import captures, seen_notes

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = date(2026, 9, 7)  # a Monday
WEEKS = [FIRST + timedelta(days=i) for i in range(70)]
DAY = WEEKS[40]
ROWS = 1000
EMPTIED = ("edge_stat", "edge_stat_by_protocol", "edge_stat_by_region", "batch_stream_traffic",
           "play_status_code", "top_play", "traffic", "bandwidth")  # fmt: skip
PUSHES = ("push_stream_info", "batch_push_stream_metrics", "push_stream_metrics")


def whole(days=WEEKS):
    """An account with all datasets, the weekend twice as busy."""
    return {name: {d: ROWS * (1 + (d.weekday() > 4)) for d in days} for name in SIBLINGS}


def changed(counts, names, rows=0, days=(DAY,)):
    return {n: {**its, **dict.fromkeys(days, rows)} if n in names else its
            for n, its in counts.items()}  # fmt: skip


def judged(counts, **options):
    """Dataset -> suspect days."""
    found = {name: suspect_days(name, lambda n: counts.get(n, {}), counts, **options)
             for name in SIBLINGS}  # fmt: skip
    return {name: days for name, days in found.items() if days}


def test_edge_traffic_codes_and_rankings_are_empty_while_sessions_and_pushes_are_whole():
    assert judged(changed(whole(), EMPTIED)) == {name: {DAY} for name in EMPTIED}


def test_the_same_on_the_first_day_of_a_new_archive():
    assert judged(changed(whole([DAY]), EMPTIED)) == {name: {DAY} for name in EMPTIED}


@pytest.mark.parametrize("name", ["traffic", "bandwidth", "push_stream_count"])
def test_billed_usage_is_empty_on_the_first_day_of_a_new_archive(name):
    assert judged(changed(whole([DAY]), [name])) == {name: {DAY}}


def test_one_action_is_empty_on_one_day_of_a_month():
    month = WEEKS[:30]
    for name in SIBLINGS:
        assert judged(changed(whole(month), [name], days=[WEEKS[17]])) == {name: {WEEKS[17]}}


def test_traffic_at_two_percent_of_the_weekday_median():
    name = "batch_stream_traffic"
    assert judged(changed(whole(), [name], ROWS * 2 // 100)) == {name: {DAY}}


def test_the_median_is_that_of_the_weekday():
    """8 % of a working day is 4 % of a day of the weekend."""
    monday, saturday = WEEKS[35], WEEKS[33]
    for day, suspect in ((monday, {}), (saturday, {"edge_stat": {saturday}})):
        assert judged(changed(whole(), ["edge_stat"], ROWS * 8 // 100, [day])) == suspect


def test_pushes_are_empty_while_plays_are_whole():
    assert judged(changed(whole(), PUSHES)) == {name: {DAY} for name in PUSHES}


def test_an_account_as_it_always_is_has_none():
    assert judged(whole()) == {}


def test_a_quiet_day_on_which_all_is_empty_is_none():
    assert judged(changed(whole(), SIBLINGS)) == {}
    # Series may be filled with zeros, and rankings name domains without traffic.
    lists = [n for n in SIBLINGS if n.startswith(("batch_", "play_", "push_"))]
    assert judged(changed(whole(), lists)) == {}


@pytest.mark.parametrize(
    "siblings",
    [("batch_stream_session",), ("batch_stream_traffic",),
     ("stream_session", "stream_session_by_domain", "stream_session_account")],
    ids=["sessions", "traffic", "three datasets of one action"],
)  # fmt: skip
def test_one_action_alone_proves_nothing(siblings):
    """It may itself be wrong: one of two that contradict each other is not known to be the right one."""
    counts = changed(whole(), ["edge_stat"])
    assert judged({name: counts[name] for name in ("edge_stat", *siblings)}) == {}


def test_a_holiday_on_which_all_drop_together_is_none():
    assert judged(changed(whole(), SIBLINGS, ROWS * 3 // 100)) == {}


def test_a_new_account_is_none():
    empty = {name: dict.fromkeys(WEEKS[:30], 0) for name in SIBLINGS}
    assert judged(empty) == {}
    assert judged(changed(empty, SIBLINGS, ROWS, WEEKS[29:30])) == {}


def test_pushes_that_nobody_watches_are_none():
    """A new account: series of zeros, the upstream traffic of pushes, and a ranking of domains."""
    unwatched = {**whole(WEEKS[:9]), "batch_stream_session": dict.fromkeys(WEEKS[:9], 0)}
    assert judged(unwatched) == {}


def test_plays_from_an_origin_without_any_push_are_none():
    assert judged(changed(whole(), PUSHES, days=WEEKS)) == {}


def test_what_is_empty_on_every_day_is_none_once_it_was_confirmed():
    never = changed(whole(), ["top_play"], days=WEEKS)
    assert judged(never) == {"top_play": {*WEEKS}}
    assert judged(never, is_empty_normal=lambda: True) == {}
    once = changed(whole(), ["top_play"])
    assert judged(once, is_empty_normal=lambda: True) == {"top_play": {DAY}}


def test_a_sibling_that_is_limited_to_a_part_of_the_account_contradicts_nothing():
    counts = changed(whole(), ["edge_stat"])
    assert suspect_days("edge_stat", lambda n: counts[n], ["edge_stat"]) == set()


def test_siblings_are_not_read_for_an_account_without_empty_days():
    asked = []
    counts = whole()
    assert suspect_days("edge_stat", lambda n: asked.append(n) or counts[n]) == set()
    assert asked == ["edge_stat"]


def made(random):
    """Rows by chance: none, nearly none, half and usual."""
    return {n: {day: random.choice((0, 20, 600, ROWS)) for day in WEEKS[:12]} for n in SIBLINGS}


archives = st.integers(0, 2**32).map(lambda seed: made(Random(seed)))
few = settings(max_examples=30, deadline=None)


@few
@given(archives, st.integers())
def test_the_order_of_days_and_datasets_says_nothing(counts, seed):
    random = Random(seed)

    def shuffled(items):
        return dict(random.sample([*items], len(items)))

    other = shuffled({n: shuffled(its.items()) for n, its in counts.items()}.items())
    assert judged(counts) == judged(other)


@few
@given(archives)
def test_no_suspicion_without_two_siblings_of_different_actions(counts):
    for name, days in judged(counts).items():
        for day in days:
            against = {DATASETS[n].endpoint.action for n, its in counts.items()
                       if n != name and its.get(day)}  # fmt: skip
            assert len(against) >= 2
            usual = max(counts[name].values())
            assert counts[name][day] < max(1, suspicion.NEARLY_EMPTY * usual)


@few
@given(archives, st.sampled_from(sorted(SIBLINGS)), st.sampled_from(WEEKS[:12]))
def test_a_day_whose_siblings_are_empty_is_never_suspect(counts, name, day):
    alone = {n: its if n == name else {**its, day: 0} for n, its in counts.items()}
    assert day not in judged(alone).get(name, ())


# In an archive -----------------------------------------------------------------------------------

CAPTURED = datetime(2026, 11, 21, 1, 20, tzinfo=ZONE)


def put(raw, name, day, rows, at=CAPTURED):
    """A capture; the ledger looks at names only."""
    stamp = f"{at.astimezone(ZoneInfo('UTC')):%Y%m%dT%H%M%S%f}Z-{rows}-{0:016x}"
    (captures.folder_of(raw, name, day) / stamp).mkdir(parents=True)
    return stamp


@pytest.fixture
def raw(tmp_path):
    """One day: edge and rankings are empty, all else is there."""
    for name in SIBLINGS:
        put(tmp_path, name, DAY, 0 if name in ("edge_stat", "top_play") else ROWS)
    return tmp_path


def line(raw, now=CAPTURED, name="edge_stat"):
    dataset = DATASETS[name]
    found = states.entries(dataset, [DAY], raw, now, ZONE, timedelta(7))
    evidence = Evidence(raw=raw, cache=None, zone=ZONE, limits=dict.fromkeys(SIBLINGS, ""))
    return evidence.marked(name, found)[0]


def test_the_ledger_says_it_beside_the_state(raw):
    assert (line(raw).state, line(raw).is_suspect) == (states.State.EMPTY, True)
    assert not line(raw, name="stream_session").is_suspect


def test_it_is_asked_again_on_these_days_and_then_confirmed(raw):
    """A run each day, and the same answer each time."""
    folder, asked = captures.folder_of(raw, "edge_stat", DAY), []
    for days in range(40):
        now = CAPTURED + timedelta(days=days)
        if suspicion.is_due(line(raw, now), now, ZONE):
            asked.append(days)
            seen_notes.note_seen(folder, captures.newest(folder).name, now)
    assert asked == [1, 2, 3, 7, 14, 30]
    assert not line(raw).is_suspect


def test_days_on_which_nothing_ran_are_not_made_up_for_one_by_one(raw):
    folder = captures.folder_of(raw, "edge_stat", DAY)
    late = CAPTURED + timedelta(days=20)
    assert suspicion.is_due(line(raw, late), late, ZONE)
    seen_notes.note_seen(folder, captures.newest(folder).name, late)
    assert not suspicion.is_due(line(raw, late), late + timedelta(days=9), ZONE)
    assert suspicion.is_due(line(raw, late), late + timedelta(days=10), ZONE)


def test_what_the_api_has_forgotten_is_not_asked_again(raw):
    found = replace(line(raw), askable_until=CAPTURED + timedelta(hours=30))
    assert suspicion.is_due(found, CAPTURED + timedelta(hours=29), ZONE)
    assert not suspicion.is_due(found, CAPTURED + timedelta(hours=30), ZONE)


def test_rows_that_come_later_end_it(raw):
    put(raw, "edge_stat", DAY, ROWS, CAPTURED + timedelta(days=1))
    assert not line(raw).is_suspect


def test_a_person_accepts_it_until_another_capture_comes(raw):
    folder = captures.folder_of(raw, "edge_stat", DAY)
    acceptance.accept(folder, line(raw).capture, CAPTURED, "li", "edge was off")
    assert not line(raw).is_suspect
    other = put(raw, "edge_stat", DAY, 0, CAPTURED + timedelta(days=1))
    assert line(raw).is_suspect
    acceptance.accept(folder, other, CAPTURED, "wang", "still off")
    assert not line(raw).is_suspect
    notes = acceptance.accepted(folder)
    assert [(n["by"], n["reason"]) for n in notes] == [
        ("li", "edge was off"),
        ("wang", "still off"),
    ]


def test_a_damaged_acceptance_accepts_nothing_and_is_never_replaced(raw):
    folder = captures.folder_of(raw, "edge_stat", DAY)
    acceptance.accept(folder, line(raw).capture, CAPTURED, "li", "edge was off")
    note = folder / acceptance.ACCEPTED
    note.write_bytes(note.read_bytes().replace(b"li", b"lo"))
    assert line(raw).is_suspect
    with pytest.raises(ValueError, match="changed"):
        acceptance.accept(folder, line(raw).capture, CAPTURED, "li", "again")


def test_one_accepted_day_of_a_feature_that_is_never_used_is_enough_for_all(raw):
    before = DAY - timedelta(days=1)
    for name in SIBLINGS:
        put(raw, name, before, 0 if name == "top_play" else ROWS)
    assert line(raw, name="top_play").is_suspect
    folder = captures.folder_of(raw, "top_play", before)
    acceptance.accept(folder, captures.newest(folder).name.text, CAPTURED, "li", "no ranking")
    assert not line(raw, name="top_play").is_suspect
    assert line(raw).is_suspect  # of edge_stat, which had rows the day before
