"""Progress of a capture: a bar on a terminal, parseable lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Protocol

from pipelines.cli import screen

if TYPE_CHECKING:
    from resources.api.catalogue.model import Dataset

LINE_EVERY_S = 10.0


class Shown(Protocol):
    """What a capture tells while it runs."""

    def answer(self, dataset: Dataset, day: date, answers: int, questions: int) -> None:
        """One more answer of the API."""

    def tell(self, text: str) -> None:
        """What is being done now."""


@dataclass
class Count:
    """Dataset-days done, counted from answers."""

    total: int
    answers: int = 0
    parts: dict[tuple[str, date], float] = field(default_factory=dict)
    whole: int = 0

    def add(self, name: str, day: date, answers: int, questions: int) -> None:
        """Take one answer into account."""
        self.answers += 1
        if answers >= questions:
            self.parts.pop((name, day), None)
            self.whole += 1
        else:
            self.parts[name, day] = answers / questions

    @property
    def done(self) -> float:
        """Dataset-days, the answered parts of unfinished ones included; never above the total."""
        return min(self.whole + sum(self.parts.values()), self.total)


@dataclass
class Lines:
    """One line of `name=value` words now and then."""

    count: Count
    clock: Callable[[], float] = time.monotonic
    every_s: float = LINE_EVERY_S
    _next_s: float = 0.0

    def __post_init__(self) -> None:
        self._next_s = self.clock() + self.every_s

    def answer(self, dataset: Dataset, day: date, answers: int, questions: int) -> None:
        """Count, and say so if the last line is a while ago."""
        self.count.add(dataset.name, day, answers, questions)
        if self.clock() >= self._next_s:
            self._next_s = self.clock() + self.every_s
            screen.note(
                f"progress dataset_days={self.count.whole} of={self.count.total} "
                f"answers={self.count.answers} dataset={dataset.name} day={day}"
            )

    def tell(self, text: str) -> None:
        """A line."""
        screen.note(text)


@contextmanager
def capturing(total: int) -> Iterator[Shown]:
    """Show the progress of `total` dataset-days on stderr while the block runs."""
    console = screen.console(stderr=True)
    count = Count(total)
    if not console.is_terminal or not total:
        yield Lines(count)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[answers]:,} answers"),
        TextColumn("{task.description}", style="dim"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total, answers=0)

        class OnBar:
            def answer(self, dataset: Dataset, day: date, answers: int, questions: int) -> None:
                count.add(dataset.name, day, answers, questions)
                about = f"{dataset.name} {day}"
                bar.update(task, completed=count.done, answers=count.answers, description=about)

            def tell(self, text: str) -> None:
                console.print(text)
                bar.update(task, description=text)

        yield OnBar()
