"""The command line `livestats`: one small file per command, imported when it is called."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from signal import SIGHUP, SIGINT, SIGTERM
from types import MappingProxyType
from typing import Any, NoReturn

import click

from pipelines.cli import screen, streams
from pipelines.cli.signals import CAME, FAREWELL, Ending, Terminated, ending_cleanly
from resources.api import json_log
from resources.version import VERSION

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "demo": "demo",
        "init": "init",
        "settings": "settings",
        "doctor": "doctor",
        "probe": "probe",
        "account": "account",
        "plan": "plan",
        "backfill": "backfill",
        "status": "status",
        "alarms": "alarms",
        "metrics": "metrics",
        "accept": "accept",
        "gone": "gone",
        "erase": "erase",
        "tables": "tables",
        "query": "query",
        "shell": "shell",
        "report": "report",
        "superset": "superset",
        "diff": "diff",
        "publish": "rebuild",
        "replay": "rebuild",
        "verify": "verify",
        "digest": "digest",
        "backup": "backup",
        "cold": "cold",
        "sync": "sync",
        "work": "work",
        "ui": "ui",
        "simulate": "simulate",
        "completion": "completion",
    }
)
"""Every command and the file here that holds it, in the order in which a user meets them."""

BROKEN_OFF = (
    "Broken off. What is captured stays captured, and nothing half done remains: run the same "
    "command again and it goes on from there."
)


BROKEN_OFF_CODES = {128 + number for number in (SIGHUP, SIGINT, SIGTERM)}


def _as_written(command: click.Command) -> click.Command:
    """The command, its examples kept line by line, its first sentence not cut off in a list.

    Click's mark for the former is a backspace, which a raw docstring spells as two characters. The
    list has what the sentence says before its colon.
    """
    command.help = (command.help or "").replace("\\b", "\b")
    first = command.help.partition("\n")[0]
    command.short_help = first.partition(":")[0].rstrip(".") + "."
    return command


class Commands(click.Group):
    """Finds a command's file when it is needed, and turns known errors into a message."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        found = getattr(import_module(f"pipelines.cli.{COMMANDS[cmd_name]}"), cmd_name)
        return _as_written(found) if isinstance(found, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from resources.errors import near

        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            hint = near.hint(args[0], COMMANDS) or f"Commands: {', '.join(COMMANDS)}."
            raise click.UsageError(f"There is no command {args[0]!r}. {hint}", ctx) from error

    def main(self, args: Sequence[str] | None = None, *words: Any, **options: Any) -> Any:
        streams.prepare()
        if args is None:
            # The default is 700: of a year's ledger, whose objects all stay, a fifth of the CPU.
            gc.set_threshold(5_000)
        given = sys.argv[1:] if args is None else args
        try:
            return super().main(streams.decoded(given), *words, **options)
        except SystemExit as end:
            if args is None and end.code in BROKEN_OFF_CODES:
                _end_now(end.code)
            raise

    def invoke(self, ctx: click.Context) -> Any:
        ending = Ending()
        try:
            with ending_cleanly() as ending:
                ctx.meta[CAME] = ending
                return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            _break_off(ctx, interrupt.number if isinstance(interrupt, Terminated) else SIGINT)
        except click.exceptions.Exit:
            raise
        except Exception as error:
            if ending.number is not None:
                _break_off(ctx, ending.number)
            if isinstance(error, click.ClickException):
                if json_log.is_on():
                    screen.note(error.format_message(), logging.ERROR, error=error)
                    ctx.exit(error.exit_code)
                raise _cleaned(error) from None
            if isinstance(error, click.ClickException | click.Abort):
                raise  # click's own; to look at it as below would import half of everything
            from pipelines.cli.failures import explained
            from resources.api.redaction import redact, redact_error

            text = explained(error)
            if text is None:
                redact_error(error)
                raise
            screen.note(f"Error: {redact(text)}", logging.ERROR, error=error)
            ctx.exit(2)


def _cleaned(error: click.ClickException) -> click.ClickException:
    """The same error, whose message may quote foreign text."""
    text = screen.clean(error.message)
    if text != error.message:
        error.__dict__["message"] = text
    return error


def _break_off(ctx: click.Context, number: int) -> NoReturn:
    screen.note(f"\n{ctx.meta.get(FAREWELL, BROKEN_OFF)}", logging.WARNING)
    ctx.exit(128 + number)


def _end_now(code: int) -> NoReturn:
    """End the process without waiting for threads that wait for an answer of the network."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="livestats")
def main() -> None:
    r"""Live-streaming statistics, captured every day, kept as Parquet, answered with SQL.

    \b
    Examples:
      livestats demo                           a simulated account, no key needed
      livestats init                           settings for mine, and a try of its key
      livestats doctor                         is everything in place?
      livestats backfill --from 2026-11-01     capture what is missing since then
      livestats status                         what is there, what is not

    Settings: livestats.toml in the current folder, environment variables over it. The access key
    comes from VOLC_ACCESSKEY and VOLC_SECRETKEY, or from ~/.volc.

    Exit codes: 0 all is well, 1 something is missing or wrong, 2 it could not be done as asked,
    130 and 143 it was broken off (Ctrl-C, SIGTERM).
    """
    try:
        json_log.is_wanted(os.environ)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


_as_written(main)
