"""The two files of a day are opened together, or neither is."""

from datetime import date

import pytest

from resources.api.catalog import DATASETS
from resources.capture.staged_files import StagedFiles
from resources.home.layout import Home
from resources.raw import captures
from tests.support.archives import contents

DAY, DATASET = date(2026, 11, 21), DATASETS["batch_stream_traffic"]


def test_nothing_is_left_where_the_lake_file_cannot_be_opened(tmp_path):
    home = Home(tmp_path)
    folder = captures.folder_of(home.raw, DATASET.name, DAY)
    folder.mkdir(parents=True)
    home.lake.write_text("a file in the place of the folder")
    with pytest.raises(NotADirectoryError, match="lake"):
        StagedFiles.open(home, DATASET, DAY, None)
    assert contents(home.raw) == {}


def test_nothing_is_left_of_files_that_are_abandoned(tmp_path):
    home = Home(tmp_path)
    captures.folder_of(home.raw, DATASET.name, DAY).mkdir(parents=True)
    StagedFiles.open(home, DATASET, DAY, None).abandon()
    assert contents(home.raw, home.lake) == {}
