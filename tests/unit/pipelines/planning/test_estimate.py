"""What a backfill would ask, counted before it asks."""

from datetime import date, timedelta

import pytest

from pipelines.planning.estimate import (
    Estimate,
    Source,
    calls_per_s,
    estimates,
    requests_of,
    seconds_of_all,
)
from resources.api.catalog import dataset
from resources.api.catalog.model import DomainRole
from resources.api.request_plan import Domain
from resources.capture.inventory import InventoryReader
from resources.config import Settings
from tests.support.offered import DAILY

DAYS = [date(2026, 11, 1) + timedelta(days=i) for i in range(10)]
DOMAINS = (Domain("a.example", DomainRole.PUSH), Domain("b.example", DomainRole.PULL))


@pytest.fixture
def source(tmp_path):
    """An account of which two domains are known, and nothing is captured."""
    return Source.of(InventoryReader(tmp_path, Settings()), DOMAINS)


@pytest.mark.parametrize(
    ("name", "each"),
    [
        ("edge_stat", 1),
        ("edge_stat_by_protocol", 2),
        ("stream_session", 3),
        ("play_status_code", 2),
        ("top_play", 6),
        ("batch_push_stream_metrics", 2),
    ],
)
def test_requests_are_counted_by_the_planner_itself(source, name, each):
    requests, _ = requests_of(dataset(name), DAYS, source)
    assert requests == each * len(DAYS)


def test_a_number_that_rests_on_a_guess_says_so(source):
    assert requests_of(dataset("edge_stat"), DAYS, source)[1] == ""
    assert "one page each" in requests_of(dataset("push_stream_info"), DAYS, source)[1]


def test_what_depends_on_rows_that_are_not_there_is_unknown_and_not_zero(source):
    requests, basis = requests_of(dataset("push_stream_metrics"), DAYS, source)
    assert requests is None
    assert "batch_push_stream_metrics" in basis


def test_without_domains_nothing_is_known(tmp_path):
    source = Source.of(InventoryReader(tmp_path, Settings()))
    lines = estimates({d.name: DAYS for d in DAILY}, source, Settings())
    assert {line.requests for line in lines} == {None}
    assert {line.seconds for line in lines} == {None}


def test_domains_of_the_settings_go_before_those_of_the_api(tmp_path):
    settings = Settings(pull_domains=("c.example",))
    assert [d.name for d in Source.of(InventoryReader(tmp_path, settings), DOMAINS).domains] == [
        "c.example"
    ]


def test_the_slower_of_the_two_limits_counts():
    edge = dataset("edge_stat")
    assert calls_per_s(edge, Settings(calls_per_second=10.0)) == pytest.approx(9.3)
    assert calls_per_s(edge, Settings(calls_per_second=None)) == pytest.approx(
        edge.endpoint.rate_per_s * 0.93
    )
    assert calls_per_s(edge, Settings(calls_per_second=None, quota_factor=2)) == pytest.approx(
        edge.endpoint.rate_per_s * 2 * 0.93
    )


# All together ------------------------------------------------------------------------------------


def line(name, requests, per_s):
    return Estimate(dataset=name, days=1, requests=requests, basis="", calls_per_s=per_s)


LINES = [
    line("edge_stat", 280, 28.0),
    line("edge_stat_by_region", 560, 28.0),  # the same action: they share its limit
    line("top_play", 280, 28.0),
    line("push_stream_metrics", None, 28.0),
]


def test_actions_are_asked_side_by_side_so_the_slowest_counts():
    assert seconds_of_all(LINES, Settings()) == pytest.approx(30)


@pytest.mark.parametrize(("ceiling", "seconds"), [(10.0, 1120 / 9.3), (1000.0, 30)])
def test_a_ceiling_over_the_account_adds_them_up(ceiling, seconds):
    assert seconds_of_all(LINES, Settings(calls_per_second=ceiling)) == pytest.approx(seconds)


def test_nothing_takes_no_time():
    assert seconds_of_all([], Settings()) == 0
