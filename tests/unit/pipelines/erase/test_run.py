"""`livestats erase`: the item is gone everywhere, nothing else is, and the archive is whole after it."""

import json
import shutil
from datetime import date
from functools import cache
from itertools import chain

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from pipelines.backfill import replay
from pipelines.cli import main
from pipelines.doctor import home as of_home
from pipelines.erase import pending, run
from resources.api.catalog import DATASETS
from resources.capture.result import Outcome
from resources.findings import Severity
from resources.fs import locks
from resources.home import day_lock
from resources.home.layout import Home
from resources.raw import all_tombstones, captures, erasures
from resources.raw.captures import Capture, CaptureName
from resources.raw.erasures import Erasures, ItemKind, PlainItem
from resources.simulator import Account
from resources.verify.run import Verification
from tests.support.archives import DAYS, contents, failures, lab, lake_rows
from tests.support.suites import slow

LISTS = ("domain", "isp", "region")
NAMES = (
    *("push_stream_info", "batch_push_stream_metrics", "ip_info"),
    *("source_traffic", "source_traffic_account"),
)
ACCOUNT = Account(domains=2, streams_per_domain=1, deleted=0, audience=0.02)


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    root = tmp_path_factory.mktemp("past")
    with lab(root / "home", ACCOUNT, names=(*LISTS, *NAMES)) as found:
        found.backfill(DAYS[:1])
        yield found


def copied(found, folder):
    shutil.copytree(found.root, folder / "home", symlinks=True)
    return found.with_(LIVESTATS_HOME=str(folder / "home"))


@pytest.fixture
def there(past, tmp_path):
    """A copy to erase from."""
    return copied(past, tmp_path)


@pytest.fixture(scope="module")
def erased(past, tmp_path_factory):
    """Kind -> a copy that the item of that kind was erased from, and what the command said.

    Tests that change it do so in a copy.
    """

    @cache
    def of(kind):
        found = copied(past, tmp_path_factory.mktemp(kind))
        return found, livestats(found, "erase", f"--{kind}", items(past)[kind].text, "--yes")

    return of


def items(found):
    ((domain, app, stream, address),) = found.rows(
        "SELECT domain, app, stream, client_ip FROM push_stream_info WHERE client_ip <> '' LIMIT 1"
    )
    texts = {"domain": domain, "stream": f"{domain}/{app}/{stream}", "address": address}
    return {kind: PlainItem.parse(ItemKind(kind), text) for kind, text in texts.items()}


def livestats(found, *words, code=0, **more):
    result = CliRunner().invoke(main, [*words], env={**found.archive.environ}, **more)
    assert result.exit_code == code, result.output
    return result.output


def faults(found, *, making_tables_anew=False):
    """What `livestats verify` finds; all tables are made anew, or only read back, which is quicker."""
    datasets = DATASETS.values() if making_tables_anew else map(DATASETS.get, (*LISTS, *NAMES))
    return [*Verification(found.archive, [*datasets]).findings()]


def is_row_of(item, row):
    if item.kind is ItemKind.ADDRESS:
        return item.text in (row.get("client_ip"), row.get("ip"))
    if item.kind is ItemKind.DOMAIN:
        return row.get("domain") == item.text
    return "/".join(str(row.get(name)) for name in ("domain", "app", "stream")) == item.text


def answers(home):
    """Every manifest and answer below raw/, unpacked."""
    for dataset in sorted(p.name for p in home.raw.iterdir()):
        for folder in captures.days_of(home.raw, dataset).values():
            for name in captures.captures_in(folder):
                one = Capture(folder / name.text, name)
                yield json.dumps(one.manifest).encode()
                yield from (body for *_, body in one.responses())


def erased_rows(home):
    """Dataset and day -> what the newest capture says that an erasure took out of it."""
    folders = [p.parent for p in home.raw.glob("*/*/*/manifest.json.gz")]
    newest = {one.parent: one for one in sorted(folders)}
    return {
        (day.parent.name, day.name): Capture(one, CaptureName(one.name)).manifest.get(
            "erased_rows", {}
        )
        for day, one in newest.items()
    }


def test_nothing_is_captured_while_it_is_not_known_what_was_erased(past, erased, tmp_path):
    """The file is gone, as after a restore of raw/ alone; without a backup the item is erased again."""
    there, _ = erased("address")
    there, address = copied(there, tmp_path), items(past)["address"].text
    (there.root / erasures.FILE).unlink()
    asked = there.requests
    said = livestats(
        there, "backfill", "--force", "--from", str(DAYS[0]), "--to", str(DAYS[0]), code=1
    )
    assert f"{erasures.FILE} is gone" in said
    assert there.requests == asked
    assert [one.subject.name for one in faults(there)] == [erasures.FILE]
    livestats(there, "erase", "--address", address, "--yes")
    livestats(there, "backfill", "--force", "--from", str(DAYS[0]), "--to", str(DAYS[0]))
    assert faults(there) == []
    assert address.encode() not in b"\n".join(answers(there.archive.home))


@pytest.mark.parametrize("kind", ["domain", slow("stream"), "address"])
def test_the_rows_of_an_item_go_from_everywhere_and_no_other_row_does(past, erased, kind):
    there, said = erased(kind)
    item, home = items(past)[kind], there.archive.home
    before = lake_rows(past.archive.home)
    assert "To be erased: " in said
    assert "Erased: " in said
    assert "(PostgreSQL, Iceberg)" in said
    assert "`livestats publish` to that place" in said
    after = lake_rows(home)
    for path, table in after.items():
        kept = [row for row in before[path].to_pylist() if not is_row_of(item, row)]
        if path.startswith("domain/"):  # a row may name another domain
            kept = [{**row, "push_domain": ""} if row.get("push_domain") == item.text else row
                    for row in kept]  # fmt: skip
        assert table.to_pylist() == kept, path
    assert after.keys() == before.keys()
    assert faults(there, making_tables_anew=kind == "address") == []
    if kind != "stream":
        held = b"\n".join(answers(home))
        assert item.text.encode() not in held
        for table in there.rows(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'"
        ):
            assert item.text not in str(there.rows(f"FROM {table[0]}"))
    assert item.text not in (home.root / "erasures.json").read_text()
    assert not pending.path_of(home).exists()
    assert run.plan(there.archive, item).days == []


@pytest.mark.parametrize("kind", [slow("domain"), slow("stream"), "address"])
def test_a_day_that_is_asked_again_does_not_bring_it_back(past, erased, kind, tmp_path):
    there = copied(erased(kind)[0], tmp_path)
    item, home = items(past)[kind], there.archive.home
    before, taken = lake_rows(home), erased_rows(home)
    assert item.text not in str(taken)
    for dataset, day, stone in all_tombstones.every(home.raw):
        assert sum(taken[dataset, day].values()) == stone.rows
    results = there.capture(DAYS[:1], NAMES, again=True)
    assert failures(results) == []
    assert {one.outcome for one in results} <= {Outcome.UNCHANGED, Outcome.KEPT}
    path = next((home.raw / "push_stream_info").rglob("manifest.json.gz"))
    shutil.rmtree(path.parent)  # now the day is asked as if for the first time
    assert failures(there.capture(DAYS[:1], NAMES)) == []
    after = lake_rows(home)
    assert {k: v for k, v in after.items() if "ip_info" not in k} == {
        k: v for k, v in before.items() if "ip_info" not in k
    }
    assert run.plan(there.archive, item).days == []
    path = "push_stream_info", str(DAYS[0])
    assert erased_rows(home)[path] == (
        {} if kind == "domain" else taken[path]
    )  # or not asked about
    if kind != "stream":
        assert item.text.encode() not in b"\n".join(answers(home))
    daily = [DATASETS[name] for name in NAMES]
    lines = [*chain(*there.archive.ledgers(daily, DAYS[0], DAYS[0]).values())]
    assert {(one.state.is_complete, one.is_suspect) for one in lines} == {(True, False)}


@pytest.mark.slow
@pytest.mark.parametrize("role", ["push", slow("pull")])
def test_the_only_domain_of_a_role_leaves_complete_days(tmp_path, role):
    """The API may have forgotten the day, so nothing could complete it."""
    names = ("push_stream_info", "batch_stream_traffic", "source_traffic", "source_stream_metrics")
    needs = ("batch_source_stream_metrics", "batch_stream_session", "batch_push_stream_metrics")
    only_one = Account(domains=1, streams_per_domain=1, deleted=0, audience=0.02)
    with lab(tmp_path / "home", only_one) as one:
        found = one.only(*LISTS, *names, *needs, "push_stream_metrics", "ip_info")
        assert failures(found.capture(DAYS[:1])) == []
        run.begin(found.archive, PlainItem.parse(ItemKind.DOMAIN, f"{role}-1.sim.example"))
        later = found.with_(LIVESTATS_NOW="2028-12-01T12:00:00+08:00").archive
        lines = chain(*later.ledgers([d for d in DATASETS.values() if d.name in
                                      later.settings.datasets and not d.is_dimension],
                                     DAYS[0], DAYS[0]).values())  # fmt: skip
        assert {line.dataset: line.lacking for line in lines if line.lacking} == {}


@pytest.mark.slow
def test_captures_that_were_made_out_of_others_lose_it_and_keep_their_figures(tmp_path):
    day = date(2026, 11, 17)  # not asked again for late data
    with lab(tmp_path / "home", ACCOUNT, environ={"LIVESTATS_FIRST_DAY": str(day)}) as found:
        split = found.only(*LISTS, "source_traffic")
        split.backfill([day])
        whole = found.only(*LISTS, "source_traffic", "source_traffic_account")
        datasets = [DATASETS["source_traffic"], DATASETS["source_traffic_account"]]
        made = [*replay.replay(whole.archive, replay.captured(whole.archive, datasets, day, day))]
        assert [one.is_derived for one in made] == [False, True]
        whole.load()
        account = whole.rows("SELECT * FROM source_traffic_account ORDER BY ALL")
        ((domain,),) = whole.rows("SELECT min(domain) FROM source_traffic")
        run.begin(whole.archive, PlainItem.parse(ItemKind.DOMAIN, domain))
        assert domain.encode() not in b"\n".join(answers(whole.archive.home))
        assert whole.rows("SELECT * FROM source_traffic_account ORDER BY ALL") == account
        shared = {path.stat().st_ino for path in whole.archive.home.raw.rglob("*.zst")}
        files = [*whole.archive.home.raw.rglob("*.zst")]
        assert len(shared) < len(files)  # both captures carry the rewritten answers in one file
        looked = Verification(whole.archive, datasets, day, day)
        assert [*looked.findings()] == []


def test_account_wide_series_stay_as_they_are(past, erased, tmp_path):
    """Also where the day is asked again: the list of domains has the erased one no more."""
    account = "SELECT * FROM source_traffic_account ORDER BY ALL"
    there = copied(erased("domain")[0], tmp_path)
    assert there.rows(account) == past.rows(account)
    assert failures(there.capture(DAYS[:1], ("source_traffic_account",), again=True)) == []
    there.load()
    assert there.rows(account) == past.rows(account)


def test_a_backup_loses_it_with_the_next_run_and_restores(there, tmp_path):
    item, target = items(there)["domain"], tmp_path / "backup"
    livestats(there, "backup", str(target))
    livestats(there, "erase", "--domain", item.text, "--yes")
    livestats(there, "backup", str(target))
    assert [*contents(target / "raw", target / "lake").values()] == [
        *contents(there.archive.home.raw, there.archive.home.lake).values()
    ]
    other = there.with_(LIVESTATS_HOME=str(target))
    assert run.plan(other.archive, item).days == []
    assert Erasures.of(other.archive.home.raw) == Erasures.of(there.archive.home.raw)


@pytest.mark.slow
def test_verify_against_an_older_fingerprint_names_the_days(past, erased):
    line = livestats(past, "digest").splitlines()[-1]
    there, _ = erased("address")
    said = livestats(there, "verify", "--against", line, code=1)
    assert (
        f"erased: {there.root / 'raw' / 'push_stream_info' / str(DAYS[0]) / 'erased.json'}" in said
    )
    assert "missing" not in said
    assert "Erased: address on 2026-11-22, from 3 dataset-days" in livestats(there, "status")


@pytest.mark.slow
def test_files_that_somebody_exported_into_the_home_go_and_settings_are_named(there):
    item, root = items(there)["domain"], there.root
    (root / "iceberg").mkdir()
    (root / "iceberg/of-a-table.csv").write_text(f"domain\n{item.text}\n")
    (root / "mine.csv").write_text(f"domain\n{item.text}\n")
    (root / "other.csv").write_text(f"domain\nx.{item.text}\n")
    pq.write_table(next(t for p, t in lake_rows(there.archive.home).items() if "push_stream_info" in p),
                   root / "mine.parquet")  # fmt: skip
    (root / "livestats.toml").write_text(f'domains = ["{item.text}"]\n')
    livestats(there, "gone", item.text)
    said = livestats(there, "erase", "--domain", item.text, "--yes")
    assert f"Still names it: {root / 'livestats.toml'}. It is not livestats' to change" in said
    assert f"Still names it: {root / 'archive.json'}. It was called gone: `livestats gone" in said
    assert f"Still in {root / 'iceberg'} if it was published: run `livestats publish" in said
    assert (root / "iceberg/of-a-table.csv").exists()
    livestats(there, "gone", item.text, "--undo")
    assert item.text not in (root / "archive.json").read_text()
    assert sorted(p.name for p in root.iterdir() if p.suffix in (".csv", ".parquet")) == [
        "other.csv"
    ]


STEPS = ("databases.remove", "_make_databases", "_sizes")


class Killed(BaseException):
    pass


@pytest.mark.parametrize(
    ("step", "command"),
    [
        ("_make_databases", "publish"),
        *(pytest.param(step, "erase", marks=pytest.mark.slow) for step in STEPS),
        *(
            pytest.param("_make_databases", one, marks=pytest.mark.slow)
            for one in ("replay", "backfill")
        ),
    ],
)
def test_an_erasure_that_was_broken_off_is_finished_by_the_next_command(
    there, monkeypatch, step, command
):
    item = items(there)["address"]

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(f"pipelines.erase.run.{step}", killed)
        with pytest.raises(Killed):
            run.begin(there.archive, item)
    home = Home(there.root)
    assert pending.path_of(home).stat().st_mode & 0o077 == 0
    assert [one.is_finished for one in Erasures.of(home.raw).every] == [False]
    found = faults(there)
    assert any("livestats publish" in one.remedy and "erasure" in one.text for one in found)
    assert "An erasure was broken off" in livestats(there, "status")
    livestats(there, command)
    assert [one.is_finished for one in Erasures.of(home.raw).every] == [True]
    assert not pending.path_of(home).exists()
    assert faults(there) == []


def test_a_capture_that_was_under_way_loses_it_as_well(there, monkeypatch):
    item, home = items(there)["domain"], there.archive.home
    dataset, day = DATASETS["push_stream_info"], DAYS[0]
    folder, away = captures.folder_of(home.raw, dataset.name, day), home.root / "away"
    held = day_lock.try_lock(home, dataset, day)
    folder.rename(away)

    def commit(_):
        away.rename(folder)
        held.release()

    monkeypatch.setattr(locks.time, "sleep", commit)
    run.begin(there.archive, item)
    assert folder.is_dir()  # it was waited for
    assert item.text.encode() not in b"\n".join(answers(home))


def test_an_erasure_is_finished_before_another_begins(there, monkeypatch):
    wanted = items(there)
    monkeypatch.setattr(run, "_finish", lambda *_: None)
    run.begin(there.archive, wanted["address"])
    said = livestats(there, "erase", "--domain", wanted["domain"].text, "--yes", code=2)
    assert "An erasure was broken off" in said


def test_a_damaged_capture_leaves_it_unfinished_and_is_named(there):
    item = items(there)["address"]
    path = next((there.archive.home.raw / "push_stream_info").rglob("responses.zst"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"x")
    said = livestats(there, "erase", "--address", item.text, "--yes", code=1)
    assert str(path) in said
    assert "run `livestats erase`" in said
    path.write_bytes(whole)
    assert "Erased: " in livestats(there, "erase")
    assert faults(there) == []


@pytest.mark.parametrize("put_back", [("raw",), ("raw", "lake"), ("lake",)], ids="+".join)
def test_a_restored_capture_of_before_does_not_bring_it_back(there, tmp_path, put_back):
    item, home = items(there)["domain"], there.archive.home
    for layer in ("raw", "lake"):
        shutil.copytree(home.root / layer, tmp_path / "backup" / layer)
    livestats(there, "erase", "--domain", item.text, "--yes")
    held, rows = contents(home.raw), lake_rows(home)
    for layer in put_back:
        shutil.copytree(tmp_path / "backup" / layer, home.root / layer, dirs_exist_ok=True)
    count = f"SELECT count(*) FROM push_stream_info WHERE domain = '{item.text}'"
    is_raw_back = "raw" in put_back
    livestats(there, "publish")
    assert there.rows(count) == [(0,)]
    said = livestats(there, "replay", code=int(is_raw_back))
    assert ("livestats erase" in said) == is_raw_back
    assert there.rows(count) == [(0,)]
    assert lake_rows(home) == rows
    if is_raw_back:
        assert {one.kind.value for one in faults(there)} == {"extra"}
        assert all("`livestats erase`" in one.remedy for one in faults(there))
        assert "Erased, and back: " in livestats(there, "status", "--dataset", "push_stream_info")
        assert of_home.captures_in_place(there.archive).severity is Severity.PROBLEM
        said = livestats(there, "erase")
        assert "Deleted: " in said
        assert there.rows(count) == [(0,)]
    assert contents(home.raw) == held
    assert faults(there) == []
    assert of_home.captures_in_place(there.archive).severity is Severity.OK
    assert "No erasure was broken off" in livestats(there, "erase")


def test_a_restored_capture_whose_rest_is_gone_is_not_deleted_and_is_named(there, tmp_path):
    item, home = items(there)["domain"], there.archive.home
    shutil.copytree(home.raw, tmp_path / "raw")
    livestats(there, "erase", "--domain", item.text, "--yes")
    folder = captures.folder_of(home.raw, "push_stream_info", DAYS[0])
    (left,) = captures.captures_in(folder)
    shutil.move(folder / left.text, tmp_path / left.text)
    name = captures.captures_in(tmp_path / "raw" / "push_stream_info" / str(DAYS[0]))[0].text
    shutil.copytree(tmp_path / "raw" / "push_stream_info" / str(DAYS[0]) / name, folder / name)
    said = livestats(there, "erase", "--json", code=1)
    (problem,) = json.loads(said[said.index("{") :])["problems"]
    assert left.text in problem
    shutil.move(tmp_path / left.text, folder / left.text)
    livestats(there, "erase")
    assert faults(there) == []
