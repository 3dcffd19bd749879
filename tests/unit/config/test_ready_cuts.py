"""The cuts that are ready to be used are possible, and small."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from resources.api.catalog.model import DomainRole
from resources.api.cut_cost import cost_of
from resources.api.request_plan import Domain, Inventory, requests_for
from resources.config.cut_settings import dataset
from resources.config.ready_cuts import READY

KNOWN = Inventory(
    domains=(
        *(Domain(f"{i}.example", DomainRole.PULL) for i in range(9)),
        Domain("play.example.com", DomainRole.PULL),
    ),
    isps=tuple(f"carrier {i}" for i in range(12)),
)


@pytest.mark.parametrize(("about", "cut"), READY, ids=[cut.name for _, cut in READY])
def test_it_is_possible_and_small(about, cut):
    made = dataset(cut)
    requests = [*requests_for(made, date(2026, 11, 20), ZoneInfo("Asia/Shanghai"), KNOWN)]
    cost = cost_of(made, requests)
    assert 0 < cost.requests < 10
    assert cost.rows is None or cost.rows <= 100_000  # None: a list, of 1000 at most
    assert about.endswith((".", "name."))
