"""What becomes of a file, by how it was, is here and is in the store; and which files are shared at all."""

import pytest

from resources.shared.index import Entry
from resources.shared.tree import Step, capture_of, is_shared, step

OLD, NEW, OTHER = Entry("0" * 64, 1), Entry("1" * 64, 1), Entry("2" * 64, 1)
SEEN, PARTIAL = "raw/domain/2026-11-20/seen.json", "raw/domain/2026-11-20/partial.json"
CAPTURE = "raw/domain/2026-11-20/20261122T143117165053Z-3-6411fa1c496bbd70"


@pytest.mark.parametrize(
    ("before", "here", "there", "wanted"),
    [
        (OLD, OLD, OLD, Step.KEEP),
        (OLD, OLD, NEW, Step.TAKE),
        (OLD, NEW, OLD, Step.KEEP),
        (OLD, NEW, NEW, Step.KEEP),
        (OLD, NEW, OTHER, Step.MERGE),
        (None, None, NEW, Step.TAKE),
        (None, NEW, None, Step.KEEP),
        (None, OLD, NEW, Step.MERGE),
        (OLD, OLD, None, Step.REMOVE),
        (OLD, NEW, None, Step.KEEP),
        (OLD, None, OLD, Step.TAKE),
        (OLD, None, NEW, Step.TAKE),
        (OLD, None, None, Step.KEEP),
    ],
)
def test_the_step_of_a_file(before, here, there, wanted):
    assert step(SEEN, before, here, there) is wanted


def test_a_note_that_was_removed_here_does_not_come_back():
    assert step(PARTIAL, OLD, None, OLD) is Step.KEEP
    assert step(PARTIAL, OLD, None, NEW) is Step.TAKE


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (f"{CAPTURE}/manifest.json.gz", True),
        (f"{CAPTURE.replace('/2026112', '/rejected-2026112')}/responses.zst", True),
        (f"{CAPTURE}/carried-12.zst", True),
        (SEEN, True),
        ("lake/cut_x/day=2026-11-20/rows.parquet", True),
        ("archive.json", True),
        ("state/learned.json", True),
        ("state/keys", False),
        ("erasing.json", False),
        ("raw/../2026-11-20/seen.json", False),
        (f"{CAPTURE}/.making-x", False),
        ("/archive.json", False),
        ("served/livestats.duckdb", False),
    ],
)
def test_what_is_shared(path, wanted):
    assert is_shared(path) is wanted


def test_the_capture_of_a_file():
    assert capture_of(f"{CAPTURE}/responses.zst") == CAPTURE
    assert capture_of(SEEN) is None
