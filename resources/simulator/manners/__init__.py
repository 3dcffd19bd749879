"""What an API does that is not well-mannered, each by its name: `read("list-limit=20")`.

    Simulator(manners=["refuse-domain=pull-1.sim.example", "list-limit=20@from-call=3"])

A new manner is a subclass of `Manner` in one of the modules here, and an entry in its MANNERS.
"""

from __future__ import annotations

from resources.simulator.exchange import Answer, Request
from resources.simulator.manners.manner import Manner
from resources.simulator.manners.registry import REGISTRY, all_of, read, usage_lines

__all__ = ["REGISTRY", "Answer", "Manner", "Request", "all_of", "read", "usage_lines"]
