"""A dimension has one row for each domain, carrier and region, whatever letters the vendor lists it in."""

from datetime import date, timedelta

import duckdb
import pytest

from resources.api.catalog import DATASETS
from resources.warehouse.newest_rows import newest_rows
from tests.support.lake_files import store

DAY = date(2026, 11, 20)


def rows_of(name, lake, *lists):
    """The rows of lists of consecutive days."""
    dataset = DATASETS[name]
    paths = [
        str(store(lake, dataset, DAY + timedelta(days=n), rows)) for n, rows in enumerate(lists)
    ]
    with duckdb.connect() as connection:
        sql, values = newest_rows(connection, dataset, paths)
        return connection.execute(sql, values).fetchall()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("live.example.com", "Live.Example.com"),
        ("Live.Example.com", "live.example.com."),
        ("bücher.example.com", "xn--bcher-kva.example.com"),
    ],
)
def test_a_domain_in_other_letters_is_one_row_with_the_name_listed_first(before, after, tmp_path):
    """The days that are captured have that name, and are joined by it."""

    def listed(name, status):
        pulling = {"domain": "pull.example", "domain_type": "pull-flv", "push_domain": name}
        return [{"domain": name, "domain_type": "push", "status": status}, pulling]

    found = rows_of("domain", tmp_path, listed(before, 0), listed(after, 2))
    by_name = {row[0]: row for row in found}
    assert {*by_name} == {before, "pull.example"}
    assert by_name[before][2] == 2  # of the newest list
    assert before in by_name["pull.example"]  # that it is bound to


def test_a_name_that_vanished_stays_and_two_of_one_list_are_one_row(tmp_path):
    first = [{"domain": "a.example"}, {"domain": "b.example"}]
    second = [{"domain": "B.example", "status": 1}, {"domain": "b.Example", "status": 1}]
    assert [row[0] for row in rows_of("domain", tmp_path, first, second)] == [
        "a.example",
        "b.example",
    ]


def test_carriers_and_regions_as_well(tmp_path):
    isps = [{"isp": "telecom", "isp_name": "old"}], [{"isp": "Telecom", "isp_name": "new"}]
    assert rows_of("isp", tmp_path, *isps) == [("telecom", "new")]
    named = ("area_code", "country_code", "province_code")
    places = [
        [dict(zip(named, row, strict=True))] for row in (("CN", "CN", "sh"), ("cn", "cn", "SH"))
    ]
    (found,) = rows_of("region", tmp_path, *places)
    assert {*found} >= {"CN", "sh"}
    abroad = [{"area_code": "AP", "country_code": "SG"}]
    assert len(rows_of("region", tmp_path, abroad, abroad)) == 1  # a province that is NULL
