"""Types of DuckDB in Iceberg."""

import pyarrow as pa
import pytest

from resources.publish_to.iceberg_types import arrow_of, expression, schema_of
from tests.support.publications import made_up

TYPES = {
    "VARCHAR": pa.string(),
    "DOUBLE": pa.float64(),
    "BIGINT": pa.int64(),
    "SMALLINT": pa.int32(),
    "DATE": pa.date32(),
    "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", "UTC"),
    "DECIMAL(18,4)": pa.decimal128(18, 4),
    "UBIGINT": pa.decimal128(20, 0),
    "VARCHAR[]": pa.list_(pa.field("element", pa.string())),
    "BIGINT[][]": pa.string(),
    "STRUCT(a INTEGER)": pa.string(),
    "JSON": pa.string(),
    "UUID": pa.string(),
}


@pytest.mark.parametrize(("kind", "wanted"), TYPES.items())
def test_each_type_has_one_in_arrow(kind, wanted):
    assert arrow_of(kind) == wanted


def test_the_expressions_give_what_the_schema_says():
    served = made_up(
        """CREATE TABLE t AS SELECT 1::TINYINT AS a, 2::UBIGINT AS b, ['x', NULL] AS c, [[1]] AS d,
        {'k': 1} AS e, '{"k": 1}'::JSON AS f, uuid() AS g, now() AS h, [1::SMALLINT] AS i,
        1.5::DECIMAL(18, 4) AS j, INTERVAL 5 MINUTE AS k, 'x'::ENUM('x') AS l"""
    )
    (table,) = served.tables
    rows = served.relation(table, [expression(c) for c in table.columns], [None]).to_arrow_table()
    (row,) = rows.cast(schema_of(table)).to_pylist()
    assert (row["a"], row["b"], row["c"], row["i"]) == (1, 2, ["x", None], [1])
    assert (row["d"], row["e"], row["f"]) == ("[[1]]", '{"k":1}', '{"k": 1}')
