"""Log files fit what was requested: their hours, their sizes, and one more where an hour is too long."""

from datetime import timedelta

from resources.simulator import Account, logged
from resources.simulator.world import World
from tests.support.small_world import DAY, PULLS, PUSHES, rows

LOGS = "DescribeLiveLogData"


def test_each_hour_with_requests_has_a_file_of_its_domain():
    files = rows(LOGS, Type="pull", DomainList=PULLS[:1])
    hourly = rows("DescribeLiveEdgeStatData", DomainList=PULLS[:1], Aggregation=3600)
    busy = {row["TimeStamp"] for row in hourly if row["Request"]}
    assert {row["DateTime"] for row in files} == busy
    assert {row["Domain"] for row in files} == {PULLS[0]}
    assert all(0 < row["LogSize"] < 3000 for row in files)
    names = [row["LogName"] for row in files]
    assert f"{PULLS[0]}_2025_06_06_200000_210000_0.gz" in names
    assert len(set(names)) == len(names)


def test_hours_that_are_not_whole_inside_the_window_are_not_listed():
    half = timedelta(minutes=30)
    inside = rows(LOGS, DAY + timedelta(hours=19) + half, 3, Type="pull", DomainList=PULLS[:1])
    assert [row["DateTime"][11:13] for row in inside] == ["20", "21"]


def test_relays_are_of_the_account_whatever_domains_are_named():
    found = [rows(LOGS, Type="relay", DomainList=[name]) for name in (PULLS[0], PUSHES[0])]
    assert found[0] == found[1] == rows(LOGS, Type="relay")
    assert {row["Domain"] for row in rows(LOGS, Type="relay")} <= {""}
    assert not rows(LOGS, Type="push", DomainList=PULLS)


def test_an_hour_with_too_many_lines_has_several_files(monkeypatch):
    monkeypatch.setattr(logged, "_LINES_IN_A_FILE", 100)
    whole = World(Account(domains=1, streams_per_domain=2, deleted=0, audience=0.2))
    files = rows(LOGS, DAY + timedelta(hours=20), 1, of=whole, Type="pull")
    numbers = [int(row["LogName"].rpartition("_")[2].removesuffix(".gz")) for row in files]
    assert numbers == list(range(len(files)))
    assert len(files) > 1
