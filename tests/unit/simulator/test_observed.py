"""Answers about pushes fit each other; over many windows they are tried in test_streams.py."""

from datetime import datetime

from tests.support.small_world import DAY, HOUR, PUSHES, rows

ONE = PUSHES[:1]
EVENING = {"start": DAY + 20 * HOUR, "hours": 1}
INFO = rows("DescribeLivePushStreamInfoData", hours=24, DomainList=ONE)


def at(text):
    return datetime.fromisoformat(text)


def test_a_push_lasts_from_its_start_to_its_end():
    assert INFO
    for row in INFO:
        lasted = (at(row["EndTime"]) - at(row["StartTime"])).total_seconds()
        assert lasted == row["Duration"] > 0


def test_metrics_of_the_batch_are_those_of_each_stream():
    batch = rows(
        "DescribeLiveBatchPushStreamMetrics",
        Domain=ONE[0],
        Aggregation=30,
        AggType="max",
        **EVENING,
    )
    app, stream = batch[0]["App"], batch[0]["Stream"]
    alone = rows(
        "DescribeLivePushStreamMetrics", Domain=ONE[0], App=app, Stream=stream, Aggregation=30,
        AggType="max", **EVENING,
    )  # fmt: skip
    mine = [row for row in batch if (row["App"], row["Stream"]) == (app, stream)]
    shared = {*alone[0]} & {*mine[0]}
    assert {"TimeStamp", "Bitrate"} <= shared
    assert [{k: row[k] for k in shared} for row in mine] == [
        {k: row[k] for k in shared} for row in alone
    ]


def test_averages_are_no_more_than_maxima():
    most, mean = (
        rows(
            "DescribeLiveBatchPushStreamMetrics",
            Domain=ONE[0],
            Aggregation=60,
            AggType=how,
            **EVENING,
        )
        for how in ("max", "avg")
    )
    assert len(most) == len(mean) > 0
    assert all(a["Bitrate"] >= b["Bitrate"] for a, b in zip(most, mean, strict=True))


def test_metrics_lie_inside_of_a_push_of_their_stream():
    found = rows(
        "DescribeLiveBatchPushStreamMetrics",
        Domain=ONE[0],
        Aggregation=60,
        AggType="max",
        **EVENING,
    )
    assert found
    for row in found:
        assert at(row["TimeStamp"]).timestamp() + 60 > row["StreamBeginTime"] / 1000


def test_transcoding_takes_no_longer_than_its_push():
    tasks = rows("DescribeLiveTranscodeInfoData", hours=24, DomainList=ONE)
    assert tasks
    assert len({task["TaskID"] for task in tasks}) == len(tasks)
    for task in tasks:
        lasted = (at(task["EndTime"]) - at(task["StartTime"])).total_seconds() / 60
        assert 0 < task["Duration"] <= min(lasted + 1e-6, 24 * 60)


CLOSED = "DescribeClosedStreamInfoByPage"


def test_closed_streams_are_the_pushes_that_ended_and_what_was_pulled_of_them():
    """By the day of their end, in UTC; a push that began the day before is among them."""
    pushes = rows("DescribeLivePushStreamInfoData", DAY - 7 * 24 * HOUR, 8 * 24, DomainList=ONE)
    ended = {
        (r["Stream"], at(r["StartTime"]), at(r["EndTime"]))
        for r in pushes
        if DAY <= at(r["EndTime"]) < DAY + 24 * HOUR
    }
    pulled = ONE[0].replace("push", "pull")
    for domain, kind in ((ONE[0], "push"), (pulled, "relay")):
        found = rows(CLOSED, Domain=domain)
        assert {(r["Stream"], at(r["StartTime"]), at(r["EndTime"])) for r in found} == ended
        assert {(r["Domain"], r["SourceType"]) for r in found} == {(domain, kind)}
        assert all(r["EndTime"].endswith("Z") for r in found)
    assert any(start < DAY for _, start, _ in ended)


def test_closed_streams_are_chosen_and_sorted():
    every = rows(CLOSED)
    assert [r["EndTime"] for r in every] == sorted((r["EndTime"] for r in every), reverse=True)
    ascending = rows(CLOSED, Sort="asc")
    assert [r["EndTime"] for r in ascending] == sorted(r["EndTime"] for r in every)
    one = every[0]
    same = {name: one[name] for name in ("Vhost", "Domain", "App", "Stream", "SourceType")}
    found = rows(CLOSED, **same)
    assert found == [r for r in every if same.items() <= r.items()]
    part = one["Stream"][1:]
    assert not rows(CLOSED, Stream=part)
    assert rows(CLOSED, Stream=part, QueryType="fuzzy")
