"""How deep a JSON text is nested is known without parsing it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.api.brackets import MAX_DEPTH, Brackets, is_too_deep


def depth_of(document):
    children = document.values() if isinstance(document, dict) else document
    if not isinstance(document, dict | list):
        return 0
    return 1 + max(map(depth_of, children), default=0)


DOCUMENTS = st.recursive(
    st.none() | st.integers() | st.text('[]{}"\\\\a\n'),
    lambda inner: st.lists(inner) | st.dictionaries(st.text('[{"\\\\'), inner),
)


@given(DOCUMENTS, st.integers(1, 40))
def test_the_depth_is_that_of_the_document_however_it_is_cut(document, size):
    text, brackets = json.dumps(document).encode(), Brackets()
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert max(map(brackets.deepest, pieces)) == depth_of(document)


@pytest.mark.parametrize("pair", ["[]", "{}"])
@pytest.mark.parametrize("length", [0, 3_000_000])
def test_one_level_more_than_the_bound_is_too_deep(pair, length):
    start = b'["' + b"[" * length + b'",'
    opening, closing = ((b"[", b"]"), (b'{"a":', b"}"))[pair == "{}"]
    for depth, expected in ((MAX_DEPTH, False), (MAX_DEPTH + 1, True)):
        inner = depth - 1
        assert is_too_deep(start + opening * inner + b"1" + closing * inner + b"]") is expected


def test_a_text_that_never_closes_is_too_deep():
    assert is_too_deep(b"[" * 1000)
    assert not is_too_deep(b"]" * 1000)
