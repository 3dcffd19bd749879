"""Progress of a capture: bars on a terminal, otherwise lines for programs.

The events come from resources/capture.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Protocol

from pipelines.cli import screen

if TYPE_CHECKING:
    from resources.api.catalog.datasets import Dataset

LINE_EVERY_S = 10.0
LINES_AT_FIRST = 6
THEN_EVERY_S = 60.0
"""Intervals of the lines: a capture of hours does not fill a log."""

_DRAWN_EVERY_S = 0.25
_RECENT_S = 60.0
_ENOUGH_S = 5.0  # of responses, before a remaining time is estimated


class ProgressDisplay(Protocol):
    """Receives the events of a capture while it runs."""

    def answer(self, dataset: Dataset, day: date, answers: int, questions: int) -> None:
        """One more API response: `answers` of the `questions` of that day are there."""

    def heard(self, event: object) -> None:
        """An event of the capture; results of days are counted."""

    def tell(self, text: str) -> None:
        """A message about the current step."""


@dataclass
class DatasetProgress:
    """Progress of one dataset."""

    days: int  # to be captured
    ended: int = 0  # captured or failed
    asked: int = 0  # requests of days that have ended
    known: int = 0  # ended days with at least one request
    under_way: dict[date, tuple[int, int]] = field(default_factory=dict)  # responses, requests

    @property
    def questions_a_day(self) -> float | None:
        """Average requests of a day, from the days that were started; None if none was."""
        begun = self.known + len(self.under_way)
        open_ = sum(questions for _, questions in self.under_way.values())
        return (self.asked + open_) / begun if begun else None

    def left(self, a_day: float) -> float:
        """Remaining requests, if a day that has not started takes `a_day`."""
        waiting = max(self.days - self.ended - len(self.under_way), 0)
        return waiting * a_day + sum(all_ - done for done, all_ in self.under_way.values())


class CaptureProgress:
    """How much is done and how much is left, counted in API requests.

    Days of different datasets differ a hundredfold in requests, so counting days would give a wrong
    remaining time. Requests per day are known from the days that were started; a dataset without
    any counts with the average of the others.
    """

    def __init__(self, due: Mapping[str, int], clock: Callable[[], float] = time.monotonic) -> None:
        """`due`: dataset -> days to capture; `clock` returns seconds."""
        self.shares = {name: DatasetProgress(days) for name, days in due.items()}
        self.answers = 0
        self._clock = clock
        self._seen: deque[tuple[float, int]] = (
            deque()
        )  # times with the number of responses until then

    @property
    def total(self) -> int:
        """Dataset-days to be captured."""
        return sum(share.days for share in self.shares.values())

    @property
    def ended(self) -> int:
        """Dataset-days that are captured or failed."""
        return sum(share.ended for share in self.shares.values())

    def answer(self, name: str, day: date, answers: int, questions: int) -> None:
        """Count one more response."""
        self.answers += 1
        if (share := self.shares.get(name)) is not None:
            share.under_way[day] = (answers, questions)
        now = self._clock()
        if not self._seen or now - self._seen[-1][0] >= 1:
            self._seen.append((now, self.answers))
            while len(self._seen) > 2 and now - self._seen[1][0] >= _RECENT_S:
                self._seen.popleft()

    def end(self, name: str, day: date) -> None:
        """Count a day that is captured or failed."""
        share = self.shares.get(name)
        if share is None or share.ended == share.days:
            return
        share.ended += 1
        if day in share.under_way:
            share.known += 1
            share.asked += share.under_way.pop(day)[1]

    @property
    def per_s(self) -> float:
        """Responses per second in the last minute."""
        moment, answers = self._seen[0] if self._seen else (self._clock(), 0)
        elapsed_s = self._clock() - moment
        return (self.answers - answers) / elapsed_s if elapsed_s > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Remaining requests; None before the first response."""
        known = [n for share in self.shares.values() if (n := share.questions_a_day) is not None]
        if not known:
            return None
        usual = sum(known) / len(known)
        return sum(
            share.left(usual if share.questions_a_day is None else share.questions_a_day)
            for share in self.shares.values()
        )

    @property
    def done(self) -> float:
        """Completed part of all requests, 0 to 1."""
        left = self.left
        if left is None:
            return 0.0
        return self.answers / (self.answers + left) if left else 1.0

    @property
    def left_s(self) -> float | None:
        """Remaining seconds at the current rate; None if unknown yet."""
        left, per_s = self.left, self.per_s
        is_early = not self._seen or self._clock() - self._seen[0][0] < _ENOUGH_S
        return None if left is None or not per_s or is_early else left / per_s


class ProgressLines:
    """Prints a line of `name=value` pairs at intervals; `-` stands for an unknown value."""

    def __init__(self, count: CaptureProgress, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._count, self._clock = count, clock
        self._printed = 0
        self._next_s = clock() + LINE_EVERY_S

    def answer(self, dataset: Dataset, day: date, answers: int, questions: int) -> None:
        """Count, and print a line if the last one is old enough."""
        self._count.answer(dataset.name, day, answers, questions)
        if self._clock() >= self._next_s:
            self._printed += 1
            wait_s = LINE_EVERY_S if self._printed < LINES_AT_FIRST else THEN_EVERY_S
            self._next_s = self._clock() + wait_s
            screen.note(line(self._count, dataset.name, day), dataset=dataset.name, day=day)

    def heard(self, event: object) -> None:
        """Count the days that have ended."""
        count_event(self._count, event)

    def tell(self, text: str) -> None:
        """Print a message."""
        screen.note(text)


def line(count: CaptureProgress, name: str, day: date) -> str:
    """The progress for programs; `name` and `day` are those of the last response."""
    left_s = count.left_s
    return (
        f"progress dataset_days={count.ended} of={count.total} percent={100 * count.done:.0f} "
        f"answers={count.answers} answers_per_s={count.per_s:.1f} "
        f"left_s={'-' if left_s is None else round(left_s)} dataset={name} day={day}"
    )


def count_event(count: CaptureProgress, event: object) -> None:
    """Count a day if the event is its result."""
    from resources.capture.result import Result

    if isinstance(event, Result):
        count.end(event.dataset, event.day)


def standing(count: CaptureProgress) -> str:
    """The progress for people."""
    left_s = count.left_s
    left = "" if left_s is None else f", {screen.span(left_s)} left"
    return f"{count.answers:,} answers, {count.per_s:.1f}/s{left}"


@contextmanager
def capturing(due: Mapping[str, int]) -> Iterator[ProgressDisplay]:
    """Show the progress on stderr while the block runs; `due`: dataset -> number of days."""
    console = screen.console(stderr=True)
    count = CaptureProgress(due)
    if not console.is_terminal or not count.total:
        yield ProgressLines(count)
        return
    from rich.console import Group
    from rich.live import Live
    from rich.progress import BarColumn, Progress, TextColumn

    whole = Progress(
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.description}"),
    )
    each = Progress(
        TextColumn("{task.description:<27}", style="dim"),
        BarColumn(bar_width=16),
        TextColumn("{task.completed} of {task.total} days", style="dim"),
    )
    task = whole.add_task("", total=1.0)
    rows = {
        name: each.add_task(name, total=share.days, visible=False)
        for name, share in count.shares.items()
    }
    with Live(Group(whole, each), console=console, transient=True, auto_refresh=False) as live:

        class OnTerminal:
            drawn_s = 0.0
            lock = threading.RLock()  # loads report from their own thread

            def answer(self, dataset: Dataset, day: date, answers: int, questions: int) -> None:
                with self.lock:
                    count.answer(dataset.name, day, answers, questions)
                    if time.monotonic() - self.drawn_s >= _DRAWN_EVERY_S:
                        self.draw()

            def heard(self, event: object) -> None:
                with self.lock:
                    count_event(count, event)

            def tell(self, text: str) -> None:
                with self.lock:
                    console.print(text)
                    self.draw()

            def draw(self) -> None:
                self.drawn_s = time.monotonic()
                whole.update(task, completed=count.done, description=standing(count))
                for name, share in count.shares.items():
                    is_at_work = bool(share.under_way) and share.ended < share.days
                    each.update(rows[name], completed=share.ended, visible=is_at_work)
                live.refresh()

        yield OnTerminal()
