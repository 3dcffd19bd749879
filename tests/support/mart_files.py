"""Three marts in files of their own, and fixtures that bring them level with lake files of a test.

tests/unit/marts/conftest.py gives the fixtures to the tests there.
"""

from datetime import date

import pytest

from resources.api.catalog import DATASETS
from resources.home.layout import Home
from resources.marts import build
from resources.marts.definition import read
from resources.warehouse import connection as warehouse_connection
from resources.warehouse import load
from tests.support.lake_files import store

ZONE = "Asia/Shanghai"
COUNT, PUSHES, ISP = (DATASETS[n] for n in ("stream_count", "push_stream_info", "isp"))
DAYS = [date(2026, 11, day) for day in (18, 19, 20)]

DAILY = """-- Streams of a day.
-- group: test
-- kind: table by day
-- columns:
--   business_date: Calendar day's date.
--   peak_streams [streams]: Most streams.
SELECT business_date, max(peak_streams) AS peak_streams FROM stream_count GROUP BY 1
"""
ABOVE = """-- Most streams of all days.
-- group: test
-- kind: view
-- columns:
--   peak_streams [streams]: Most streams.
SELECT max(peak_streams) AS peak_streams FROM daily
"""
TOP = """-- Days by streams.
-- group: test
-- kind: macro
-- parameters:
--   last_day: Last day.
--   n = 1: How many.
-- columns:
--   business_date: Calendar day.
--   peak_streams [streams]: Most streams.
SELECT business_date, peak_streams FROM daily WHERE business_date <= last_day
ORDER BY peak_streams DESC LIMIT n
"""


@pytest.fixture
def folder(tmp_path):
    """The files of three marts that stand on each other; a test may change them."""
    found = tmp_path / "sql"
    found.mkdir()
    for name, text in {"daily": DAILY, "above": ABOVE, "top": TOP}.items():
        (found / f"{name}.sql").write_text(text)
    return found


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture
def connection(home):
    with warehouse_connection.writing(home, ZONE) as opened:
        yield opened


@pytest.fixture
def put(home, connection):
    """Makes a day's lake file that says so many streams, and loads it."""
    version = iter(range(100))

    def call(day, streams, dataset=COUNT):
        rows = [{"peak_streams": streams}] if dataset is COUNT else streams
        store(home.lake, dataset, day, rows, next(version))
        load.sync_table(connection, home, dataset)

    return call


@pytest.fixture
def bring(connection, folder):
    """Brings the files' marts level, but for `behind`; what was done, by name."""

    def call(switched_on=tuple(DATASETS), behind=()):
        marts = read.__wrapped__(folder)
        done = build.sync_marts(connection, ZONE, switched_on, marts)
        assert build.marts_behind(connection, switched_on, marts) == [*behind]
        return {made.mart.name: made for made in done}

    return call


def state(connection):
    return warehouse_connection.content_version(connection)


def by_day(connection):
    return dict(connection.execute("FROM daily").fetchall())
