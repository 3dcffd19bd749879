"""What `livestats backfill` tells people to run next."""

from datetime import date

from pipelines.cli.backfill import again

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
