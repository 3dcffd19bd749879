"""SIGTERM and SIGHUP end a command as Ctrl-C does."""

import signal

import pytest
from click.testing import CliRunner

from pipelines.cli import BROKEN_OFF, main
from pipelines.cli.signals import Terminated, ending_cleanly
from resources.archive import Archive

ENDING = [signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def default_action():
    """As in a process that nobody has prepared; tests may run under nohup."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in ENDING}
    yield
    for number, action in before.items():
        signal.signal(number, action)


def send_twice(number):
    try:
        signal.raise_signal(number)
    finally:
        signal.raise_signal(number)  # as a service manager does while the cleanup runs


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_raises_once_and_is_an_interrupt_for_every_cleanup(number):
    with pytest.raises(KeyboardInterrupt) as caught, ending_cleanly():
        send_twice(number)
    assert isinstance(caught.value, Terminated)
    assert caught.value.number == number
    assert caught.value.__context__ is None
    assert signal.getsignal(number) is signal.SIG_DFL


@pytest.mark.parametrize("number", ENDING)
def test_an_ignored_signal_stays_ignored(number):
    signal.signal(number, signal.SIG_IGN)
    with ending_cleanly():
        signal.raise_signal(number)
    assert signal.getsignal(number) is signal.SIG_IGN


@pytest.mark.parametrize("number", [*ENDING, signal.SIGINT])
def test_a_command_says_one_line_and_ends_with_the_code_of_its_signal(
    number, monkeypatch, tmp_path
):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Archive, "open", lambda *_, **__: signal.raise_signal(number))
    try:
        result = CliRunner().invoke(main, ["status"])
    finally:
        signal.signal(signal.SIGINT, before)
    assert result.exit_code == 128 + number
    assert result.output.split("\n") == ["", BROKEN_OFF, ""]
