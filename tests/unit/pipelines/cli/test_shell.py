"""The shell: statements one after the other, whatever went wrong with the one before."""

import signal
import stat
import sys

import pytest
from click.testing import CliRunner

from pipelines.cli import main, shell
from pipelines.cli.signals import Terminated
from tests.support.archives import DAYS, lab

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environ(tmp_path_factory):
    """The environment of a small archive with a served copy."""
    with lab(tmp_path_factory.mktemp("shell") / "home") as usual:
        found = usual.only("domain", "isp", "stream_count")
        found.backfill(DAYS[:1])
        yield dict(found.archive.environ)


@pytest.fixture
def said(environ):
    def call(text, *words):
        return CliRunner().invoke(main, ["shell", *words], env=environ, input=text)

    return call


def test_statements_are_answered_in_their_order_and_may_take_lines(said):
    result = said("SELECT 1 AS a;\nSELECT 2\n  AS b;\n\nSELECT 3 AS c", "--format", "line")
    assert result.exit_code == 0, result.output
    assert result.stdout == "a = 1\nb = 2\nc = 3\n"


def test_an_error_does_not_end_it(said):
    result = said("FROM nothing;\nDROP TABLE isp;\n.what\nSELECT 12345 AS a;\n")
    assert result.exit_code == 1  # for scripts
    assert "12345" in result.stdout
    assert [line for line in result.stderr.splitlines() if line.startswith("Error: ")] != []
    assert "DROP is refused: read-only" in result.stderr
    assert ".what is no command of the shell" in result.stderr


def test_a_semicolon_in_quotes_or_a_comment_ends_no_statement(said):
    text = "SELECT 'x;\ny' AS a;\n-- a comment;\nSELECT 1 AS b -- one;\n, 2 AS c; -- done\nSELECT 3 AS d;"
    result = said(text, "--format", "csv")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == 'a\n"x;\ny"\nb,c\n1,2\nd\n3\n'


def test_commands_begin_with_a_dot(said):
    result = said(".format csv\nSELECT 1 AS a;\n.rows 1\n.format table\nFROM range(9);\n.help\n")
    assert result.stdout.startswith("a\n1\n")
    assert "The first 1 rows" in result.stderr
    assert ".example NAME" in result.stdout
    assert "isp_name" in said(".tables isp\n").stdout
    assert "did you mean isp" in said(".tables is\n").stderr
    assert "peak_viewers" in said(".examples\n").stdout
    assert "edge_stat" in said(".example traffic_by_isp\n").stderr  # which is not captured here


def test_quit_ends_it(said):
    result = said(".quit\nSELECT 12345;\n")
    assert (result.exit_code, result.stdout) == (0, "")


def test_ctrl_c_ends_the_statement_and_a_service_manager_the_shell(monkeypatch):
    inputs = iter([Terminated(signal.SIGINT), "slow;", KeyboardInterrupt(), "fast;"])

    def read():
        found = next(inputs, EOFError())
        if isinstance(found, BaseException):
            raise found
        return found

    asked = []

    def answer(_self, text):
        asked.append(text)
        if text == "slow;":
            raise Terminated(signal.SIGINT)

    monkeypatch.setattr(shell.Shell, "answer", answer)
    shell.Shell(read, "table", 50).run()
    assert asked == ["slow;", "fast;"]

    def interrupted(self, _text):
        self.ending.number = asked_to_end
        raise RuntimeError("Query interrupted")  # as DuckDB does

    monkeypatch.setattr(shell.Shell, "answer", interrupted)
    asked_to_end = signal.SIGINT
    inputs = iter(["slow;"])
    shell.Shell(read, "table", 50).run()
    asked_to_end = signal.SIGTERM
    inputs = iter(["slow;"])
    with pytest.raises(Terminated):
        shell.Shell(read, "table", 50).run()

    def ended():
        raise Terminated(signal.SIGTERM)

    with pytest.raises(Terminated):
        shell.Shell(ended, "table", 50).run()


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("", True),
        ("SELECT 1", False),
        ("SELECT 1;", True),
        ("SELECT 1; \n", True),
        (" .help", True),
        ("SELECT 1; -- done", True),
        ("SELECT 1 /* ; */;", True),
        ("SELECT 'é';", True),
        ("SELECT 'a;", False),
        ("SELECT 1 -- a;", False),
        ("/* a;", False),
        ("-- a", False),
    ],
)
def test_enter_ends_what_is_complete(text, ends):
    assert shell.is_complete(text) == ends


def test_the_history_is_for_its_user_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    place = shell._history()
    assert place == tmp_path / ".livestats_history"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    monkeypatch.setenv("HOME", str(tmp_path / "none"))
    assert shell._history() is None


def test_without_the_package_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "prompt_toolkit", None)
    with pytest.raises(shell.Refused, match=r"--editable '\.\[shell\]'"):
        shell._prompt()
