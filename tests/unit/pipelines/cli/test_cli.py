"""The group of commands: what it makes of wrong words, faults and interrupts."""

from click.testing import CliRunner

from pipelines.cli import main
from resources.warehouse import dataset_docs


def run(*words, **environ):
    return CliRunner().invoke(main, words, env=environ, prog_name="livestats")


def test_an_unknown_command_names_the_nearest():
    result = run("backfil")
    assert result.exit_code == 2
    assert "Did you mean backfill?" in result.output


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch):
    def broken(_language):
        raise RuntimeError("a bug")

    monkeypatch.setattr(dataset_docs, "tables", broken)
    assert isinstance(run("tables").exception, RuntimeError)


def test_an_interrupt_says_that_nothing_is_lost(monkeypatch):
    def broken_off(_language):
        raise KeyboardInterrupt

    monkeypatch.setattr(dataset_docs, "tables", broken_off)
    result = run("tables")
    assert result.exit_code == 130
    assert "run the same command again" in result.stderr
