"""What `livestats publish --to` says."""

import pytest

from pipelines.cli import publishing
from resources.publish_to.result import Result

DONE = Result(
    where="postgresql://db/bi", schema="stats", tables=44, changed=("a", "b"), removed=("c",), rows=7
)  # fmt: skip


def test_it_says_where_and_what_was_written(capsys):
    publishing.tell(DONE)
    assert capsys.readouterr().out.splitlines() == [
        "Published to postgresql://db/bi, schema stats: 44 tables, 7 rows written into 2 of them.",
        "Not published any more: c.",
    ]


def test_it_says_if_nothing_had_changed(capsys):
    publishing.tell(Result(where="postgresql://db/bi", schema="stats", tables=44, is_new=False))
    assert capsys.readouterr().out.endswith("44 tables, unchanged.\n")


def test_programs_get_the_same():
    assert publishing.as_json(DONE)["changed"] == ["a", "b"]


@pytest.mark.parametrize("target", [None, "postgresql://me@db/bi"])
def test_nothing_is_wrong_with_no_target_and_with_a_good_one(target):
    assert publishing.problem_of(target) == ""
