"""The shape of an answer, from the catalog."""

import pyarrow as pa

from resources.api.catalog import ENDPOINTS
from resources.api.parsing.response_schema import envelope, items_of


def test_every_endpoint_has_a_shape_with_its_rows_and_the_error():
    for action, endpoint in ENDPOINTS.items():
        whole = envelope(endpoint)
        assert pa.types.is_struct(whole.arrow), action
        assert whole.child("ResponseMetadata").child("Error")
        name = endpoint.rows.levels[0].name
        if name:  # else the answer itself is the row
            assert whole.child("Result").child(name).json == "list"


def test_fields_that_are_no_column_may_be_missing_and_are_not_kept():
    def optional(node):
        yield from (c for c in node.children if not c.kept and not c.is_echo)
        for child in node.children:
            yield from optional(child)

    for endpoint in ENDPOINTS.values():
        assert [n.name for n in optional(envelope(endpoint)) if n.required] == []


def test_a_slice_has_the_list_and_nothing_else():
    endpoint = ENDPOINTS["DescribeLiveISPData"]
    (result,) = items_of(endpoint, "ISPList").children
    assert [child.name for child in result.children] == ["ISPList"]
