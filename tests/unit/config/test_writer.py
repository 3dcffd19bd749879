"""The settings file that `livestats init` writes."""

import re
from dataclasses import replace
from datetime import date

import pytest

from resources.config import FILE, DatasetOverrides, Settings, load
from resources.config.ready_cuts import READY
from resources.config.writer import text, toml


def read_back(folder, given):
    (folder / FILE).write_text(text(given), "utf-8")
    return load({}, folder)


def test_without_values_the_file_is_all_comments_and_gives_the_defaults(tmp_path):
    assert read_back(tmp_path, {}).workers == Settings().workers
    assert [line for line in text({}).splitlines() if line[:1] not in ("", "#", "[")] == []


def test_values_are_read_back_as_they_were_given(tmp_path):
    own = {"stream_count": DatasetOverrides(bucket_seconds=3600, domains=('a"b.*',))}
    given = {"first_day": date(2026, 1, 2), "workers": 3, "pull_domains": ("ä.example",)}
    found = read_back(tmp_path, {**given, "own": own})
    assert {name: getattr(found, name) for name in given} == given
    assert found.own == own


def test_cuts_are_read_back_as_they_were_given(tmp_path):
    cuts = {cut.name: replace(cut, allow=True, description='Of "A".') for _, cut in READY}
    assert read_back(tmp_path, {"cuts": cuts}).cuts == cuts


def test_cuts_that_are_ready_are_comments_which_can_be_taken_away(tmp_path):
    written = text({}).partition("# docs/cuts.md")[2].partition("\n")[2]
    lines = [line[2:] for line in written.splitlines() if re.match(r"# (\[|\w+ = )", line)]
    (tmp_path / FILE).write_text("\n".join(lines), "utf-8")
    assert load({}, tmp_path).cuts == {cut.name: cut for _, cut in READY}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "true"),
        (1.5, "1.5"),
        (date(2026, 1, 2), "2026-01-02"),
        (("a", "b"), '["a", "b"]'),
        ('"\x7f', '"\\"\\u007f"'),
    ],
)
def test_values_in_the_syntax_of_toml(value, written):
    assert toml(value) == written


def test_what_has_no_form_in_toml_is_an_error():
    with pytest.raises(TypeError, match="no form in TOML"):
        toml(None)
