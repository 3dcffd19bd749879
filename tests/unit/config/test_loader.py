"""Settings: from the file and over it the environment; what cannot be followed is refused by name."""

import re
from dataclasses import FrozenInstanceError
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api.catalog import DATASETS
from resources.config import FILE, FILE_VARIABLE, Settings, SettingsError, general, load, resolve
from tests.support.offered import not_offered

OF_BYTEPLUS = not_offered("volcengine")
IN_FILE = {
    "archive.home": ('"{other}"', "home", Path("/elsewhere")),
    "archive.time_zone": ('"UTC"', "time_zone", "UTC"),
    "archive.first_day": ("2025-03-04", "first_day", date(2025, 3, 4)),
    "archive.expiry_warning_days": ("30", "expiry_warning_days", 30),
    "archive.language": ('"zh"', "language", "zh"),
    "archive.personal_data": ('"mask"', "personal_data", "mask"),
    "logs.files": ('"parse"', "log_files", "parse"),
    "archive.send_fingerprint": ('"daily"', "send_fingerprint", "daily"),
    "api.vendor": ('"byteplus"', "vendor", "byteplus"),
    "api.url": ('"https://open.byteplusapi.com"', "api_url", "https://open.byteplusapi.com"),
    "api.region": ('"ap-singapore-1"', "api_region", "ap-singapore-1"),
    "api.calls_per_second": ("5", "calls_per_second", 5.0),
    "api.quota_factor": ("2", "quota_factor", 2.0),
    "api.workers": ("3", "workers", 3),
    "api.missing_result": ('"nothing"', "missing_result", "nothing"),
    "domains.push": ('["p.example", "q.example"]', "push_domains", ("p.example", "q.example")),
    "domains.pull": ("[]", "pull_domains", ()),
    "datasets.off": ('["top_play"]', "datasets_off", ("top_play",)),
    "publish.to": ('"postgresql://me@db/bi"', "publish_to", "postgresql://me@db/bi"),
    "publish.schema": ('"stats_acme"', "publish_schema", "stats_acme"),
    "publish.datasets": ('["edge_*"]', "publish_datasets", ("edge_*",)),
    "scale.lease": ('"postgresql://me@db/x"', "scale_lease", "postgresql://me@db/x"),
    "scale.account": ('"acme"', "scale_account", "acme"),
    "scale.home": ('"s3://b/acme"', "scale_home", "s3://b/acme"),
    "scale.dagster": ('"postgresql://me@db/d"', "scale_dagster", "postgresql://me@db/d"),
    "scale.cold": ('"s3://b/p"', "scale_cold", "s3://b/p"),
    "scale.cold_after_days": ("120", "scale_cold_after_days", 120),
    "scale.engine": ('"sc://engine:15002"', "scale_engine", "sc://engine:15002"),
}
IN_ENVIRONMENT = {
    "LIVESTATS_HOME": ("/elsewhere", "home", Path("/elsewhere")),
    "LIVESTATS_TIME_ZONE": ("Asia/Singapore", "time_zone", "Asia/Singapore"),
    "LIVESTATS_FIRST_DAY": ("2025-03-04", "first_day", date(2025, 3, 4)),
    "LIVESTATS_VENDOR": ("byteplus", "vendor", "byteplus"),
    "LIVESTATS_API_URL": ("http://127.0.0.1:8080", "api_url", "http://127.0.0.1:8080"),
    "LIVESTATS_API_REGION": ("ap-singapore-1", "api_region", "ap-singapore-1"),
    "LIVESTATS_CALLS_PER_SECOND": ("2.5", "calls_per_second", 2.5),
    "LIVESTATS_QUOTA_FACTOR": ("0.5", "quota_factor", 0.5),
    "LIVESTATS_WORKERS": ("3", "workers", 3),
    "LIVESTATS_MISSING_RESULT": ("nothing", "missing_result", "nothing"),
    "LIVESTATS_LANGUAGE": ("zh", "language", "zh"),
    "LIVESTATS_PERSONAL_DATA": ("omit", "personal_data", "omit"),
    "LIVESTATS_LOG_FILES": ("keep", "log_files", "keep"),
    "LIVESTATS_SEND_FINGERPRINT": ("daily", "send_fingerprint", "daily"),
    "LIVESTATS_PUBLISH_TO": ("postgres://db/other", "publish_to", "postgres://db/other"),
    "LIVESTATS_PUBLISH_SCHEMA": ("other", "publish_schema", "other"),
    "LIVESTATS_SCALE_LEASE": ("postgresql://db/other", "scale_lease", "postgresql://db/other"),
    "LIVESTATS_SCALE_ACCOUNT": ("other", "scale_account", "other"),
    "LIVESTATS_SCALE_HOME": ("s3://other/acme", "scale_home", "s3://other/acme"),
    "LIVESTATS_SCALE_DAGSTER": ("postgresql://db/other", "scale_dagster", "postgresql://db/other"),
    "LIVESTATS_SCALE_COLD": ("s3://other/p", "scale_cold", "s3://other/p"),
    "LIVESTATS_SCALE_COLD_AFTER_DAYS": ("150", "scale_cold_after_days", 150),
    "LIVESTATS_SCALE_ENGINE": ("sc://other:1", "scale_engine", "sc://other:1"),
}


@pytest.fixture
def written(tmp_path):
    """Writes the settings file, and loads it."""

    def write(text, environ=None):
        (tmp_path / FILE).write_text(text, "utf-8")
        return load(environ or {}, tmp_path)

    return write


def refused(call, *args):
    with pytest.raises(SettingsError) as caught:
        call(*args)
    return str(caught.value)


def line(place, value):
    section, key = place.split(".")
    return f"[{section}]\n{key} = {value}\n"


def test_without_file_and_variables_the_defaults_hold(tmp_path):
    assert load({}, tmp_path) == Settings()
    assert Settings().home == Path("data")
    assert Settings().zone == ZoneInfo("Asia/Shanghai")
    assert Settings().datasets == tuple(name for name in DATASETS if name not in OF_BYTEPLUS)


def test_every_setting_is_tried_below():
    places = {f.metadata["where"] for f in general()}
    variables = {f.metadata["variable"] for f in general()} - {None}
    assert places == set(IN_FILE)
    assert variables == set(IN_ENVIRONMENT)


@pytest.mark.parametrize("place", IN_FILE)
def test_every_setting_can_stand_in_the_file(place, written):
    text, name, value = IN_FILE[place]
    assert getattr(written(line(place, text.format(other="/elsewhere"))), name) == value


@pytest.mark.parametrize("variable", IN_ENVIRONMENT)
def test_every_variable_wins_over_the_file(variable, written):
    text, name, value = IN_ENVIRONMENT[variable]
    (known,) = (f for f in general() if f.metadata["variable"] == variable)
    in_file = IN_FILE[known.metadata["where"]][0].format(other="/of/the/file")
    in_file = in_file.replace("ap-singapore-1", "cn-north-1")
    assert getattr(written(line(known.metadata["where"], in_file), {variable: text}), name) == value


def test_an_empty_variable_is_as_good_as_none(written):
    found = written("[api]\nworkers = 3\n", dict.fromkeys(IN_ENVIRONMENT, ""))
    assert found.workers == 3


def test_calls_may_be_unlimited(tmp_path):
    assert load({"LIVESTATS_CALLS_PER_SECOND": "none"}, tmp_path).calls_per_second is None


def test_a_relative_home_lies_beside_the_file_whatever_the_working_folder_is(written, tmp_path):
    assert written('[archive]\nhome = "stats"\n').home == tmp_path / "stats"


def test_a_home_in_the_file_may_begin_with_a_tilde(written, monkeypatch):
    monkeypatch.setenv("HOME", "/users/ann")
    assert written('[archive]\nhome = "~/stats"\n').home == Path("/users/ann/stats")
    assert "~nobody-of-that-name" in refused(
        written, '[archive]\nhome = "~nobody-of-that-name/stats"\n'
    )


def test_another_file_can_be_named(tmp_path):
    other = tmp_path / "folder" / "other.toml"
    other.parent.mkdir()
    other.write_text('[archive]\nhome = "x"\n')
    assert load({FILE_VARIABLE: str(other)}, tmp_path).home == other.parent / "x"
    other.unlink()
    said = refused(load, {FILE_VARIABLE: str(other)}, tmp_path)
    assert FILE_VARIABLE in said
    assert str(other) in said


def test_empty_sections_change_nothing(written):
    assert written("[archive]\n# home = 1\n[api]\n[domains]\n[datasets]\n") == Settings()


@pytest.mark.parametrize(
    ("text", "wrong", "nearest"),
    [
        ("[api]\nworker = 3", "api.worker", "api.workers"),
        ('[archive]\nhoem = "x"', "archive.hoem", "archive.home"),
        ("workers = 3", "workers", "api.workers"),
        ("api = 3", "api", "api.url"),
        ("[domain]", "domain", "domains.pu"),
        ("[api.url]", "api.url", "not a text in quotes"),
        ('[other]\nthing = "x"', "other.thing", "Known: archive.home"),
    ],
)
def test_an_unknown_setting_is_refused_with_the_nearest_name(text, wrong, nearest, written):
    said = refused(written, text)
    assert FILE in said
    assert wrong in said
    assert nearest in said


@pytest.mark.parametrize("key", ["secret_key", "access_key", "session_token"])
def test_a_key_in_the_file_is_refused_and_its_place_named(key, written):
    said = refused(written, f"[api]\n{key} = 'hush'\n")
    assert "VOLC_ACCESSKEY and VOLC_SECRETKEY" in said
    assert "hush" not in said


def test_an_empty_name_of_a_folder_is_not_the_current_one(written):
    assert "is empty" in refused(written, "[archive]\nhome = ''\n")


@settings(deadline=None)
@given(name=st.from_regex(r"[a-z_]{1,20}", fullmatch=True))
def test_whatever_is_not_known_is_refused(name, tmp_path_factory):
    if f"api.{name}" in IN_FILE:
        return
    folder = tmp_path_factory.mktemp("settings")
    (folder / FILE).write_text(f"[api]\n{name} = 1\n")
    assert f"api.{name}" in refused(load, {}, folder)


@pytest.mark.parametrize(
    "text",
    [
        "[archive]\nhome = 3",
        "[archive]\ntime_zone = ['UTC']",
        "[archive]\nfirst_day = '2025-01-01'",
        "[archive]\nfirst_day = 2025-01-01T00:00:00",  # in Python, a datetime is a date
        "[archive]\nfirst_day = 2025-01-01T00:00:00Z",
        "[archive]\nexpiry_warning_days = 1.5",
        "[api]\nworkers = true",
        "[api]\nworkers = '3'",
        "[api]\ncalls_per_second = 'fast'",
        "[api]\ncalls_per_second = false",
        "[domains]\npush = 'p.example'",
        "[domains]\npull = [1]",
    ],
)
def test_a_value_of_another_type_is_refused_with_its_place(text, written):
    section, rest = text.split("\n")
    said = refused(written, text)
    assert f"{section.strip('[]')}.{rest.split(' ')[0]}" in said
    assert re.search("is not (a folder|a text|a day|a whole number|a number|a list)", said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[api]\nworkers = 0", "at least 1"),
        ("[api]\ncalls_per_second = 0", "above 0"),
        ("[api]\ncalls_per_second = -1.5", "above 0"),
        ("[api]\ncalls_per_second = nan", "above 0"),
        ("[api]\nquota_factor = 0", "from 0.01 on"),
        ("[api]\nquota_factor = inf", "from 0.01 on"),
        ("[archive]\nexpiry_warning_days = -1", "0 to 366"),
        ("[archive]\nexpiry_warning_days = 99999999999", "0 to 366"),
        ("[archive]\ntime_zone = 'Mars/Olympus'", "no known zone"),
        ("[archive]\ntime_zone = ''", "no known zone"),
        ("[archive]\ntime_zone = 'Asia'", "no known zone"),
        ("[archive]\ntime_zone = '../../etc/passwd'", "no known zone"),
        ("[archive]\ntime_zone = 'Europe/Berlin'", "Asia/Shanghai"),
        ("[archive]\ntime_zone = 'America/New_York'", "in summer"),
        ("[archive]\nlanguage = 'cn'", "one of en, zh"),
        ("[datasets]\noff = ['top_plays']", "top_play"),
        ("[datasets]\noff = ['x', 'top_play']", "datasets.off"),
        ("archive = ", "no TOML"),
    ],
)
def test_a_value_that_cannot_be_followed_says_what_could(text, said, written):
    assert said in refused(written, text)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / FILE).write_bytes(b"\xff\xfe\x00")
    assert FILE in refused(load, {}, tmp_path)


def test_a_file_that_cannot_be_read_is_refused(tmp_path, monkeypatch):
    def denied(*_args):
        raise PermissionError(13, "Permission denied")

    (tmp_path / FILE).touch()
    monkeypatch.setattr(Path, "read_text", denied)
    said = refused(load, {}, tmp_path)
    assert FILE in said
    assert "Permission denied" in said


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("LIVESTATS_FIRST_DAY", "yesterday"),
        ("LIVESTATS_WORKERS", "many"),
        ("LIVESTATS_WORKERS", "1.5"),
        ("LIVESTATS_CALLS_PER_SECOND", "fast"),
        ("LIVESTATS_CALLS_PER_SECOND", "nan"),
        ("LIVESTATS_TIME_ZONE", "Europe/Berlin"),
    ],
)
def test_a_variable_that_cannot_be_followed_is_refused(variable, text, tmp_path):
    said = refused(load, {variable: text}, tmp_path)
    assert text in said or "above 0" in said


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [("LIVESTATS_HOM", "LIVESTATS_HOME"), ("LIVESTATS_COLOUR_OF_THE_WIDE_NIGHT_SKY", "Known: ")],
)
def test_a_variable_that_nobody_reads_is_refused(variable, nearest, tmp_path):
    said = refused(load, {variable: "x"}, tmp_path)
    assert variable in said
    assert nearest in said
    assert load({variable: "", "LIVESTATS_NOW": "x", "LIVE": "x"}, tmp_path) == Settings()


def test_each_value_knows_where_it_was_set(tmp_path):
    (tmp_path / FILE).write_text("[api]\nworkers = 3\ncalls_per_second = 5\n")
    found = resolve({"LIVESTATS_WORKERS": "4", "LIVESTATS_HOME": "/x"}, tmp_path)
    assert found.origins == {
        "workers": "LIVESTATS_WORKERS",
        "calls_per_second": str(tmp_path / FILE),
        "home": "LIVESTATS_HOME",
    }
    assert found.file == tmp_path / FILE
    assert resolve({}, tmp_path / "empty").file is None


def test_settings_do_not_change_while_a_run_goes_on():
    with pytest.raises(FrozenInstanceError):
        Settings().workers = 2


def test_the_vendor_brings_its_address_and_the_other_way_round(tmp_path):
    byteplus = "https://open.byteplusapi.com"
    assert load({"LIVESTATS_VENDOR": "byteplus"}, tmp_path).api_url == byteplus
    assert load({"LIVESTATS_API_URL": f"{byteplus}/"}, tmp_path).vendor == "byteplus"
    proxied = load({"LIVESTATS_VENDOR": "byteplus", "LIVESTATS_API_URL": "http://x"}, tmp_path)
    assert (proxied.vendor, proxied.api_url) == ("byteplus", "http://x")
    assert "volcengine, byteplus" in refused(load, {"LIVESTATS_VENDOR": "other"}, tmp_path)


def test_what_byteplus_does_not_offer_is_not_captured(tmp_path):
    found = load({"LIVESTATS_VENDOR": "byteplus"}, tmp_path)
    absent = not_offered("byteplus")
    assert absent > {"ip_info", "batch_stream_session"}
    assert set(DATASETS) - set(found.datasets) == absent
    assert set(found.datasets) > OF_BYTEPLUS
    assert set(found.not_offered) == absent
    assert set(load({}, tmp_path).not_offered) == OF_BYTEPLUS


def test_datasets_that_are_off_are_not_captured(written):
    found = written('[datasets]\noff = ["top_play", "isp"]\n')
    assert set(DATASETS) - set(found.datasets) == {"top_play", "isp"} | OF_BYTEPLUS
