"""What README.md shows under Answers gives answers: each line is run on an archive."""

import re
import shlex

import pytest
from click.testing import CliRunner

import livestats
from pipelines.cli import main
from pipelines.docgen import readme
from resources.simulator import Account
from tests.support.archives import DAYS, lab

pytestmark = pytest.mark.slow

SECTION = readme.README.read_text("utf-8").partition("## Answers\n")[2].partition("\n## ")[0]
LINES = re.findall(r"^    livestats (.+)$", SECTION, re.MULTILINE)
PAGES = readme.README.parent / "docs"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    account = Account(domains=1, streams_per_domain=2, deleted=0)
    with lab(tmp_path_factory.mktemp("answers") / "home", account) as found:
        found.backfill(DAYS)
        yield found


def test_there_are_lines():
    assert len(LINES) >= 6


@pytest.mark.parametrize("line", LINES)
def test_each_line_gives_an_answer(archive, tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line, comments=True)
    environ = dict(archive.archive.environ)
    result = CliRunner().invoke(main, words, env=environ, input="FROM isp;\n")  # for the shell
    assert result.exit_code == 0, result.output
    assert "No rows." not in result.output
    assert result.stdout.count("\n") > 1 or [*tmp_path.iterdir()]


def test_the_line_of_python_gives_a_frame(archive, monkeypatch):
    monkeypatch.setenv("LIVESTATS_HOME", str(archive.root))
    (code,) = re.findall(r"`import livestats; (.+?)`", SECTION)
    frame = eval(code, {"livestats": livestats})
    assert len(frame) > 0


def test_the_index_of_the_docs_names_every_page():
    index = (PAGES / "README.md").read_text("utf-8")
    linked = set(re.findall(r"\]\(([\w.-]+\.md)\)", index))
    assert linked == {path.name for path in PAGES.glob("*.md")} - {"README.md"}


def test_the_picture_is_small_enough_for_a_page():
    assert (PAGES / "images" / "report.png").stat().st_size < 300_000
