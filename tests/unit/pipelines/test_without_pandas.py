"""Arrow does without pandas where nobody has imported it, and nobody else misses it."""

import subprocess
import sys

import pytest

BEGIN = """
import sys
import pyarrow as pa
from pipelines import without_pandas
"""


def run(code: str) -> None:
    subprocess.run([sys.executable, "-c", BEGIN + code], check=True)


def test_arrow_takes_pythons_values_and_imports_nothing():
    run(
        "without_pandas.settle()\n"
        "assert pa.array(['a', None]).to_pylist() == ['a', None]\n"
        "assert pa.scalar(1).as_py() == 1\n"
        "assert pa.array([1, None]).fill_null(0).to_pylist() == [1, 0]\n"
        "assert 'pandas' not in sys.modules\n"
    )


def test_without_it_arrow_imports_pandas():
    """Where a new Arrow no longer does, all of this can go."""
    pytest.importorskip("pandas")
    run("pa.array([None])\nassert 'pandas' in sys.modules")


def test_others_find_pandas_afterwards_and_arrow_still_makes_frames():
    pytest.importorskip("pandas")
    run(
        "without_pandas.settle()\n"
        "import pandas as pd\n"
        "frame = pa.table({'a': [1, 2]}).to_pandas()\n"
        "assert frame.equals(pd.DataFrame({'a': [1, 2]}))\n"
        "dated = pd.DataFrame({'at': [pd.NaT, pd.Timestamp('2026-11-22')]})\n"
        "assert pa.Table.from_pandas(dated)['at'].null_count == 1\n"
    )


def test_pandas_that_is_there_already_stays_known_to_arrow():
    pytest.importorskip("pandas")
    run(
        "import pandas as pd\n"
        "without_pandas.settle()\n"
        "assert pa.array(pd.Series([1, None])).null_count == 1\n"
    )
