"""How the parts of Dagster end; their command lines are tried in test_ui."""

import signal
import subprocess

from pipelines.cli import ui_parts


def test_what_a_part_has_started_ends_with_it(monkeypatch):
    """The code server starts processes of its own, and does not always end by itself."""
    monkeypatch.setattr(ui_parts, "_END_S", 0.1)
    started = "trap '' TERM; sh -c \"trap '' TERM; echo \\$\\$; read forever\"; read forever"
    with subprocess.Popen(
        ["sh", "-c", started], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        start_new_session=True, text=True,
    ) as part:  # fmt: skip
        child = int(part.stdout.readline())
        ui_parts.end([part])
        assert part.returncode == -signal.SIGKILL
        assert part.stdout.read() == ""  # returns when the child has let go of it
    assert child != part.pid


def test_a_part_that_has_ended_already_is_no_hindrance():
    with subprocess.Popen(["true"], start_new_session=True) as part:
        part.wait()
        ui_parts.end([part])
    assert part.returncode == 0
