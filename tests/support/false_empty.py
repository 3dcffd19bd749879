"""Actions of the simulated API that answer 200 with nothing, whatever happened."""

from resources.simulator import api
from resources.simulator.render import echo


def emptied(*actions):
    """The answerers of the simulator; those of `actions` give no row and totals of 0."""
    return {**api.ANSWERERS, **{action: _without_rows(api.ANSWERERS[action]) for action in actions}}


def _without_rows(answerer):
    def answer(world, query):
        kept = echo(query)
        return {
            name: value if name in kept else _nothing(value)
            for name, value in answerer(world, query).items()
        }

    return answer


def _nothing(value):
    if isinstance(value, list):
        return []
    if isinstance(value, dict):  # the block of the paging
        return {name: _nothing(v) if "otal" in name else v for name, v in value.items()}
    return type(value)(0) if isinstance(value, int | float) else "0"
