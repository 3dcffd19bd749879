"""Figures for Prometheus: right, complete, and in a form that its own parser reads."""

import re
from datetime import datetime

import pytest

from resources.monitoring import metrics
from resources.monitoring.metrics import Gauge
from tests.support.archives import DAYS, lab


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """Two datasets, of one the first of two days is captured."""
    with lab(tmp_path_factory.mktemp("metrics") / "home") as usual:
        found = usual.with_(LIVESTATS_FIRST_DAY="2026-11-20").only(
            "domain", "isp", "edge_stat", "top_play"
        )
        found.capture(DAYS[:1], ["domain", "isp", "edge_stat"])
        found.load()
        yield found


@pytest.fixture(scope="module")
def values(account):
    """Value by name and labels."""
    return {
        (gauge.name.removeprefix("livestats_"), *labels.values()): value
        for gauge in metrics.gauges(account.archive)
        for labels, value in gauge.samples
    }


def test_days_are_counted_by_state(values):
    assert values["days", "edge_stat", "captured"] == 1
    assert values["days", "edge_stat", "missing"] == 1
    assert values["days", "edge_stat", "settling"] == 1
    assert values["days", "edge_stat", "lost"] == 0
    assert values["overdue_days", "top_play"] == 1
    assert values["overdue_days", "edge_stat"] == 0
    assert values["alarms", "gap"] == 1


def test_moments_are_seconds_since_1970(account, values):
    end = datetime.fromisoformat("2026-11-21T00:00:00+08:00").timestamp()
    assert values["newest_complete_day_end_timestamp_seconds", "edge_stat"] == end
    now = account.archive.now().timestamp()
    # The clock of an archive goes on from the moment at which it was opened: others may be behind.
    assert abs(now - values["last_answer_timestamp_seconds", "edge_stat"]) < 3600
    assert values["next_expiry_timestamp_seconds", "edge_stat"] > now
    assert ("published_timestamp_seconds",) in values


def test_what_has_not_happened_has_no_sample(values):
    assert ("newest_complete_day_end_timestamp_seconds", "top_play") not in values
    assert ("newest_day_calls", "top_play") not in values
    assert ("verified_timestamp_seconds",) not in values
    assert ("daemon_check_timestamp_seconds",) not in values


def test_the_newest_day_tells_rows_and_calls(account, values):
    ((rows,),) = account.rows("SELECT count(*) FROM edge_stat")
    assert values["newest_day_rows", "edge_stat"] == rows > 0
    assert values["newest_day_calls", "edge_stat"] >= 1


def test_sizes_are_of_the_disk(values):
    assert values["size_bytes", "raw"] >= 4096
    assert values["size_bytes", "logs"] == 0
    assert values["disk_size_bytes",] > values["disk_free_bytes",] > 0


def test_names_follow_the_conventions_and_tell_no_domain(account):
    text = metrics.text(account.archive)
    for gauge in metrics.gauges(account.archive):
        assert re.fullmatch(r"livestats_[a-z_]+", gauge.name)
        assert not gauge.name.endswith("_total")  # that is for counters
        assert gauge.help.endswith(".")
    ((domain,),) = account.rows("SELECT domain FROM domain WHERE domain_type = 'push'")
    assert domain not in text


def test_the_parser_of_prometheus_reads_it(account):
    parser = pytest.importorskip("prometheus_client.parser")
    text = metrics.text(account.archive)
    read = {family.name: family for family in parser.text_string_to_metric_families(text)}
    ours = {gauge.name: gauge for gauge in metrics.gauges(account.archive)}
    assert read.keys() == ours.keys()
    for name, family in read.items():
        assert (family.type, family.documentation) == ("gauge", ours[name].help)
        assert [one.labels for one in family.samples] == [
            labels for labels, _ in ours[name].samples
        ]


def test_any_label_can_be_read_back():
    parser = pytest.importorskip("prometheus_client.parser")
    odd = 'a"b\\c\nd\\n中'
    gauge = Gauge("livestats_odd", odd, [({"x": odd}, 0.1), ({}, 2e9)])
    text = metrics._shown(gauge, {})
    (family,) = parser.text_string_to_metric_families(text)
    assert [(one.labels, one.value) for one in family.samples] == [({"x": odd}, 0.1), ({}, 2e9)]
