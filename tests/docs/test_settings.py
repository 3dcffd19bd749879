"""docs/settings.md holds every setting, as it is now, and its example is one that works."""

import re

from pipelines.docgen import settings
from resources.api.catalog import DATASETS
from resources.api.catalog.cuts import KEYS as CUT_KEYS
from resources.config import FILE, Settings, general, load
from resources.config.dataset_overrides import KEYS, keys_of, value_of, widths_of
from resources.config.loader import BESIDE
from resources.config.ready_cuts import READY

TEXT = settings.PAGE.read_text("utf-8")


def test_the_page_is_in_step_with_the_settings():
    """Else: python -m pipelines.docgen.settings."""
    assert settings.page() == TEXT


def test_every_setting_every_key_and_every_variable_has_its_line():
    rows = re.findall(r"^\| `([\w.]+)` \| (.*) \|$", TEXT, re.MULTILINE)
    names = [name for name, _ in rows]
    places = [known.metadata["where"] for known in general()]
    assert sorted(names[: len(places)]) == sorted(places)
    assert names[len(places) :] == [*KEYS, *DATASETS, *CUT_KEYS]
    for known in general():
        variable = known.metadata["variable"]
        assert variable is None or f"`{variable}`" in dict(rows)[known.metadata["where"]]
    assert all(f"- `{name}`: " in TEXT for name in BESIDE)


def test_a_dataset_shows_its_default_first_and_all_that_it_can_have():
    for name, dataset in DATASETS.items():
        (row,) = re.findall(rf"^\| `{name}` \|(.*)\|(.*)\|(.*)\|(.*)\|$", TEXT, re.MULTILINE)
        widths, variants, days, also = (cell.strip() for cell in row)
        has = keys_of(dataset)
        if "bucket_seconds" in has:
            found = [int(width) for width in widths.split(", ")]
            assert found[0] == dataset.bucket_s
            assert sorted(found) == widths_of(dataset)
        if "variants" in has:
            assert variants.replace("*", "").split(", ") == [*value_of(dataset, "variants")]
        assert bool(days) == ("reread_days" in has)
        assert {key for key in KEYS if f"`{key}`" in also} == {*has} & {"domains", "streams"}


def test_the_example_sets_every_setting_to_something_of_its_own(tmp_path):
    (said,) = re.findall(r"^```toml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    (tmp_path / FILE).write_text(said, "utf-8")
    found = load({}, tmp_path)
    alike = {f.name for f in general() if getattr(found, f.name) == getattr(Settings(), f.name)}
    assert alike == {"api_region"}  # BytePlus signs for the same
    assert set(found.own) == {"push_stream_metrics", "stream_session"}
    assert found.cuts == {cut.name: cut for _, cut in READY[:1]}
    said_of_one = found.own["push_stream_metrics"]
    has = keys_of(DATASETS["push_stream_metrics"])
    assert all(getattr(said_of_one, key) is not None for key in has)
