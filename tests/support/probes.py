"""Probes of a small simulated account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.probe import like
from pipelines.probe.run import Outcome, probe
from resources.config import Settings
from resources.simulator import Account, Simulator
from tests.support.archives import NOW

ACCOUNT = Account(domains=3, streams_per_domain=2)


def probed(folder: Path, account: Account = ACCOUNT, **options: Any) -> Outcome:
    """The outcome of a probe of a simulator with these options."""
    with Simulator(account, **{"clock": lambda: NOW, "rate": None, **options}) as simulator:
        settings = Settings(home=folder / "home", api_url=simulator.url, calls_per_second=None)
        return probe(settings, simulator.credentials, None, NOW)


def probed_like(folder: Path, first: Outcome) -> Outcome:
    """The outcome of a probe of a simulator that behaves as `first` says."""
    findings = first.findings
    return probed(
        folder,
        options=like.options(findings),
        withdrawn=like.withdrawn(findings),
        manners=like.manners(findings, ACCOUNT, NOW),
    )


def answers(outcome: Outcome) -> dict[str, str]:
    """Topic -> answer; of several findings of a topic the last."""
    return {one.topic: one.answer for one in outcome.findings}
