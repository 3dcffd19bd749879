"""Which errors are a message, and which are bugs."""

import logging

import click
import duckdb
import pytest

from pipelines.cli import failures
from resources.api.errors import FixSetup, TryLater
from resources.config import SettingsError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (SettingsError("no such zone"), "no such zone"),
        (FixSetup("refused", "Check the key."), "refused. Check the key."),
        (OSError(28, "No space left on device", "x"), "No space left on device (x)"),
        (
            duckdb.TransactionException("Failed to commit: x: No space left on device"),
            "No space left on device. What is captured stays",
        ),
        (duckdb.IOException("Could not read x: Input/output error"), "Input/output error. What"),
        (duckdb.CatalogException("no table: a bug"), None),
        (ValueError("a bug"), None),
        (click.UsageError("click's own"), None),
        (BrokenPipeError(32, "Broken pipe"), None),
    ],
)
def test_known_errors_become_a_message_and_others_do_not(error, text):
    told = failures.explained(error)
    assert (told is None) if text is None else (text in str(told))


def test_an_error_that_was_wrapped_is_found():
    outer = RuntimeError("step failed")
    outer.__cause__ = FixSetup("no key", "Set one.")
    assert failures.explained(outer) == "no key. Set one."


def test_an_error_that_ends_the_run_is_not_logged_for_each_dataset(caplog):
    log = logging.getLogger("livestats.capture")
    with failures.told_once():
        log.error("%s %s: %s", "edge_stat", "2026-11-01", FixSetup("no key"))
        log.error("%s %s: %s", "edge_stat", "2026-11-01", TryLater("throttled"))
    assert [record.args[2].what for record in caplog.records] == ["throttled"]
