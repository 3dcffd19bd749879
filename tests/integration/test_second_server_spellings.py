"""A list that spells names otherwise on its first day, and a server that takes today's letters alone."""

from datetime import timedelta

import pytest

from tests.second_server import answers_lists
from tests.second_server.choices import Choices
from tests.support.archives import DAYS, NOW, failures, lake_rows
from tests.support.second_account import second_lab

NAMES = ("domain", "isp", "batch_stream_traffic", "source_traffic")


def respelled(listing, column, spell):
    """A list with other names, as the server's functions give it."""

    def answer(*asked):
        result = listing(*asked)
        for rows in result.values():
            for row in rows if isinstance(rows, list) else ():
                row[column] = spell(row[column])
        return result

    return answer


@pytest.mark.slow
@pytest.mark.parametrize(
    ("action", "field", "column", "spell"),
    [
        ("ListDomainDetail", "Domain", "domain", str.upper),
        ("DescribeLiveISPData", "Code", "isp", str.upper),
    ],
)
def test_all_is_captured_once_the_list_is_right_again(
    action, field, column, spell, tmp_path, monkeypatch
):
    plain = Choices(rate_limits=False)
    with second_lab(tmp_path / "whole", plain) as (whole, _):
        assert failures(whole.only(*NAMES).capture(DAYS)) == []
        expected = rows_in_lower_case(whole, column)
    with second_lab(tmp_path / "home", plain) as (found, _):
        with monkeypatch.context() as first_day:
            listing = respelled(answers_lists.PRESENT[action], field, spell)
            first_day.setitem(answers_lists.PRESENT, action, listing)
            assert failures(found.only(*NAMES).capture(DAYS)) != []
        later = found.with_(LIVESTATS_NOW=(NOW + timedelta(days=1)).isoformat()).only(*NAMES)
        assert failures(later.capture(DAYS)) == []
        assert rows_in_lower_case(later, column) == expected


@pytest.mark.slow
def test_a_list_with_dots_at_its_names_costs_nothing(tmp_path, monkeypatch):
    listing = respelled(answers_lists.PRESENT["ListDomainDetail"], "Domain", "{}.".format)
    monkeypatch.setitem(answers_lists.PRESENT, "ListDomainDetail", listing)
    with second_lab(tmp_path / "home", Choices(rate_limits=False)) as (lab, _):
        assert failures(lab.only(*NAMES).capture(DAYS)) == []


def rows_in_lower_case(lab, column):
    """The rows of each day; the name that was listed first stays in all of them."""
    days = {
        path: table for path, table in lake_rows(lab.archive.home).items() if "_traffic" in path
    }
    rows = {path: table.to_pylist() for path, table in days.items()}
    for row in (row for of_day in rows.values() for row in of_day if column in row):
        row[column] = row[column].lower()
    return {path: sorted(of_day, key=repr) for path, of_day in rows.items()}
