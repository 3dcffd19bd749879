"""Which actions the key may call: one small request for each."""

from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from pipelines.doctor import Severity, api, permission_probe
from pipelines.doctor.api_probe import list_domains
from pipelines.doctor.permission_probe import probes
from resources.api.catalog.model import DomainRole
from resources.api.credentials import Credentials
from resources.api.request_plan import Domain
from resources.config import Settings
from resources.simulator import Simulator
from tests.support.archives import SMALL
from tests.support.offered import DATASETS, ENDPOINTS


def probed(**options):
    with Simulator(SMALL, rate=None, **options) as simulator:
        settings = Settings(api_url=simulator.url)
        domains = list_domains(settings, simulator.credentials, None).domains
        found = [*probes(settings, simulator.credentials, domains, None, datetime.now(UTC))]
        return simulator, found


def test_every_action_is_asked_once_and_the_questions_are_good_ones():
    """A question that the API dislikes would prove little."""
    simulator, found = probed()
    assert {p.action for p in found} == set(ENDPOINTS)
    assert {name for p in found for name in p.datasets} == set(DATASETS)
    assert [p.error for p in found if p.error] == []
    assert simulator.refused.total() == 0
    assert simulator.calls.total() == len(ENDPOINTS) + 1
    (finding,) = api.judged_permissions(found)
    assert finding.severity is Severity.OK


def test_no_question_reaches_into_the_future_soon_after_midnight(monkeypatch):
    now = datetime(2026, 11, 21, 16, 10, tzinfo=UTC)  # ten past midnight of Asia/Shanghai
    sent = []

    def call(action, payload):
        sent.append((action, payload))
        return SimpleNamespace(value={})

    client = nullcontext(SimpleNamespace(call=call))
    monkeypatch.setattr(permission_probe, "probe_client", lambda *_: client)
    domains = (Domain("pull.example", DomainRole.ANY),)
    assert [*probes(Settings(), Credentials("key", "secret"), domains, None, now)]
    for action, payload in sent:
        _, name = ENDPOINTS[action].times
        if name in payload:
            assert datetime.fromisoformat(str(payload[name])) <= now, action


def test_an_action_that_the_key_may_not_call_is_a_problem():
    _, found = probed(denied=["DescribeLiveTopPlayData"])
    (finding,) = api.judged_permissions(found)
    assert finding.severity is Severity.PROBLEM
    assert "DescribeLiveTopPlayData" in finding.text
    assert "LIVEReadOnlyAccess" in finding.remedy
    assert '`off = ["top_play"]` under [datasets]' in finding.remedy


def test_an_action_that_the_vendor_does_not_offer_names_the_datasets_to_switch_off():
    _, found = probed(withdrawn=["DescribeLiveEdgeStatData"])
    (finding,) = api.judged_permissions(found)
    assert finding.severity is Severity.WARNING
    assert 'off = ["edge_stat", "edge_stat_by_protocol", "edge_stat_by_region", ' in finding.remedy


@pytest.mark.slow
def test_an_answer_without_a_result_shows_that_the_key_may_call_the_action():
    _, found = probed(manners=["null-result=missing"])
    (finding,) = api.judged_permissions(found)
    assert finding.severity is Severity.OK


def test_an_action_that_fails_otherwise_is_not_called_denied():
    _, found = probed(
        manners=["refuse-action=DescribeLiveTopPlayData@status=500@code=InternalError"]
    )
    (finding,) = api.judged_permissions(found)
    assert finding.severity is Severity.WARNING
    assert "whether the key may call it is not known" in finding.text


def test_an_account_without_domains_is_asked_what_can_be_asked():
    with Simulator(SMALL, rate=None) as simulator:
        settings = Settings(api_url=simulator.url)
        found = [*probes(settings, simulator.credentials, (), None, datetime.now(UTC))]
    assert [p.error for p in found if p.error] == []
