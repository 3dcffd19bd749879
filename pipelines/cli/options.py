"""Options and helpers that several commands share: range of days, datasets, the opened archive."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pipelines.cli import complete, days, screen

if TYPE_CHECKING:
    from resources.api.catalog.datasets import Dataset
    from resources.archive import Archive

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


class Refused(click.ClickException):
    """The request cannot be carried out; the message says what to do instead."""

    exit_code = 2


class Day(click.ParamType[date]):
    """A calendar day in one of the forms of pipelines/cli/days.py; counted from today in the business zone."""

    name = "day"

    def __init__(self, *, is_last: bool = False) -> None:
        """With `is_last`, a month means its last day, not its first one."""
        self.is_last = is_last

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return days.day(value, today, is_last=self.is_last)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Days(click.ParamType[tuple[date, date]]):
    """First and last of some days: `FIRST..LAST`, a month, or a single day."""

    name = "days"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[date, date]:
        if isinstance(value, tuple):
            return value
        try:
            return days.days(value, today)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def today() -> date:
    """The present day in the business zone of the settings."""
    from resources.api.windows import day_of
    from resources.clock import clock
    from resources.config import load

    settings = load(os.environ, Path.cwd(), leave_out_broken_cuts=True)
    return day_of(checked(lambda: clock(os.environ))(), settings.zone)


def with_range(command: F) -> F:
    """--from, --to and --dataset, as `first`, `last` and `names`."""
    for option in (
        click.option(
            "--dataset",
            "names",
            multiple=True,
            metavar="NAME",
            shell_complete=complete.datasets,
            help="Only this dataset; repeatable. Default: all datasets that are switched on.",
        ),
        click.option(
            "--to", "last", type=Day(is_last=True), help="Last day, included. Default: the newest."
        ),
        click.option("--from", "first", type=Day(), help="First day. Default: the oldest."),
    ):
        command = option(command)
    return command


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def opened(*, leave_out_broken_cuts: bool = False) -> Archive:
    """The archive that the current folder and the environment describe.

    With `leave_out_broken_cuts` a cut that cannot be does not keep the command from what it is for.
    """
    from resources.archive import Archive

    archive = Archive.open(os.environ, leave_out_broken_cuts=leave_out_broken_cuts)
    checked(lambda: archive.clock)  # LIVESTATS_NOW may be invalid
    if archive.home.identity is not None:
        archive.home.check(archive.settings)
    return archive


def opened_to_change(*, leave_out_broken_cuts: bool = False) -> Archive:
    """The same, for a command that changes files of the home: if a store has it, as `Archive.changing`."""
    archive = opened(leave_out_broken_cuts=leave_out_broken_cuts)
    click.get_current_context().with_resource(archive.changing())
    return archive


def finished_erasing(archive: Archive) -> Archive:
    """The same archive, after an erasure that was broken off is finished."""
    from pipelines.erase import pending

    if pending.path_of(archive.home).exists():
        from pipelines.erase import run

        screen.note("An erasure was broken off: finishing it ...")
        with archive.changing():
            done = run.finish_pending(archive)
        if done is not None and done.problems:
            raise Refused(
                f"An erasure cannot be finished: {done.problems[0]} Then run `livestats erase`."
            )
    return archive


def require_archive(archive: Archive) -> None:
    """Refuse what needs an archive where there is none yet."""
    if archive.home.identity is None:
        raise Refused(f"There is no archive in {archive.home.root} yet. {how_to_begin(archive)}")


def how_to_begin(archive: Archive) -> str:
    """What to run where there is no archive yet."""
    if archive.settings.scale_home:
        return "Run `livestats sync`, which fetches the one of scale.home."
    return "Run `livestats backfill`."


def checked(action: Callable[[], T]) -> T:
    """What `action` returns; its ValueError becomes a message to the user."""
    try:
        return action()
    except ValueError as error:
        raise Refused(str(error)) from error


def chosen(names: Sequence[str], default: Sequence[Dataset]) -> list[Dataset]:
    """The datasets of these names, or `default` if there are none. Errors suggest the nearest name."""
    from resources.api.catalog import dataset

    if not names:
        return list(default)
    return [checked(lambda n=name: dataset(n)) for name in dict.fromkeys(names)]  # type: ignore[misc]


def in_order(first: date | None, last: date | None) -> None:
    """Refuse a range that ends before it starts."""
    if first is not None and last is not None and last < first:
        raise Refused(f"--from {first} is after --to {last}: give the earlier day to --from.")
