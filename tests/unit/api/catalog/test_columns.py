"""The columns of a table."""

from resources.api.catalog import DATASETS


def names(dataset):
    return [column.name for column in DATASETS[dataset].columns]


def test_when_comes_before_about_what_and_the_values_last():
    assert names("edge_stat")[:4] == ["business_date", "slot_start_at", "slot_seconds", "domain"]
    assert names("push_stream_metrics").index("stream") < names("push_stream_metrics").index(
        next(
            c.name
            for c in DATASETS["push_stream_metrics"].columns
            if c.unit and c.name != "slot_seconds"
        )
    )


def test_a_dimension_has_no_day_and_a_ranking_has_a_rank():
    assert "business_date" not in names("region")
    assert "rank" in names("top_play")


def test_names_of_columns_are_given_once():
    for name in DATASETS:
        assert len({*names(name)}) == len(names(name)), name
