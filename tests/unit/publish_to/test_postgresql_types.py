"""Types of DuckDB in PostgreSQL."""

import pytest

from resources.publish_to.postgresql_types import expression, type_of
from resources.publish_to.served import Column

TYPES = {
    "VARCHAR": "text",
    "DOUBLE": "double precision",
    "BIGINT": "bigint",
    "DATE": "date",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "BOOLEAN": "boolean",
    "JSON": "json",
    "DECIMAL(18,4)": "numeric(18,4)",
    "HUGEINT": "numeric(38,0)",
    "UBIGINT": "numeric(20,0)",
    "TINYINT": "smallint",
    "VARCHAR[]": "text[]",
    "DOUBLE[]": "double precision[]",
    "DECIMAL(18,4)[]": "numeric(18,4)[]",
    "BIGINT[][]": "json",
    "STRUCT(a INTEGER)": "json",
    "STRUCT(a INTEGER)[]": "json",
    "UUID": "text",
    "ENUM('a', 'b')": "text",
}


@pytest.mark.parametrize(("kind", "wanted"), TYPES.items())
def test_each_type_has_one_in_postgresql(kind, wanted):
    assert type_of(kind) == wanted


def test_texts_and_lists_of_texts_lose_what_postgresql_cannot_hold():
    for kind in ("VARCHAR", "VARCHAR[]"):
        assert "chr(0)" in expression(Column(name="a", kind=kind, comment=""))
    assert expression(Column(name="a", kind="BIGINT", comment="")) == '"a" AS "a"'
