"""Column types of marts."""

from dataclasses import replace

import pytest

from resources.marts import schema
from resources.marts.definition import MartError, read

MART = read()["dim_isp"]


def test_every_mart_has_types_in_the_order_of_its_header():
    assert [*schema.types()] == [*read()]
    for name, columns in schema.types().items():
        assert [*columns] == [column.name for column in read()[name].columns]
    assert schema.types()["bandwidth_5min"]["slot_start_at"] == "TIMESTAMPTZ"


def test_a_select_that_cannot_be_made_is_named():
    with pytest.raises(MartError, match="dim_isp.sql cannot be made"):
        schema.types({"dim_isp": replace(MART, sql="SELECT nothing FROM isp")})


def test_a_header_of_other_columns_is_refused():
    with pytest.raises(MartError, match="the header lists the columns"):
        schema.types({"dim_isp": replace(MART, sql="SELECT 1 AS other")})
