"""The sections [cut.NAME]: what is read, what is refused, and what other processes know of it."""

import pickle

import pytest

from resources.api.catalog import DATASETS
from resources.api.catalog.cuts import Cut
from resources.config import FILE, Settings, SettingsError, load
from resources.config.cut_settings import know_removed

SESSION = "DescribeLiveStreamSessionData"
VIEWERS = f'[cut.viewers]\nendpoint = "{SESSION}"\nsplit = ["Domain", "Protocol"]\n'
CUT = Cut(name="viewers", endpoint=SESSION, split=("Domain", "Protocol"))


@pytest.fixture
def written(tmp_path):
    """Writes the settings file, and loads it."""

    def write(said, **options):
        (tmp_path / FILE).write_text(said, "utf-8")
        return load({}, tmp_path, **options)

    yield write
    DATASETS.forget_cuts()


def test_a_cut_is_a_dataset_that_is_captured(written):
    found = written(VIEWERS + "width_s = 3600\nreread_days = 1\nallow = true\n")
    assert found.datasets[-1] == "cut_viewers"
    one = found.of(DATASETS["cut_viewers"])
    assert (one.bucket_s, one.reread_days, one.is_large_allowed) == (3600, 1, True)
    assert one is DATASETS["cut_viewers"]


def test_settings_without_it_do_not_capture_it(written):
    written(VIEWERS)
    assert "cut_viewers" not in Settings().datasets
    assert "cut_viewers" in DATASETS


def test_it_can_be_switched_off(written):
    assert "cut_viewers" not in written(f'[datasets]\noff = ["cut_viewers"]\n{VIEWERS}').datasets


def test_another_process_knows_the_cuts_of_the_settings_that_it_is_given(written):
    packed = pickle.dumps(written(VIEWERS))
    DATASETS.forget_cuts()
    assert pickle.loads(packed).datasets[-1] == "cut_viewers"
    assert DATASETS["cut_viewers"].split == ("Domain", "Protocol")


def test_what_the_vendor_does_not_take_is_refused(written):
    """Left out of the requests it would leave none, and days without a question would be complete."""
    only = VIEWERS.replace('["Domain", "Protocol"]', '["Domain"]')
    with pytest.raises(SettingsError, match=r"cut.viewers.protocols: 'CMAF' is not possible.*volc"):
        written(only + 'protocols = ["CMAF", "RTMP"]\n')
    byteplus = '[api]\nvendor = "byteplus"\n'
    assert written(byteplus + only + 'protocols = ["CMAF"]\n').cuts
    with pytest.raises(SettingsError, match="online_user_type: the vendor has no such parameter"):
        written(byteplus + only + 'online_user_type = ["ClientIP"]\n')
    found = written(only + 'protocols = ["CMAF"]\n', leave_out_broken_cuts=True)
    assert "CMAF" in found.broken_cuts["viewers"]


WRONG = {
    "no section": ("cut = 1", "is no section: write [cut.NAME]"),
    "no table": ("[cut]\nviewers = 1", "cut.viewers = 1 is no section"),
    "no endpoint": ("[cut.viewers]\nwidth_s = 300", "cut.viewers lacks endpoint"),
    "key": (VIEWERS + "widths = 300", "there is no key widths: did you mean width_s?"),
    "type of a list": (VIEWERS + "isps = [1]", "cut.viewers.isps = [1] is not a list of texts"),
    "type of a word": (VIEWERS + 'split = "ISP"', "Cannot overwrite"),
    "type of a number": (VIEWERS + "width_s = '300'", "is not a whole number"),
    "type of a flag": (VIEWERS + "allow = 1", "is not true or false"),
    "constraint": (VIEWERS + "width_s = 7", "cut.viewers: width_s = 7"),
    "zone": (
        f'[archive]\ntime_zone = "Asia/Kolkata"\n{VIEWERS}width_s = 3600',
        "cut.viewers.width_s = 3600: in Asia/Kolkata",
    ),
    "section of a dataset": ("[dataset.cut_viewers]\nreread_days = 1", "write [cut.viewers]"),
}


@pytest.mark.parametrize("about", WRONG)
def test_what_cannot_be_is_refused_when_the_settings_are_read(about, written):
    said, wanted = WRONG[about]
    with pytest.raises(SettingsError) as caught:
        written(said)
    assert wanted in str(caught.value)


def test_a_daemon_goes_on_without_a_cut_that_cannot_be(written):
    found = written(
        f'{VIEWERS}[cut.odd]\nendpoint = "{SESSION}"\nwidth_s = 7\n', leave_out_broken_cuts=True
    )
    assert found.datasets[-1] == "cut_viewers"
    assert "width_s = 7" in found.broken_cuts["odd"]
    zone = f'[archive]\ntime_zone = "Asia/Kolkata"\n{VIEWERS}width_s = 3600\n'
    found = written(zone, leave_out_broken_cuts=True)
    assert (found.cuts, [*found.broken_cuts]) == ({}, ["viewers"])


def test_a_cut_that_is_off_may_be_gone(written):
    assert written('[datasets]\noff = ["cut_viewers"]\n').datasets == Settings().datasets


def test_a_cut_of_an_archive_is_known_after_its_section_is_gone(written):
    know_removed({"cut_viewers": CUT.meaning, "stream_count": {"bucket_seconds": 60}})
    assert DATASETS["cut_viewers"].key[:2] == ("domain", "protocol")
    assert "cut_viewers" not in written("").datasets


def test_a_cut_of_another_version_stays_unknown():
    know_removed({"cut_a": {"endpoint": "Gone"}, "cut_b": {"endpoint": SESSION, "colour": "red"}})
    assert [name for name, one in DATASETS.items() if one.is_cut] == []
