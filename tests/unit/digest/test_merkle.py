"""The tree of RFC 6962, against values that do not come from this code."""

import hashlib

import pytest

from resources.digest import merkle

# Certificate Transparency's published vectors for its eight reference leaves.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@pytest.mark.parametrize("count", ROOTS)
def test_roots_are_those_of_the_published_vectors(count):
    assert merkle.root(LEAVES[:count]).hex() == ROOTS[count]


def test_a_node_is_never_a_leaf():
    left, right = (hashlib.sha256(b"\0" + leaf).digest() for leaf in LEAVES[:2])
    assert merkle.root([left + right]) != merkle.root(LEAVES[:2])


def test_a_position_that_is_not_there_has_no_path():
    with pytest.raises(IndexError):
        merkle.path(LEAVES, 8)
