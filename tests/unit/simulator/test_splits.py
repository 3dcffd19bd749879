"""Parts add up to their whole at every minute, whatever else is asked for beside them."""

import numpy as np
import pytest

from resources.simulator import Account
from resources.simulator.audience import MINUTES
from resources.simulator.places import ISPS
from resources.simulator.roster import spaces_of
from resources.simulator.splits import (
    ACCESS_CODES,
    DIMENSIONS,
    ISP,
    SOURCE_CODES,
    Cells,
    incident_of,
    split_codes,
)

(SPACE,) = spaces_of(Account(domains=1, streams_per_domain=1, deleted=0))
DAY = 20_000
WHOLE = np.random.default_rng(1).integers(0, 500, MINUTES)


def all_of(dimension):
    """The numbers of all cells of a dimension."""
    cells = Cells.whole(WHOLE).cut(SPACE, dimension, DAY, np.array([0]))
    known = {ISP: len(ISPS)}.get(dimension)
    if known is None:
        ids = Cells(np.array([WHOLE]), np.array([1])).cut(SPACE, dimension, DAY, np.array([0])).ids
        known = int(ids[0, 0])
    assert cells.values.shape[-1] == MINUTES
    return np.arange(known)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_all_cells_are_the_whole_at_every_minute(dimension):
    chosen = all_of(dimension)
    cut = Cells.whole(WHOLE).cut(SPACE, dimension, DAY, chosen).values
    assert cut.min() >= 0
    assert (cut.sum(axis=0) == WHOLE).all()


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_a_cell_does_not_depend_on_those_beside_it(dimension):
    chosen = all_of(dimension)
    cut = Cells.whole(WHOLE).cut(SPACE, dimension, DAY, chosen)
    for few in (chosen[:1], chosen[-1:], chosen[::3], chosen[::-1]):
        alone = Cells.whole(WHOLE).cut(SPACE, dimension, DAY, few)
        assert (alone.values == cut.values[few]).all()
        assert (alone.ids == cut.ids[..., few]).all()


@pytest.mark.parametrize(("kind", "codes"), [("Access", ACCESS_CODES), ("Source", SOURCE_CODES)])
def test_every_request_of_a_carrier_has_one_code(kind, codes):
    isps = all_of(ISP)
    cells = Cells.whole(WHOLE).cut(SPACE, ISP, DAY, isps)
    found, coded = split_codes(SPACE, DAY, cells, isps, kind)
    assert found == tuple(codes)
    assert (coded.sum(axis=-2) == cells.values).all()


def test_an_incident_strikes_one_carrier_for_a_while():
    day = next(day for day in range(DAY, DAY + 28) if incident_of(SPACE, day) is not None)
    incident = incident_of(SPACE, day)
    isps = all_of(ISP)
    cells = Cells.whole(np.full(MINUTES, 10_000)).cut(SPACE, ISP, day, isps)
    codes, coded = split_codes(SPACE, day, cells, isps, "Access")
    failed = coded[:, [codes.index(502), codes.index(504)]].sum(axis=1) / cells.values
    at = slice(incident.start_minute, incident.start_minute + incident.minutes)
    worst = failed[:, at].max(axis=1)
    assert [*ISPS][int(worst.argmax())] == incident.isp
    assert (np.delete(worst, worst.argmax()) < 0.05).all()
    before = failed[worst.argmax(), : incident.start_minute]
    assert before.max() < 0.05
