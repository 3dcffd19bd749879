"""The run history of Dagster that tests of several files begin with."""

import shutil

import dagster as dg
import pytest


@pytest.fixture(scope="session")
def empty_history(tmp_path_factory):
    """A folder with the tables of a run history; making them takes four times as long as a copy."""
    folder = tmp_path_factory.mktemp("history")
    with dg.DagsterInstance.local_temp(str(folder)) as made:
        made.all_instigator_state()
        made.get_runs_count()
    return folder


@pytest.fixture
def history(empty_history, tmp_path):
    """An empty run history."""
    shutil.copytree(empty_history, tmp_path, dirs_exist_ok=True)
    with dg.DagsterInstance.local_temp(str(tmp_path)) as found:
        yield found
