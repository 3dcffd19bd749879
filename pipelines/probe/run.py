"""A probe from its first call to its last finding. Nothing is kept of the answers.

What is observed is in of_times.py, of_lists.py, of_pages.py, of_content.py and of_refusals.py; words in topics.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipelines.doctor.api_probe import probe_client
from pipelines.probe import of_content, of_lists, of_pages, of_refusals, of_times
from pipelines.probe.calls import Caller, CountedLimiter
from pipelines.probe.questions import Questions
from pipelines.probe.shapes import Shape, shapes
from pipelines.probe.topics import Finding
from resources.api.credentials import Credentials
from resources.api.retry import RetryPolicy
from resources.config import Settings

RETRIES = RetryPolicy(fault_attempts=2, throttled_attempts=3, longest_wait_s=10.0, total_s=30.0)

Observation = Callable[[Questions], Finding | list[Finding]]
ASKING: tuple[Observation, ...] = (
    *of_times.OBSERVATIONS[:3],
    *of_lists.OBSERVATIONS,
    *of_pages.OBSERVATIONS,
    *of_times.OBSERVATIONS[3:],
    *of_refusals.OBSERVATIONS,
)
LOOKING: tuple[Observation, ...] = (
    *of_pages.LATER,
    *of_lists.LATER,
    *of_content.OBSERVATIONS,
)
"""Those that look at all replies: they come last."""


@dataclass(frozen=True)
class Outcome:
    """What a probe found out."""

    findings: list[Finding]
    shapes: dict[str, Shape]
    calls: int
    ended: str  # why it ended early; "" if it did not


def probe(
    settings: Settings,
    credentials: Credentials,
    budget: Path | None,
    now: datetime,
    progress: Callable[[int], None] = lambda _calls: None,
) -> Outcome:
    """Ask and conclude; `budget` is the home's rate limit folder, None if there is none yet.

    Raises ApiError if the key is refused or nothing is answered at all.
    """
    with probe_client(settings, credentials, budget, CountedLimiter, RETRIES) as client:
        caller = Caller(client)
        questions = Questions(caller, settings, now)
        findings: list[Finding] = []
        for observe in (*ASKING, *LOOKING):
            found = observe(questions)
            findings += found if isinstance(found, list) else [found]
            progress(caller.calls)
        ended = "" if caller.ended is None else str(caller.ended)
        return Outcome(findings, shapes(caller.replies), caller.calls, ended)
