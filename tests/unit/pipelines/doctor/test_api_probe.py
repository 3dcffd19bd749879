"""Single API calls outside of a capture."""

import pytest

from pipelines.doctor.api_probe import list_domains
from resources.api.catalog.model import DomainRole
from resources.api.errors import FixSetup
from resources.config import Settings
from resources.simulator import Account, Simulator

ACCOUNT = Account(domains=2, streams_per_domain=1, deleted=1)


def test_the_domains_of_the_account_are_listed_with_their_roles_and_nothing_is_stored(tmp_path):
    with Simulator(ACCOUNT, rate=None) as simulator:
        settings = Settings(api_url=simulator.url, home=tmp_path / "home")
        found = list_domains(settings, simulator.credentials, None)
    assert found.total == len(found.domains) == found.count(DomainRole.PULL) * 2
    assert found.count(DomainRole.PULL) == found.count(DomainRole.PUSH) == 3
    assert simulator.calls.total() == 1
    assert [*tmp_path.iterdir()] == []


def test_a_key_that_is_refused_is_an_error_with_what_to_do(tmp_path):
    with Simulator(ACCOUNT, rate=None) as simulator:
        settings = Settings(api_url=simulator.url, home=tmp_path / "home")
        other = type(simulator.credentials)("AKOTHER", "other")
        with pytest.raises(FixSetup) as caught:
            list_domains(settings, other, None)
    assert caught.value.advice
