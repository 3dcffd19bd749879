"""The file of column lineage is the one that the SQL of the marts gives."""

import pytest

from resources.marts import lineage
from resources.marts.definition import read


@pytest.fixture
def derived():
    pytest.importorskip("sqlglot", reason="needs sqlglot: make test-scale")
    from pipelines.docgen import lineage as made

    return made


@pytest.mark.scale
def test_the_file_is_that_of_the_marts(derived):
    """Else: python -m pipelines.docgen.lineage, where sqlglot is installed."""
    assert lineage.FILE.read_text("utf-8") == derived.page()


@pytest.mark.scale
def test_columns_that_only_choose_rows_are_no_sources(derived):
    found = derived.derived(read()["top_streams"])
    assert found["down_traffic_bytes"] == ["stream_traffic_daily.down_traffic_bytes"]
    assert found["peak_online_users"] == ["stream_traffic_daily.peak_online_users"]
