"""Datasets of two marts."""

from pipelines.superset.joined import BANDWIDTH_AND_P95, with_joined
from pipelines.superset.model import Column, Table

MARTS = {
    "bandwidth_5min_account": ("business_date", "slot_start_at", "total_mbps"),
    "billing_monthly_account": ("month", "p95_so_far_mbps"),
}


def tables(*names):
    return [
        Table(
            name=name,
            comment="",
            columns=tuple(Column(name=c, type="DOUBLE", comment=c) for c in MARTS[name]),
        )
        for name in names
    ]


def test_it_is_there_if_both_marts_are():
    *_, joined = with_joined(tables(*MARTS))
    assert joined.name == BANDWIDTH_AND_P95.name
    assert [column.name for column in joined.columns] == [
        "business_date", "slot_start_at", "total_mbps", "p95_so_far_mbps",
    ]  # fmt: skip


def test_without_one_of_them_it_is_left_out():
    assert len(with_joined(tables("bandwidth_5min_account"))) == 1
