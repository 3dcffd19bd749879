"""What `livestats backfill` tells people to run next."""

from datetime import date, timedelta

from pipelines.backfill.plan import BackfillPlan
from pipelines.backfill.summary import Summary
from pipelines.cli.backfill import after, again, before

DAY = date(2026, 11, 21)
WAITS = "push_stream_info of 2026-11-21 must be captured first"


def test_next_names_what_failed():
    assert again([("edge_stat", DAY, "no answer")]) == (
        "livestats backfill --from 2026-11-21 --to 2026-11-21 --dataset edge_stat"
    )


def test_next_names_as_well_what_a_dataset_rests_on_and_fails_without():
    asked = again([("push_stream_metrics", DAY, WAITS)])
    assert "--dataset push_stream_metrics" in asked
    assert "--dataset push_stream_info" in asked


def todo(**facts):
    nothing = {"datasets": (), "dimensions": (), "chunks": (), "lost": {}, "settling": {}}
    return BackfillPlan(**{**nothing, "kept": 0, "first": DAY, "last": DAY, **facts})


def test_days_that_the_api_has_forgotten_are_not_told_as_complete():
    gone = todo(lost={"edge_stat": [DAY]})
    assert before(gone, "home") == ["Nothing is to be captured: the API no longer has them."]
    assert after(gone, Summary(), "served")[0] == "Nothing to do: the API no longer has these days."
    kept = todo(lost={"edge_stat": [DAY]}, kept=1)
    assert after(kept, Summary(kept=1), "served")[0] == (
        "Nothing was asked of the API: 1 dataset-day complete already."
    )


def test_a_present_state_alone_is_something_to_capture():
    assert before(todo(dimensions=("isp", "region")), "home") == [
        "Capturing the present state: isp, region."
    ]
    kept = before(todo(dimensions=("isp",), kept=3), "home")
    assert kept == ["Nothing is to be captured: 3 complete already."]


def test_what_settles_is_named_and_the_rest_is_complete():
    told = after(todo(settling={"edge_stat": [DAY]}), Summary(is_complete=True), "served")
    assert told[-2:] == [
        "Settling: edge_stat 2026-11-21: not complete at the vendor yet; run again later.",
        "Complete: all that was asked for and is complete at the vendor is in the archive.",
    ]


def test_complete_days_that_stay_suspect_are_not_passed_over():
    told = after(todo(kept=2, suspect=2), Summary(kept=2, is_complete=True), "served")
    assert told[-2:] == [
        "Complete: all that was asked for is in the archive.",
        "Of it 2 dataset-days, told before, still suspect. Next: livestats status",
    ]


def test_days_lost_in_part_before_and_since_the_plan_are_told_together():
    earlier = DAY - timedelta(days=1)
    told = after(
        todo(lost_in_part={"edge_stat": [DAY]}),
        Summary(lost_in_part={"edge_stat": [earlier], "top_play": [DAY]}),
        "served",
    )
    lines = [one for one in told if one.startswith("Lost in part")]
    assert [one for one in lines if f"edge_stat {earlier}" in one and str(DAY) in one]
    assert [one for one in lines if "top_play" in one]
