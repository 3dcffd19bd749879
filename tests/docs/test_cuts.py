"""docs/cuts.md is followed from its first step to the last, and names the cuts that are ready."""

import re
import shlex

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources.api.catalog import DATASETS
from resources.config import FILE, load
from resources.config.ready_cuts import READY
from tests.support.archives import DAYS, SMALL, lab
from tests.support.doc_pages import ROOT

PAGE = (ROOT / "docs" / "cuts.md").read_text("utf-8")
SECTION = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)[1]
COMMANDS = re.findall(r"^ {7}(livestats .*)$", PAGE, re.MULTILINE)


@pytest.fixture
def account(tmp_path):
    """An archive that begins with its last day, and has nothing yet."""
    first = {"LIVESTATS_FIRST_DAY": str(DAYS[-1])}
    with lab(tmp_path / "home", SMALL, environ=first) as found:
        yield found


def test_the_steps_lead_to_a_table(account):
    file = account.root.parent / FILE
    off = [name for name in DATASETS if name not in ("domain", "isp")]
    file.write_text(f"[datasets]\noff = {off}\n\n{SECTION}", "utf-8")
    environ = {**account.archive.environ, "LIVESTATS_SETTINGS": str(file)}
    assert len(COMMANDS) == 4
    said = []
    for command in COMMANDS:
        DATASETS.forget_cuts()  # each is a process of its own
        result = CliRunner().invoke(main, shlex.split(command)[1:], env=environ)
        assert result.exit_code == 0 or "plan" in command, result.output
        said.append(" ".join(result.output.split()))
    assert "A day of cut_viewers_by_protocol" in said[0]
    assert "Complete" in said[1]
    assert "protocol" in said[2]
    assert "HTTP-FLV" in said[3]


def test_the_section_is_one_of_those_that_are_ready_and_all_of_them_are_named(tmp_path):
    (tmp_path / FILE).write_text(SECTION, "utf-8")
    assert load({}, tmp_path).cuts == {cut.name: cut for _, cut in READY[:1]}
    assert re.findall(r"`\[cut\.(\w+)\]`", PAGE) == [cut.name for _, cut in READY]
