"""Settings of single datasets: what each can have, what follows, and what a home holds on to."""

import json
import pickle
import shutil
from datetime import timedelta
from itertools import product

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from pipelines.backfill.replay import captured, replay
from pipelines.cli import main
from pipelines.doctor.machine import settings_found
from resources.api.catalog import DAILY, DATASETS
from resources.api.catalog.model import DomainRole, variant_label
from resources.api.request_plan import Domain, Inventory, Stream, requests_for
from resources.config import FILE, DatasetOverrides, Settings, SettingsError, load, resolve
from resources.config.dataset_overrides import KEYS, keys_of, widths_of
from resources.config.writer import text
from resources.fs import sealed
from resources.home.layout import Home
from resources.ledger import states
from resources.raw import captures
from resources.simulator import Account
from resources.system_tables.reconciliation.rules import RULES
from resources.verify.run import Verification
from tests.support import offered
from tests.support.archives import DAYS, SMALL, lab
from tests.support.each import each

DAY = DAYS[-1]
PUSH, BATCH, SESSION = "push_stream_metrics", "batch_push_stream_metrics", "stream_session"
WIDTHS = [(d.name, width) for d in DAILY for width in d.other_widths_s]


@pytest.fixture
def written(tmp_path):
    """Writes the settings file, and loads it."""

    def write(said):
        (tmp_path / FILE).write_text(said, "utf-8")
        return load({}, tmp_path)

    return write


def refused(call, *args):
    with pytest.raises(SettingsError) as caught:
        call(*args)
    return str(caught.value)


def of(name, **own):
    """A dataset under settings of its own."""
    return Settings(own={name: DatasetOverrides(**own)}).of(DATASETS[name])


# What can be said --------------------------------------------------------------------------------


def test_without_settings_a_dataset_is_that_of_the_catalog():
    assert all(Settings().of(one) is one for one in DATASETS.values())


def test_the_file_says_what_holds_of_one_dataset_and_of_no_other(written):
    found = written(
        f'[dataset.{PUSH}]\nbucket_seconds = 5\nreread_days = 5\nstreams = ["live/*", "a/b"]\n'
        f'domains = ["*.example"]\n[dataset.{SESSION}]\nvariants = ["ClientIP", "Online"]\n'
    )
    one, other = found.of(DATASETS[PUSH]), found.of(DATASETS[SESSION])
    assert (one.bucket_s, one.reread_days) == (5, 5)
    assert (one.streams, one.domains) == (("a/b", "live/*"), ("*.example",))
    assert [*map(variant_label, other.variants)] == ["Online", "ClientIP"]
    assert found.of(DATASETS[BATCH]) is DATASETS[BATCH]


@each("name, key", [*product(DATASETS, KEYS)])
def test_each_key_is_taken_or_refused_with_those_that_the_dataset_has(name, key, written):
    value = KEYS[key].metadata["example"]
    if key == "variants" and key in keys_of(DATASETS[name]):
        value = DATASETS[name].required_variants
    said = f"[dataset.{name}]\n{key} = {json.dumps(value)}\n"
    if key == "bucket_seconds" and key in keys_of(DATASETS[name]):
        said = f"[dataset.{name}]\n{key} = {widths_of(DATASETS[name])[0]}\n"
    if key in keys_of(DATASETS[name]):
        assert getattr(written(said).own[name], key) is not None
    else:
        told = refused(written, said)
        assert f"{name} has no {key}" in told
        assert all(has in told for has in keys_of(DATASETS[name]))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("[dataset.push_stream_metric]\nx = 1", "did you mean push_stream_metrics?"),
        (f"[dataset.{PUSH}]\nstream = ['a']", "did you mean streams?"),
        (f"[dataset.{PUSH}]\nstreams = ['live']", "'live/*' for all streams of an app"),
        (f"[datasets.{PUSH}]\nstreams = ['a']", f"did you mean dataset.{PUSH}.streams?"),
        ("[dataset.edge_stat]\nbucket_seconds = 60", "its slots have 300 s"),
        ("[dataset.edge_stat]\nsplits = ['ISP']", "edge_stat_by_protocol"),
        (f"[dataset.{BATCH}]\nvariants = ['max']", "marts need all of max, avg"),
        (f"[dataset.{SESSION}]\nvariants = ['Viewer']", "lacks Online"),
        (f"[dataset.{SESSION}]\nvariants = ['Online', 'Viewr']", "Online, Viewer, ClientIP"),
        (f"[dataset.{SESSION}]\nbucket_seconds = 30", "Possible: 60, 300."),
        (f"[dataset.{SESSION}]\nbucket_seconds = true", "is not a whole number"),
        (f"[dataset.{SESSION}]\nbucket_seconds = '60'", "is not a whole number"),
        (f"[dataset.{SESSION}]\ndomains = '*'", "is not a list of texts"),
        (f"[dataset.{SESSION}]\ndomains = []", "at least one pattern"),
        (f"[dataset.{SESSION}]\ndomains = ['']", "none may be empty"),
        (f"[dataset.{SESSION}]\nreread_days = -1", "0 to 365"),
        ("[dataset.push_stream_info]\nreread_days = 93", "0 to 92"),
        ("dataset = 3", "is no section"),
        (f"[dataset]\n{SESSION} = 3", "is no section"),
        (
            f"[archive]\ntime_zone = 'Asia/Kolkata'\n[dataset.{SESSION}]\nbucket_seconds = 3600",
            "narrower",
        ),
    ],
)
def test_what_cannot_be_followed_says_what_can(said, told, written):
    assert told in refused(written, said)


@each("own", [{"bucket_seconds": 60}, {"reread_days": 5}, {"domains": ("pull-*",)}])
def test_settings_that_were_used_go_to_another_process(own):
    settings = Settings(own={"source_traffic": DatasetOverrides(**own)})
    dataset = settings.of(DATASETS["source_traffic"])
    assert dataset.column["domain"]
    assert dataset.endpoint.parameter["DomainList"]
    again = pickle.loads(pickle.dumps(settings))
    assert again == settings
    assert again.of(DATASETS["source_traffic"]).columns == dataset.columns


@given(
    own=st.fixed_dictionaries(
        {},
        optional={
            "bucket_seconds": st.sampled_from([5, 30]),
            "reread_days": st.integers(0, 365),
            "domains": st.lists(st.text(min_size=1), min_size=1).map(tuple),
            "streams": st.lists(st.text().map("{}/*".format), min_size=1).map(tuple),
        },
    )
)
def test_what_is_written_is_read_back(own, tmp_path_factory):
    folder = tmp_path_factory.mktemp("settings")
    said = {"own": {PUSH: DatasetOverrides(**own)}}
    (folder / FILE).write_text(text(said), "utf-8")
    assert load({}, folder).own == said["own"]


def test_the_documented_example_can_be_switched_on_as_it_stands(tmp_path):
    _, _, after = text({}).partition(f"# [dataset.{PUSH}]")
    example = after.partition("\n\n")[0]
    said = "\n".join(line.removeprefix("# ") for line in example.splitlines())
    (tmp_path / FILE).write_text(f"[dataset.{PUSH}]{said}")
    assert set(load({}, tmp_path).own) == {PUSH}


# What follows ------------------------------------------------------------------------------------


def known(*names, role=DomainRole.ANY, streams=()):
    return Inventory(
        domains=tuple(Domain(n, role) for n in names), isps=("a", "b"), streams=streams
    )


def asked(dataset, about):
    return [w.payload for w in requests_for(dataset, DAY, Settings().zone, about)]


@pytest.mark.parametrize(("name", "width"), WIDTHS)
def test_another_width_is_asked_for_whole_days_of_slots(name, width):
    dataset = of(name, bucket_seconds=width)
    about = known("a", "b", streams=(Stream("a", "x", "y"),))
    found = [*requests_for(dataset, DAY, Settings().zone, about)]
    assert {w.payload["Aggregation"] for w in found} == {width}
    seconds = {w.window: (w.window[1] - w.window[0]).total_seconds() for w in found}
    assert sum(seconds.values()) == 86_400
    assert all(length % width == 0 for length in seconds.values())


@given(
    names=st.sets(st.text("ab.", min_size=1, max_size=5), min_size=1),
    pattern=st.text("ab.*?", min_size=1, max_size=4),
)
def test_domains_are_asked_if_they_fit_a_pattern_and_no_others(names, pattern):
    dataset = of("batch_stream_traffic", domains=(pattern,))
    found = {n for p in asked(dataset, known(*names)) for n in p["DomainList"]}
    assert found == {n for n in names if dataset.includes_domain(n)}
    if pattern == "*":
        assert found == names


def test_a_filter_of_domains_does_not_reach_beyond_the_role():
    about = Inventory(
        domains=(Domain("push.a", DomainRole.PUSH), Domain("pull.a", DomainRole.PULL))
    )
    dataset = of("push_stream_info", domains=("pull.*", "push.*"))
    assert [p["DomainList"] for p in asked(dataset, about)] == [["push.a"]]
    assert asked(of("push_stream_info", domains=("pull.*",)), about) == []


def test_streams_are_asked_if_app_and_name_fit():
    streams = (Stream("a", "live", "x1"), Stream("a", "live", "y"), Stream("a", "vod", "x1"))
    dataset = of(PUSH, streams=("live/x*",))
    found = [(p["App"], p["Stream"]) for p in asked(dataset, known("a", streams=streams))]
    assert found == [("live", "x1")]


def test_days_are_asked_again_as_long_as_set(tmp_path):
    home, now = tmp_path, DAY + timedelta(days=1)
    with lab(home / "home", SMALL) as one:
        one.capture([DAY], ["domain", "isp", "batch_stream_traffic"])
        later = one.with_(LIVESTATS_NOW=f"{now + timedelta(days=4)}T12:00:00+08:00")
        for days, is_due in ((3, False), (5, True), (9, True)):
            archive = later.set(
                own={"batch_stream_traffic": DatasetOverrides(reread_days=days)}
            ).archive
            dataset = archive.settings.of(DATASETS["batch_stream_traffic"])
            (line,) = archive.ledger(dataset, DAY, DAY)
            found = states.is_due_again(dataset, line, archive.now(), archive.settings.zone)
            assert found is is_due, days


# A home whose datasets have other settings -------------------------------------------------------

OWN = {
    PUSH: DatasetOverrides(bucket_seconds=5, streams=("*/room-*1",)),
    "stream_count": DatasetOverrides(bucket_seconds=3600),
    "stream_session_by_domain": DatasetOverrides(bucket_seconds=60, variants=("Online",)),
    "play_status_code": DatasetOverrides(bucket_seconds=3600, variants=("Access",)),
    "batch_stream_traffic": DatasetOverrides(domains=("pull-1.*",)),
    "top_play": DatasetOverrides(variants=("Domain/TotalTraffic", "Stream/TotalTraffic")),
}
NAMES = tuple(d.name for d in DATASETS.values() if d.name != "ip_info")


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """One day of two domains, captured and loaded under settings of single datasets."""
    account = Account(domains=2, streams_per_domain=2, deleted=0)
    compared = {name for rule in RULES for name in rule.needs if OWN.keys() & {*rule.needs}}
    names = {"domain", "isp", "region", "ip_info"} | compared & {*offered.DATASETS}
    with lab(tmp_path_factory.mktemp("own") / "home", account, names=names) as plain:
        one = plain.set(own=OWN)
        one.backfill([DAY])
        yield one


def test_rows_are_those_that_were_asked_for(other):
    widths = {
        name: other.rows(f"SELECT DISTINCT slot_seconds FROM {name}")
        for name in (PUSH, BATCH, "stream_count", "stream_session_by_domain", "play_status_code")
    }
    assert widths == {
        PUSH: [(5,)],
        BATCH: [(60,)],
        "stream_count": [(3600,)],
        "stream_session_by_domain": [(60,)],
        "play_status_code": [(3600,)],
    }
    ((every, some),) = other.rows(
        f"SELECT count(DISTINCT stream), count(DISTINCT stream) FILTER (stream LIKE 'room-%1') "
        f"FROM {BATCH}"
    )
    assert 0 < some < every
    ((found, matching),) = other.rows(
        f"SELECT count(DISTINCT stream), count(DISTINCT stream) FILTER (stream LIKE 'room-%1') "
        f"FROM {PUSH}"
    )
    assert (found, matching) == (some, some)
    assert other.rows("SELECT DISTINCT online_user_type FROM stream_session_by_domain") == [
        ("Online",)
    ]
    assert other.rows("SELECT DISTINCT domain FROM batch_stream_traffic") == [
        ("pull-1.sim.example",)
    ]


@pytest.mark.slow
def test_marts_count_with_the_width_that_there_is(other):
    """Minutes, requests and peaks are those of slots of a minute."""
    with_usual = other.beside("usual")
    with_usual.capture([DAY], ["domain", "isp", "stream_session_by_domain"])
    with_usual.load()
    requests = (
        "SELECT domain, requests FROM viewers_daily WHERE online_user_type = 'Online' ORDER BY 1"
    )
    assert other.rows(requests) == with_usual.rows(requests)
    ((hours, points),) = other.rows(
        "SELECT count(*), count(DISTINCT hour_start_at) FROM viewers_hourly WHERE domain LIKE 'pull-1%'"
    )
    assert (hours, points) == (24, 24)
    ((minutes, peak),) = other.rows(
        "SELECT max(viewer_minutes), max(peak_online_users) FROM viewers_daily"
    )
    assert 0 < minutes <= peak * 1440


def test_nothing_is_warned_of_that_settings_leave_out(other):
    assert (
        other.rows("SELECT rule, scope, note FROM reconciliation WHERE verdict = 'differs'") == []
    )
    found = dict(
        other.rows("SELECT rule, note FROM reconciliation WHERE verdict = 'not comparable'")
    )
    limits = {rule: note for rule, note in found.items() if "limited by the settings" in note}
    assert limits.keys() == {
        "streams_pushed",
        "edge_traffic_of_streams",
        "top_play_traffic_of_streams",
        "top_play_traffic_of_domains",
        "traffic_of_sessions",
        "traffic_of_pushes",
    }
    assert limits["streams_pushed"] == f"{PUSH}: limited by the settings to streams */room-*1"
    assert other.rows("SELECT DISTINCT verdict FROM reconciliation WHERE rule = 'peak_pushes'") == [
        ("agrees",)
    ]


def test_two_datasets_that_are_limited_alike_are_compared(tmp_path):
    names = ("edge_stat", "edge_stat_by_region")
    with lab(tmp_path / "home", Account(domains=2, streams_per_domain=1, deleted=0)) as plain:
        own = {name: DatasetOverrides(domains=("pull-1.*",)) for name in names}
        one = plain.only("domain", "isp", *names).set(own=own)
        one.backfill([DAY])
        assert one.rows(
            "SELECT DISTINCT scope, verdict FROM reconciliation WHERE rule = 'edge_traffic_of_regions'"
        ) == [("pull-1.sim.example", "agrees")]


def test_coverage_says_what_a_dataset_is_limited_to_and_counts_no_hole(other):
    assert other.rows(
        "SELECT DISTINCT dataset, limited_to FROM ledger WHERE limited_to IS NOT NULL ORDER BY 1"
    ) == [("batch_stream_traffic", "domains pull-1.*"), (PUSH, "streams */room-*1")]
    assert (
        other.rows(
            "SELECT dataset, state FROM ledger WHERE business_date = ? AND state <> 'captured'", DAY
        )
        == []
    )


def test_what_depends_on_limited_datasets_alone_is_limited_by_them():
    own = {name: DatasetOverrides(domains=("a*",)) for name in (BATCH, "push_stream_info")}
    assert "domains a*" in Settings(own=own).narrowed(PUSH)
    assert Settings(own={BATCH: DatasetOverrides(domains=("a*",))}).narrowed(PUSH) == ""
    assert Settings(own=own).narrowed("stream_session") == ""


def test_the_manifest_of_a_capture_and_the_home_tell_the_settings(other):
    meaning = {"bucket_seconds": 5, "streams": ["*/room-*1"]}
    folder = other.archive.home.raw / PUSH / str(DAY)
    assert captures.newest(folder).manifest["settings"] == meaning
    usual = other.archive.home.raw / BATCH / str(DAY)
    assert "settings" not in captures.newest(usual).manifest
    identity = Home(other.root).identity
    assert identity["format"] == 3
    assert identity["datasets"][PUSH] == meaning
    assert identity["datasets"].keys() == OWN.keys()


@pytest.mark.slow
def test_it_verifies_and_replays_to_the_same(other):
    assert [*Verification(other.archive).findings()] == []
    days = captured(other.archive, [DATASETS[PUSH], DATASETS["stream_count"]], None, None)
    before = other.rows(f"SELECT count(*), sum(hash(t)) FROM {PUSH} t")
    assert [r.problem for r in replay(other.archive, days)] == ["", ""]
    other.load()
    assert other.rows(f"SELECT count(*), sum(hash(t)) FROM {PUSH} t") == before


def test_verify_names_a_capture_of_other_settings(other, tmp_path):
    """The home's own file tells others than the capture; settings that neither tells are refused."""
    own = {**OWN, PUSH: DatasetOverrides(bucket_seconds=5)}
    with pytest.raises(SettingsError, match="bucket_seconds = 5, streams"):
        Verification(other.set(own=own).archive)
    shutil.copytree(other.root, tmp_path / "home", symlinks=True)
    mixed = other.with_(LIVESTATS_HOME=str(tmp_path / "home")).set(own=own)
    mixed = mixed.only(*other.archive.settings.datasets)
    pinned = {n: mixed.archive.settings.of(DATASETS[n]).meaning for n in own}
    facts = {**mixed.archive.home.identity, "datasets": pinned}
    mixed.archive.home.identity_file.write_bytes(sealed.seal(facts))
    mixed.archive.home.read_again()
    found = [*Verification(mixed.archive, [DATASETS[PUSH]]).findings()]
    assert any("bucket_seconds = 5, streams" in one.text for one in found)


# How it is shown ---------------------------------------------------------------------------------


def test_doctor_shows_them_too(tmp_path):
    (tmp_path / FILE).write_text(
        f"[dataset.{PUSH}]\nbucket_seconds = 5\nstreams = ['a/*', 'b/*']\n"
    )
    shown = [finding.text for finding in settings_found(resolve({}, tmp_path))]
    place = tmp_path / FILE
    assert f"dataset.{PUSH}: bucket_seconds = 5, streams = a/*, b/* (from {place})" in shown


def test_status_says_what_a_dataset_is_limited_to(other, tmp_path):
    file = tmp_path / "own.toml"
    own = text({"own": OWN})
    file.write_text(own)
    environ = {**other.archive.environ, "LIVESTATS_SETTINGS": str(file), "COLUMNS": "200"}
    words = ["status", "--from", str(DAY), "--to", str(DAY)]
    shown = CliRunner().invoke(main, words, env=environ)
    assert f"Limited by the settings: {PUSH} to streams */room-*1" in shown.stdout
    told = json.loads(CliRunner().invoke(main, [*words, "--json"], env=environ).stdout)
    limits = {one["dataset"]: one["limited_to"] for one in told["datasets"]}
    assert limits[PUSH] == "streams */room-*1"
    assert limits[BATCH] is None
    page = tmp_path / "coverage.html"
    CliRunner().invoke(main, [*words, "--html", str(page)], env=environ)
    assert "only streams */room-*1" in page.read_text("utf-8")
