"""Machines that lack what most have: a user, a home folder, temporary space, streams, an encoding."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli import streams
from resources.config import Settings, SettingsError
from resources.fs import user
from tests.support.archives import DAYS, lab

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
CODE = "from pipelines.cli import main; main(prog_name='livestats')"
NO_TEMP = """
import tempfile
def none():
    raise FileNotFoundError(2, "No usable temporary directory found")
tempfile._get_default_tempdir = none
"""
NO_USER = """
from pathlib import Path
def home(*_):
    raise RuntimeError("Could not determine home directory.")
Path.home = Path.expanduser = home
"""
CHINESE = "SELECT 1 AS 中文, '值' AS v"


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    with lab(tmp_path_factory.mktemp("lean") / "home") as found:
        one = found.only("domain", "isp", "edge_stat")
        one.backfill(DAYS[:1])
        yield one


def run(found, *words, before="", shell="", **environ):
    """A command in a process of its own; `before` is Python that runs first, `shell` a redirection."""
    given = {**found.archive.environ, "PYTHONPATH": str(ROOT), **environ}
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {shell}', "sh", sys.executable, "-c", before + CODE, *words],
        env={name: value for name, value in given.items() if value is not None},
        capture_output=True, check=False, timeout=120, cwd=found.root.parent,
    )  # fmt: skip


def assert_answers(done, code=0):
    said = done.stderr.decode()
    assert "Traceback" not in said, said
    assert done.returncode == code, said


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("plan",),
        ("account",),
        ("backfill", "--dataset", "edge_stat", "--from", "2026-11-20", "--to", "2026-11-21"),
    ],
    ids=lambda words: words[0],
)
def test_without_a_user_and_a_home_folder(past, words):
    done = run(past, *words, before=NO_USER, HOME=None)
    assert "Traceback" not in done.stderr.decode()
    assert done.returncode in (0, 1)
    assert user.home_folder().is_absolute()


@pytest.mark.parametrize(
    "words",
    [("query", CHINESE), ("verify", "--deep"), ("doctor",)],
    ids=lambda words: words[0],
)
def test_without_a_folder_for_temporary_files(past, words):
    done = run(past, *words, before=NO_TEMP)
    assert "emporary" not in done.stderr.decode() + done.stdout.decode()
    assert_answers(done)


@pytest.mark.parametrize("sign", ["?", "*", "%20"])
def test_a_home_that_databases_cannot_name_is_refused_in_one_sentence(past, tmp_path, sign):
    done = run(past, "backfill", LIVESTATS_HOME=str(tmp_path / f"a{sign}b"))
    assert_answers(done, 2)
    (line,) = done.stderr.decode().splitlines()
    assert "Name another folder" in line
    assert [*tmp_path.iterdir()] == []
    with pytest.raises(SettingsError):
        Settings(home=tmp_path / f"a{sign}b" / "deep")


@pytest.mark.parametrize("name", ["a'b", "100% 中文", "a b", "a#b", "a\nb", "a;b"])
def test_a_home_of_any_other_name_works(past, tmp_path, name):
    found = past.with_(LIVESTATS_HOME=str(tmp_path / name)).only("domain", "isp", "edge_stat")
    found.backfill(DAYS[:1])
    assert found.rows("SELECT count(*) > 0 FROM edge_stat") == [(True,)]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_dagster_keeps_its_history_inside_of_such_a_home(past, tmp_path):
    from pipelines.orchestration.instance import instance

    found = past.with_(LIVESTATS_HOME=str(tmp_path / "a b#c"))
    found.archive.home.prepare(found.archive.settings, found.archive.now())
    with instance(found.archive) as history:
        assert history.get_runs_count() == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a b#c"]
    assert [*(found.root / "dagster").rglob("runs.db")]


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    "words", [("query", "--format", "csv", CHINESE), ("status",), ("publish",)]
)
def test_closed_streams(past, words, closed):
    done = run(past, *words, shell=closed)
    assert_answers(done)
    assert done.stdout == b""


@pytest.mark.parametrize(
    ("environ", "shown"),
    [
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "中文"),
        ({"LC_ALL": "POSIX"}, "中文"),
        ({"PYTHONIOENCODING": "ascii"}, "中文"),
        ({"PYTHONIOENCODING": "latin-1"}, r"\u4e2d\u6587"),
    ],
)
def test_chinese_in_a_locale_that_has_none(past, environ, shown):
    done = run(past, "query", CHINESE, **environ)
    assert_answers(done)
    assert shown in done.stdout.decode()
    assert_answers(run(past, "tables", LIVESTATS_LANGUAGE="zh", **environ))


def test_words_that_the_locale_could_not_decode_are_taken_as_utf_8():
    assert streams.decoded(["plain", os.fsdecode("中文".encode()), "中文"]) == [
        "plain",
        "中文",
        "中文",
    ]
    assert streams.decoded(["\udcff"]) == ["\udcff"]
