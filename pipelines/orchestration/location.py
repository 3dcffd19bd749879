"""What Dagster calls the place that it loads livestats from, and what homes of earlier versions call it.

Dagster knows schedules and sensors by this name: whether somebody has switched one on or off, and
how far it has come, would be forgotten with another name.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from resources.config.loader import ACCOUNT_VARIABLE

if TYPE_CHECKING:
    import dagster as dg

NAME = "livestats"
"""As in workspace.yaml."""
FORMER = "definitions.py"
"""Till 0.1.0, after the file."""

LOCATION_TAG = "dagster/code_location"
"""Dagster gives it to each run."""


def tags() -> dict[str, str]:
    """What Dagster tags runs of this account with; nothing where there is only one, so that all are meant."""
    account = os.environ.get(ACCOUNT_VARIABLE)
    return {LOCATION_TAG: account} if account else {}


def carry_over(history: dg.DagsterInstance) -> int:
    """Give schedules and sensors of the former name their state under the present one; how many.

    One that has a state under the present name keeps that. What they did before stays with the former name.
    """
    moved = 0
    for state in history.all_instigator_state():
        repository = state.origin.repository_origin
        location = repository.code_location_origin
        if location.location_name != FORMER:
            continue
        origin = state.origin._replace(
            repository_origin=repository._replace(
                code_location_origin=location._replace(location_name=NAME)  # type: ignore[attr-defined] # of each kind
            )
        )
        renamed = state._replace(origin=origin)
        if not history.get_instigator_state(renamed.instigator_origin_id, renamed.selector_id):
            history.add_instigator_state(renamed)
            moved += 1
        history.delete_instigator_state(state.instigator_origin_id, state.selector_id)
    return moved
