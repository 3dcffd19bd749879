"""While modules are imported nobody looks for garbage; afterwards it is looked for again."""

import gc
import sys
from weakref import ref

import pytest

from pipelines.importing import importing


class Knot:
    """Holds itself: only the search for cycles finds it."""

    def __init__(self):
        self.itself = self


def test_nothing_is_looked_for_while_a_module_is_imported():
    assert gc.isenabled()
    with importing("not there yet"):
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_an_import_leaves_behind_is_found_afterwards():
    """Frozen, it would stay to the end, and DuckDB would tell of leaks on the screen."""
    with importing("not there yet"):
        left = ref(Knot())
    gc.collect()
    assert left() is None


def test_an_import_that_fails_leaves_the_search_on():
    with pytest.raises(ImportError), importing("not there yet"):
        raise ImportError
    assert gc.isenabled()


def test_a_module_that_is_there_changes_nothing():
    assert "json" in sys.modules
    with importing("json"):
        assert gc.isenabled()


def test_who_has_switched_the_search_off_finds_it_off():
    gc.disable()
    try:
        with importing("not there yet"):
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
