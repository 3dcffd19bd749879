"""Names that a shell is offered."""

from pipelines.cli import complete


def test_names_begin_as_the_word_does_and_are_sorted():
    assert complete.datasets(None, None, "source_t")[0] == "source_traffic"
    assert complete.tables(None, None, "dim_") == [
        "dim_date",
        "dim_domain",
        "dim_isp",
        "dim_region",
    ]
    assert complete.examples(None, None, "nothing_begins_so") == []
