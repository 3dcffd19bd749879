"""The version of a dataset's lake files: it follows the declared schema, and nothing else."""

from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from resources.api.catalog import DATASETS
from resources.capture import repair
from resources.home.layout import Home
from resources.lake import parquet
from resources.lake.schema_version import OF_0_1_0, schema_hash
from resources.ledger import states
from tests.support.lake_files import store
from tests.support.restated_captures import DAY, FIRST, TRAFFIC, capture, cells


def with_fields(dataset, change):
    """The catalog's entry with other fields in its rows."""
    levels = tuple(
        replace(level, fields=tuple(change(field) for field in level.fields if change(field)))
        for level in dataset.endpoint.rows.levels
    )
    return replace(
        dataset,
        endpoint=replace(dataset.endpoint, rows=replace(dataset.endpoint.rows, levels=levels)),
    )


def in_gigabytes(field):
    return replace(field, unit="GB", factor=1.0) if field.name == "UpTraffic" else field


EARLIER = {
    "a column was added": with_fields(TRAFFIC, lambda f: None if f.name == "UpTraffic" else f),
    "a unit was changed": with_fields(TRAFFIC, in_gigabytes),
    "a key column was added": replace(TRAFFIC, key=("domain", "stream")),
}


@pytest.mark.parametrize("change", EARLIER)
def test_a_day_of_an_earlier_schema_is_made_anew_from_its_answers(tmp_path, change):
    home = Home(tmp_path)
    made = capture(home, FIRST, {("pull.example", "a"): (1, 10)})
    path = parquet.path_of(home.lake, TRAFFIC.name, DAY)
    expected = path.read_bytes()
    parquet.normalise(home.lake, EARLIER[change], DAY, made)
    assert states.all_stale_days(TRAFFIC.name, home.raw, home.lake) == {DAY}
    assert repair.rebuild_missing(home, TRAFFIC, [DAY]) == [DAY]
    assert path.read_bytes() == expected
    assert cells(path, "up_traffic_bytes") == [(1_000_000_000,)]
    assert states.all_stale_days(TRAFFIC.name, home.raw, home.lake) == set()


def test_better_words_make_no_file_outdated():
    described = with_fields(TRAFFIC, lambda field: replace(field, comment="In other words."))
    assert schema_hash(replace(described, description="New.")) == schema_hash(TRAFFIC)


def test_every_dataset_has_a_version_of_its_own():
    assert len({parquet.version_of(dataset) for dataset in DATASETS.values()}) == len(DATASETS)


def as_of_0_1_0(path):
    """The same file with the metadata of version 0.1.0, which states no schema."""
    table = pq.ParquetFile(path).read()
    stated = pq.read_metadata(path).metadata
    pq.write_table(table.replace_schema_metadata({b"livestats": stated[b"livestats"]}), path)


@pytest.mark.parametrize("name", [*OF_0_1_0])
def test_a_file_of_0_1_0_is_current_while_its_schema_is_the_declared_one(tmp_path, name):
    path = store(tmp_path, DATASETS[name], DAY, [{}])
    as_of_0_1_0(path)
    origin = parquet.provenance_of(path)
    assert origin.schema == OF_0_1_0[name]
    is_same = OF_0_1_0[name] == schema_hash(DATASETS[name])
    assert (origin.version == parquet.version_of(DATASETS[name])) == is_same


def test_a_file_of_0_1_0_of_an_unknown_dataset_is_of_no_version(tmp_path):
    dataset = replace(TRAFFIC, name="later")
    path = store(tmp_path, dataset, DAY, [{}])
    as_of_0_1_0(path)
    assert parquet.provenance_of(path).version != parquet.version_of(dataset)
