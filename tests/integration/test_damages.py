"""A few of the damages of `python -m benchmarks.damage`: no wrong figure without a word.

Each is alone in make test: unit/verify, unit/warehouse/test_identity.py, test_misplaced_captures.py.
"""

import pytest

from benchmarks.damage import cases

pytestmark = pytest.mark.slow

CHOSEN = (
    "a lake file: byte changed",
    "served: `DELETE FROM reconciliation`",
    "warehouse: `UPDATE batch_stream_traffic SET up_traffic_bytes = up_traffic_bytes + 1`",
    "warehouse of another home under our name",
    "raw: two days swapped",
)


def test_no_wrong_figure_comes_without_a_word_and_every_remedy_works(tmp_path):
    found = list(cases(tmp_path, lambda damage: damage.name in CHOSEN))
    assert len(found) == len(CHOSEN)
    assert [case for case in found if case.is_bad] == []
