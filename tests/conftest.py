"""What holds for every test, and the archive that several rooms look at.

Fixtures of one room stand in its test files, and what makes archives in support/archives.py.
"""

import gc

import pytest
from hypothesis import HealthCheck, settings

from resources.api import redaction
from resources.api.catalog import DATASETS
from tests.support.aged_archive import lived_in

# No test depends on the load of the machine: an example may take as long as it takes.
settings.register_profile("any load", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any load")


# What is imported and collected lives to the end of the run: the collector would walk through all of it
# many times on the way, and again in every full collection of the tests.
gc.disable()


def pytest_collection_finish():
    """Let the garbage collector work, but for what is there by now."""
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True, scope="module")
def _no_cuts_of_other_files():
    """The datasets are those of the catalog: cuts that a test file defined are forgotten after it."""
    yield
    DATASETS.forget_cuts()


@pytest.fixture(autouse=True, scope="module")
def _no_secrets_of_other_files():
    """Every answer is searched for every secret that the process knows: those of a file end with it."""
    known = redaction._held
    fresh = redaction._Secrets()
    fresh.add(known._known, 0)
    redaction._held = fresh
    yield
    redaction._held = known


@pytest.fixture(scope="session")
def past(tmp_path_factory):
    """An archive with a past. Tests that change it do so in a copy."""
    with lived_in(tmp_path_factory.mktemp("past") / "home") as lab:
        yield lab
