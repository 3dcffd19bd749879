"""Nothing runs by itself but under `livestats ui`."""

import dagster as dg
import pytest

from pipelines.cli import ui
from pipelines.definitions import definitions
from resources.archive import Archive
from resources.config import SettingsError


def repository(folder, **environ):
    home = {"LIVESTATS_HOME": str(folder / "home")}
    return definitions(Archive.open(home | environ, folder)).get_repository_def()


def statuses(found):
    schedules = {one.default_status.value for one in found.schedule_defs}
    return schedules | {one.default_status.value for one in found.sensor_defs}


def test_dagster_dev_starts_no_backfill_of_a_year(tmp_path):
    assert statuses(repository(tmp_path)) == {"STOPPED"}


def test_ui_starts_all_of_them(tmp_path):
    environ = ui.surroundings({}, tmp_path / "home", tmp_path / "dagster")
    found = repository(tmp_path, LIVESTATS_SCHEDULES=environ["LIVESTATS_SCHEDULES"])
    assert statuses(found) == {"RUNNING"}
    assert dg.DefaultScheduleStatus.RUNNING.value == "RUNNING"


def test_a_variable_with_a_typing_error_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="LIVESTATS_SCHEDULE"):
        repository(tmp_path, LIVESTATS_SCHEDULE="run")
