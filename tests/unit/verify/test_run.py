"""Whatever changes below raw/ or lake/ is found, named, and mended by what the finding says."""

import os
import shutil
from dataclasses import replace
from datetime import date, timedelta

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from benchmarks.flips import KINDS, missed
from pipelines.backfill.replay import replay
from pipelines.cli import main
from resources.api.catalog import DATASETS
from resources.config import SettingsError
from resources.fs import atomic, sealed
from resources.home import day_lock
from resources.home.layout import FORMAT
from resources.lake import parquet
from resources.raw import captures as raw_captures
from resources.raw.captures import MANIFEST, RESPONSES
from resources.raw.seen_notes import SEEN
from resources.verify.findings import FindingKind, Repair
from resources.verify.run import Verification
from resources.warehouse import identity
from tests.support.aged_archive import FAILED, NAMES, TOMORROW
from tests.support.archives import DAYS, contents
from tests.support.suites import mostly_slow, slow

FLIPS = int(os.environ.get("VERIFY_FLIPS", "100"))  # of each kind of file
TRAFFIC = DATASETS["batch_stream_traffic"]  # two captures of the first day, one of the second
PUSHES = DATASETS["push_stream_info"]  # a push that several days list stands in the table once
DAY = DAYS[0]
ALL = tuple(DATASETS[name] for name in NAMES)
"""What the archive has: raw, lake and tables are read back, and no table is made anew, which takes
eight times the CPU of all else. `found_by_all` does that, too; more of it is in test_remade.py."""


@pytest.fixture
def lab(past, tmp_path):
    """A copy of the archive an hour later, to break."""
    shutil.copytree(past.root, tmp_path / "home", symlinks=True)
    later = (TOMORROW + timedelta(hours=1)).isoformat()
    return past.with_(LIVESTATS_HOME=str(tmp_path / "home"), LIVESTATS_NOW=later)


def found(lab, *datasets, **options):
    return list(Verification(lab.archive, datasets or ALL, **options).findings())


def found_by_all(lab, **options):
    """As `livestats verify` looks."""
    return list(Verification(lab.archive, **options).findings())


def told(findings):
    return {(f.kind.value, f.repair.value) for f in findings}


def apart(findings):
    """What is wrong, and what could not be proven because of it."""
    not_proven = [f for f in findings if f.is_unverified]
    return [f for f in findings if not f.is_unverified], not_proven


def captures(lab, dataset=TRAFFIC, day=DAY):
    """The folders of a day's captures, oldest first."""
    folder = lab.archive.home.raw / dataset.name / str(day)
    return [folder / name.text for name in raw_captures.captures_in(folder)]


def lake_file(lab, dataset=TRAFFIC, day=DAY):
    return parquet.path_of(lab.archive.home.lake, dataset.name, day)


def flip(path, at=-1):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def mend(lab, *findings):
    """Do what each finding says."""
    for finding in findings:
        match finding.repair:
            case Repair.REPLAY:
                assert f"livestats replay --from {finding.day}" in finding.remedy
                days = [(DATASETS[finding.dataset], finding.day)]
                assert [r.problem for r in replay(lab.archive, days)] == [""]
            case Repair.PUBLISH:
                assert "livestats publish" in finding.remedy
                for path in (lab.archive.home.warehouse, lab.archive.home.served.resolve()):
                    if f"Move {path} out of the home" in finding.remedy and path.exists():
                        path.rename(lab.root.parent / f"moved-{path.name}")
            case Repair.CAPTURE:
                assert f"livestats backfill --force --from {finding.day}" in finding.remedy
                for folder in captures(lab, DATASETS[finding.dataset], finding.day):
                    if f"move {folder} out" in finding.remedy:
                        shutil.rmtree(folder)
                lab.capture([finding.day], [finding.dataset], again=True)
            case Repair.REMOVE:
                shutil.rmtree(
                    finding.subject
                ) if finding.subject.is_dir() else finding.subject.unlink()
    if {f.repair for f in findings} != {Repair.REMOVE}:
        lab.load()  # as replay and backfill do at their end


# What is whole -----------------------------------------------------------------------------------


@pytest.mark.parametrize("deep", [slow(False), True])
def test_an_archive_as_it_was_written_has_no_findings_and_stays_as_it_is(past, deep):
    before = contents(past.root)
    verification = Verification(past.archive, deep=deep)
    assert list(verification.findings()) == []
    assert contents(past.root) == before
    size = sum(p.stat().st_size for p in past.root.rglob("*/day=*/*"))
    assert verification.bytes == size + sum(
        p.stat().st_size for p in (past.root / "raw").rglob("*") if p.is_file()
    )
    assert verification.lake_files == 2 + 2 * len(NAMES[2:])
    assert verification.captures > verification.lake_files  # there are revisions
    assert verification.rows > 0
    assert verification.answers > verification.captures


def test_nothing_is_wrong_with_a_home_that_does_not_exist_yet(past, tmp_path):
    assert found_by_all(past.with_(LIVESTATS_HOME=str(tmp_path / "new"))) == []


def test_a_range_reads_no_other_day(lab):
    flip(lake_file(lab))
    assert found(lab, TRAFFIC, first=DAYS[1], last=DAYS[1]) == []
    assert found(lab, PUSHES) == []
    assert found(lab, TRAFFIC, last=DAY) != []


def test_progress_ends_at_the_size_that_was_foretold(past):
    read = []
    verification = Verification(past.archive, ALL, on_read=lambda _path, size: read.append(size))
    assert list(verification.findings()) == []
    tables_without_days = sum(
        lake_file(past, DATASETS[name], date(2026, 11, 22)).stat().st_size for name in NAMES[:2]
    )
    assert sum(read) == verification.size() - tables_without_days


def test_a_day_is_locked_while_it_is_read(past):
    """So what a capture has half done is never taken for damage."""
    free = []

    def try_lock(path, _size):
        if path.name == MANIFEST:
            free.append(day_lock.try_lock(past.archive.home, TRAFFIC, DAY) is not None)

    assert found(past, TRAFFIC, first=DAY, last=DAY, on_read=try_lock) == []
    assert free == [False, False]


# Any byte ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_any_changed_byte_is_found(past, kind):
    tried, lost = missed(past.archive, kind, FLIPS)
    assert lost == []
    assert tried > FLIPS


def test_a_file_that_grew_without_end_is_not_read(lab):
    """Nothing of a damaged file is held in memory: these are of a terabyte, and sparse."""
    for path in (captures(lab)[-1] / RESPONSES, lake_file(lab)):
        os.truncate(path, 1 << 40)
        assert path in {f.subject for f in found(lab, TRAFFIC, first=DAY, last=DAY)}
        os.truncate(path, 100)


# What each damage is called, and that its remedy mends it ----------------------------------------


def overwrite(path):
    """Put something else into a file that nobody may write to."""
    path.chmod(0o600)
    path.write_bytes(b"no database")


DAMAGES = {
    "answers of the newest capture flipped": (
        lambda lab: flip(captures(lab)[-1] / RESPONSES),
        {("damaged", "capture")},
    ),
    "manifest of the newest capture cut": (
        lambda lab: os.truncate(captures(lab)[-1] / MANIFEST, 100),
        {("damaged", "capture")},
    ),
    "answers gone": (
        lambda lab: (captures(lab)[-1] / RESPONSES).unlink(),
        {("missing", "capture")},
    ),
    "the only capture gone": (
        lambda lab: shutil.rmtree(captures(lab, day=DAYS[1])[0]),
        {("missing", "capture")},
    ),
    "the newest of two captures gone": (
        lambda lab: shutil.rmtree(captures(lab)[-1]),
        {("missing", "capture")},
    ),
    "a day of raw gone": (
        lambda lab: shutil.rmtree(captures(lab)[0].parent),
        {("missing", "capture")},
    ),
    "a day of raw and lake gone": (
        lambda lab: [shutil.rmtree(p.parent) for p in (captures(lab)[0], lake_file(lab))],
        {("missing", "capture")},
    ),
    "lake file flipped": (lambda lab: flip(lake_file(lab), 100), {("damaged", "replay")}),
    "lake file gone": (lambda lab: lake_file(lab).unlink(), {("missing", "replay")}),
    "lake file of another day": (
        lambda lab: shutil.copyfile(lake_file(lab, day=DAYS[1]), lake_file(lab)),
        {("mismatch", "replay")},
    ),
    "lake file of another table": (
        lambda lab: shutil.copyfile(lake_file(lab, PUSHES), lake_file(lab)),
        {("mismatch", "replay")},
    ),
    "lake and its capture damaged": (
        lambda lab: [flip(lake_file(lab)), flip(captures(lab)[-1] / RESPONSES)],
        {("damaged", "capture")},
    ),
    "notes damaged": (
        lambda lab: flip(captures(lab, day=DAYS[1])[0].parent / SEEN, 30),
        {("damaged", "remove"), ("missing", "publish")},
    ),
    "notes gone": (
        lambda lab: (captures(lab, day=DAYS[1])[0].parent / SEEN).unlink(),
        {("missing", "publish"), ("mismatch", "publish")},  # the table ledger says otherwise
    ),
    "note of a failure damaged": (
        lambda lab: flip(captures(lab)[0].parents[1] / str(FAILED) / "partial.json", 30),
        {("damaged", "remove")},
    ),
    "nothing served": (
        lambda lab: lab.archive.home.served.unlink(),
        {("behind", "publish")},
    ),
    "served copy damaged": (
        lambda lab: overwrite(lab.archive.home.served.resolve()),
        {("damaged", "publish")},
    ),
}


# Twins of others as far as the remedy goes; what they are called is in test_raw.py and test_lake.py.
# Only of them all tables are made anew as well, and of one other: this takes most of the time.
TWINS = (
    "manifest of the newest capture cut",
    "the newest of two captures gone",
    "a day of raw gone",
    "lake file of another table",
    "lake file flipped",
    "notes gone",
    "the only capture gone",
    "lake and its capture damaged",
    "note of a failure damaged",
)


@pytest.mark.parametrize(
    ("damage", "look"),
    [
        *((damage, found) for damage in DAMAGES if damage not in TWINS),
        ("answers of the newest capture flipped", found_by_all),
        slow("a day of raw and lake gone", found_by_all),
        *(slow(damage, found_by_all) for damage in TWINS),
    ],
)
def test_damage_is_named_with_what_mends_it(lab, damage, look):
    harm, expected = DAMAGES[damage]
    harm(lab)
    findings = look(lab)
    proven, not_proven = apart(findings)
    assert told(proven) == expected
    assert all(
        "rests on files of" in f.text for f in not_proven
    )  # what is made of it is not proven
    for _ in range(3):  # what one remedy brings to light, the next one mends
        mend(lab, *findings)
        findings = look(lab)
        if not findings:
            break
    assert findings == []


@pytest.mark.slow
def test_what_is_not_ours_is_named_wherever_it_lies_and_can_be_removed(lab):
    day = captures(lab)[-1]
    files = {day / "notes.txt", lake_file(lab).parent / "part-2.parquet"}
    home = lab.archive.home
    folders = {day.parent / "copy", home.raw / "edge_stats"}
    folders.add(home.lake / TRAFFIC.name / "day=20261120")
    for path in files:
        path.touch()
    for path in folders:
        path.mkdir()
    findings = found_by_all(lab)
    assert {f.subject for f in findings} == files | folders
    assert told(findings) == {("extra", "remove")}
    mend(lab, *findings)
    assert found_by_all(lab) == []


def test_an_earlier_revision_that_is_gone_is_missed_by_the_later_one(lab):
    """No byte of the day depends on it any more: only the later capture's manifest tells of it."""
    shutil.rmtree(captures(lab)[0])
    lab.load()
    (finding,) = found(lab, TRAFFIC)
    assert (finding.kind, finding.repair) == (FindingKind.MISSING, Repair.RESTORE)
    assert "earlier revision" in finding.remedy


@pytest.mark.slow
@pytest.mark.parametrize(
    "harm", [lambda p: flip(p / RESPONSES), slow(lambda p: (p / MANIFEST).unlink())]
)
def test_an_earlier_revision_that_is_damaged_can_only_be_restored(lab, harm):
    harm(captures(lab)[0])
    (finding,), not_proven = apart(found_by_all(lab))
    assert all("revisions" in f.text for f in not_proven)
    assert (finding.subject.parent, finding.repair) == (captures(lab)[0], Repair.RESTORE)


def test_a_capture_under_another_name_or_day_is_found(lab):
    old = captures(lab)[-1]
    name = old.name
    for other in (
        old.with_name(name[:-1] + ("0" if name[-1] != "0" else "1")),  # digest
        old.with_name(name.replace("-4-", "-5-")),  # rows
        old.with_name(f"20261124{name[8:]}"),  # time
        captures(lab, day=DAYS[1])[0].with_name(name),
        captures(lab, PUSHES)[0].with_name(name),
    ):
        old.rename(other)
        findings = found(lab, TRAFFIC, PUSHES)
        other.rename(old)
        assert {f.subject for f in findings} & {other, other / MANIFEST}, other
    assert found(lab) == []


def test_a_capture_whose_row_count_was_renamed_is_not_said_to_be_gone_as_well(lab):
    """Asking the day again would not bring the old name back."""
    old = captures(lab, day=DAYS[1])[0]
    assert old.name in (old.parent / SEEN).read_text()
    stamp, rows, digest = old.name.split("-")
    old.rename(old.with_name(f"{stamp}-{int(rows) + 1}-{digest}"))
    findings = found(lab, TRAFFIC, first=DAYS[1], last=DAYS[1])
    assert (FindingKind.MISMATCH, Repair.RESTORE) in {(f.kind, f.repair) for f in findings}
    assert not any("was seen again" in f.text for f in findings)


def test_what_the_api_has_forgotten_is_told_as_lost_without_a_backup(lab):
    late = lab.with_(LIVESTATS_NOW=(TOMORROW + timedelta(days=366)).isoformat())
    flip(captures(late)[-1] / RESPONSES)
    (finding,) = found(late, TRAFFIC, first=DAY, last=DAY)
    assert finding.repair is Repair.RESTORE
    assert "forgotten the day since 2027-11-21 00:00" in finding.remedy


def test_until_when_the_api_has_it_is_told(lab):
    flip(captures(lab, PUSHES)[-1] / RESPONSES)
    (finding,) = found(lab, PUSHES, first=DAY, last=DAY)
    assert "has the day until 2027-02-21 00:00 (Asia/Shanghai)" in finding.remedy  # pushes: 93 days


def test_a_list_as_it_was_on_a_day_cannot_be_captured_again(lab):
    domain = DATASETS["domain"]
    flip(captures(lab, domain, date(2026, 11, 22))[0] / RESPONSES)
    (finding,) = found(lab, domain)
    assert finding.repair is Repair.RESTORE


def test_what_a_killed_run_left_is_harmless_and_goes_with_the_next(lab):
    for path in (captures(lab)[0], lake_file(lab)):
        atomic.temp_path(path).mkdir()
    findings = found(lab, TRAFFIC)
    assert told(findings) == {("leftover", "nothing")}
    assert all(f.is_harmless for f in findings)
    lab.capture(DAYS[:1], [TRAFFIC.name])
    assert found(lab) == []


def test_a_run_that_was_killed_between_capture_and_lake_is_behind_and_mended_by_the_next(lab):
    """The lake file is then that of the capture before."""
    file = lake_file(lab)
    older = raw_captures.Capture(
        captures(lab)[0], raw_captures.captures_in(captures(lab)[0].parent)[0]
    )
    parquet.normalise(lab.archive.home.lake, TRAFFIC, DAY, older)
    (finding,) = (f for f in found(lab, TRAFFIC) if f.subject == file)
    assert (finding.kind, finding.repair) == (FindingKind.BEHIND, Repair.REPLAY)
    lab.capture([DAY], [TRAFFIC.name])
    lab.load()
    assert found(lab) == []


def test_rows_of_an_older_normaliser_are_behind(lab, monkeypatch):
    monkeypatch.setattr(parquet, "SCHEMA_VERSION", parquet.SCHEMA_VERSION + 1)
    findings = found(lab, TRAFFIC, first=DAY, last=DAY)
    assert told(findings) == {("behind", "replay")}


def test_rows_that_the_capture_does_not_make_are_found_by_the_deep_look(lab):
    """A file with the right checksums, written by a normaliser that read the answer wrongly."""
    file = lake_file(lab)
    writer = parquet.LakeWriter(file, TRAFFIC, DAY)
    capture = raw_captures.newest(captures(lab)[0].parent)
    right = pq.read_table(file).drop_columns(["business_date"])
    at = right.schema.get_field_index("up_traffic_bytes")
    wrong = right.set_column(at, right.schema.field(at), [[0.0] * right.num_rows])
    writer.add(parquet.Rows(wrong.cast(parquet.row_schema(TRAFFIC)), 0, (), ()))
    writer.seal(capture.name, 1)
    writer.commit()
    lab.load()
    assert found(lab, TRAFFIC) == []
    (finding,) = found(lab, TRAFFIC, deep=True)
    assert (finding.subject, finding.repair) == (file, Repair.REPLAY)
    mend(lab, finding)
    assert found(lab, TRAFFIC, deep=True) == []


# Tables ------------------------------------------------------------------------------------------


CHANGES_OF_ROWS = (
    "UPDATE transcode_info SET minutes = minutes + 1 WHERE rowid = 0",
    "DELETE FROM transcode_info WHERE rowid = 0",
    "INSERT INTO transcode_info SELECT * FROM transcode_info LIMIT 1",
    "UPDATE transcode_info SET business_date = business_date + 1",
    "UPDATE push_stream_info SET stream = 'x' WHERE rowid = 0",
    "DELETE FROM meta.push_stream_info_listed WHERE rowid = 0",
    "DELETE FROM isp WHERE rowid = 0",
    "UPDATE ledger SET rows = rows + 1 WHERE dataset = 'top_play'",
)


def change(lab, *statements):
    """Change rows of the warehouse and of the served copy; both notes say that this was published."""
    column = {c.name for c in DATASETS["transcode_info"].columns}
    minutes = next(name for name in sorted(column) if name.endswith("minutes"))
    for path in (lab.archive.home.warehouse, lab.archive.home.served.resolve()):
        path.chmod(0o600)
        with duckdb.connect(str(path)) as connection:
            for sql in statements:
                connection.execute(sql.replace("minutes", minutes))
        seal = identity.read(path)
        identity.write(path, replace(seal, header=identity.header_of(path)))


@pytest.mark.parametrize(
    "sql", mostly_slow(CHANGES_OF_ROWS, CHANGES_OF_ROWS[1], CHANGES_OF_ROWS[6])
)
def test_rows_of_a_database_that_are_not_those_of_the_lake_are_found(lab, sql):
    change(lab, sql)
    findings = found_by_all(lab)
    assert {f.repair for f in findings} == {Repair.PUBLISH}
    assert {f.kind for f in findings} == {FindingKind.MISMATCH}
    assert {f.subject for f in findings} == {lab.archive.home.served, lab.archive.home.warehouse}


@pytest.mark.slow
def test_all_rows_that_are_others_are_mended_by_what_is_told_of_them(lab):
    change(lab, *CHANGES_OF_ROWS)
    mend(lab, *found_by_all(lab))
    assert found_by_all(lab) == []


def test_what_is_captured_and_not_loaded_is_behind(lab):
    moment = (TOMORROW + timedelta(days=1)).isoformat()
    lab.with_(LIVESTATS_NOW=moment).capture([date(2026, 11, 22)], NAMES)
    findings = found(lab)
    assert told(findings) == {("behind", "publish")}
    assert {f.dataset for f in findings} >= set(NAMES[2:])
    mend(lab, findings[0])
    assert found(lab) == []


def test_a_lake_file_that_is_damaged_is_not_loaded(lab):
    flip(lake_file(lab), 100)  # inside a page: the footer reads well
    loaded = {one.table: one for one in lab.archive.sync_tables([TRAFFIC])}
    assert "damaged" in loaded[TRAFFIC.name].problem
    shown = CliRunner().invoke(main, ["status"], env={**lab.archive.environ})
    said = " ".join(shown.output.split())
    assert f"Not loaded: 1 dataset-day, such as {TRAFFIC.name} {DAY}; rows are of an" in said


# The identity of the archive ---------------------------------------------------------------------


def test_the_identity_file_can_be_written_by_hand_and_is_sealed_by_the_next_run(lab):
    file = lab.archive.home.identity_file
    flip(file, 30)
    (finding,), _ = apart(found(lab))
    assert (finding.subject, finding.repair) == (file, Repair.RESTORE)
    file.write_text('{"format": 1, "time_zone": "Asia/Shanghai", "first_day": "2026-11-18"}')
    assert [f.subject for f in found(lab)] == [file]
    again = lab.with_()
    again.archive.home.prepare(again.archive.settings, TOMORROW)
    assert again.archive.home.identity["first_day"] == "2026-11-18"
    assert found(lab) == []


def test_an_archive_without_identity_is_told(lab):
    lab.archive.home.identity_file.unlink()
    (finding,) = Verification(lab.archive, ()).findings()
    assert finding.kind is FindingKind.MISSING


def test_a_sealed_identity_that_tells_nothing_is_damaged(lab):
    lab.archive.home.identity_file.write_bytes(sealed.seal({"format": 1, "time_zone": "UTC"}))
    (finding,) = Verification(lab.with_().archive, ()).findings()
    assert (finding.kind, finding.text) == (
        FindingKind.DAMAGED,
        "not as it was written: 'first_day'",
    )


def test_settings_that_do_not_fit_the_home_are_refused(lab):
    """By them every healthy day would be called damaged."""
    other = replace(lab.archive.settings, time_zone="UTC")
    with pytest.raises(SettingsError, match="keeps days of Asia/Shanghai"):
        Verification(replace(lab.archive, settings=other))
    facts = {**lab.archive.home.identity, "format": FORMAT + 1}
    lab.archive.home.identity_file.write_bytes(sealed.seal(facts))
    with pytest.raises(SettingsError, match="was made by a newer livestats"):
        Verification(lab.with_().archive)


@pytest.mark.slow  # that it is behind is found in test_tables.py too
@pytest.mark.parametrize(
    "sql", ["DROP VIEW dim_domain", "UPDATE meta.mart SET version = '' WHERE mart = 'dim_isp'"]
)
def test_a_mart_that_is_gone_or_of_another_select_is_behind_and_made_by_publish(lab, sql):
    change(lab, sql)
    findings = found_by_all(lab)
    assert told(findings) == {("behind", "publish"), ("mismatch", "publish")}
    behind = [f for f in findings if f.kind is FindingKind.BEHIND]
    assert all(f.text.startswith("mart dim_") for f in behind)
    mend(lab, *findings)
    assert found_by_all(lab) == []
