"""The API, simulated: as strict as the real one, deterministic, on a loopback port.

    with Simulator(Account(domains=2), clock=lambda: datetime(2025, 6, 1, tzinfo=UTC)) as sim:
        call(sim.url, sim.credentials)

Any slicing of the same question gives the same numbers, and the endpoints agree with each other.
"""

from __future__ import annotations

from resources.simulator.server import Simulator, serve
from resources.simulator.settings import (
    DEFAULT_CREDENTIALS,
    Account,
    AnswerOptions,
    FaultKind,
    Faults,
    LateData,
)

__all__ = [
    "DEFAULT_CREDENTIALS",
    "Account",
    "AnswerOptions",
    "FaultKind",
    "Faults",
    "LateData",
    "Simulator",
    "serve",
]
