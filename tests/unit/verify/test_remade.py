"""What is served and what the warehouse holds is proven by making it anew, and mended by its remedy."""

import shutil
from dataclasses import replace
from datetime import timedelta

import duckdb
import pytest

from resources.verify import remade
from resources.verify.findings import FindingKind
from resources.warehouse import identity
from tests.support.aged_archive import NAMES, lived_in
from tests.support.archives import DAYS
from tests.support.suites import mostly_slow, slow


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    with lived_in(tmp_path_factory.mktemp("past") / "home", names=(*NAMES, "stream_count")) as lab:
        yield lab


@pytest.fixture
def lab(past, tmp_path):
    shutil.copytree(past.root, tmp_path / "home", symlinks=True)
    return past.with_(LIVESTATS_HOME=str(tmp_path / "home"))


def found(lab, tmp_path):
    spill = tmp_path / "spill"
    spill.mkdir()
    findings = list(remade.Remade(lab.archive, {}, spill).findings())
    shutil.rmtree(spill)
    return findings


def forge(path, sql):
    """Edit a database, and its note as well: the content alone must show it."""
    path.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)
    seal = identity.read(path)
    identity.write(path, replace(seal, header=identity.header_of(path)))


FORGED = {
    "UPDATE stream_count_daily SET peak_streams = peak_streams * 10": "served",
    "DELETE FROM reconciliation": "served",
    "CREATE OR REPLACE VIEW dim_isp AS SELECT 'x' AS isp": "served",
    "ALTER TABLE ledger DROP COLUMN is_suspect": "served",
    "CREATE TABLE more AS SELECT 1 AS one": "served",
    "UPDATE ledger SET state = 'lost' WHERE state = 'captured'": "served",
    "UPDATE batch_stream_traffic SET up_traffic_bytes = 1": "warehouse",
    "DELETE FROM push_stream_info": "warehouse",
    "INSERT INTO top_play FROM top_play": "warehouse",
    "DELETE FROM stream_count_daily": "warehouse",
    "DELETE FROM revisions": "warehouse",
    "INSERT INTO ledger FROM ledger": "warehouse",
}


def forged(lab, tmp_path, sql):
    """The database that `sql` has changed, after it was found."""
    path = getattr(lab.archive.home, FORGED[sql]).resolve()
    forge(path, sql)
    findings = found(lab, tmp_path)
    assert findings
    assert {f.subject.resolve() for f in findings} == {path}
    assert {f.kind for f in findings} == {FindingKind.MISMATCH}
    assert f"Move {path} out of the home and run `livestats publish`" in findings[0].remedy
    return path


FAST = ("UPDATE stream_count_daily SET peak_streams = peak_streams * 10",)  # the remedy has another
MENDED = (
    "CREATE OR REPLACE VIEW dim_isp AS SELECT 'x' AS isp",
    "UPDATE batch_stream_traffic SET up_traffic_bytes = 1",
)


@pytest.mark.parametrize("sql", mostly_slow([one for one in FORGED if one not in MENDED], *FAST))
def test_a_database_with_other_content_is_found(lab, tmp_path, sql):
    forged(lab, tmp_path, sql)


@pytest.mark.slow
@pytest.mark.parametrize("sql", mostly_slow(MENDED, MENDED[1]))
def test_the_remedy_for_a_database_with_other_content_works(lab, tmp_path, sql):
    """It is the same whatever was changed, of either database."""
    path = forged(lab, tmp_path, sql)
    path.rename(tmp_path / "moved")
    lab.archive.publish()
    assert found(lab, tmp_path) == []


def test_a_forged_byte_of_the_note_makes_the_warehouse_foreign(lab, tmp_path):
    path = lab.archive.home.warehouse
    with duckdb.connect(str(path)) as connection:
        connection.execute("COMMENT ON TABLE ledger IS 'x'")
    assert "another program" in found(lab, tmp_path)[0].text


def test_a_warehouse_that_a_load_has_open_is_not_verified(lab, tmp_path):
    with lab.archive.writing():
        findings = found(lab, tmp_path)
    assert [f.subject for f in findings if f.is_unverified] == [lab.archive.home.warehouse]
    assert all(f.is_unverified for f in findings)


def test_a_warehouse_whose_first_load_was_broken_off_is_behind_and_not_damaged(lab, tmp_path):
    path = lab.archive.home.warehouse
    path.unlink()
    duckdb.connect(str(path)).close()
    findings = found(lab, tmp_path)
    assert [(f.kind, f.subject) for f in findings] == [(FindingKind.BEHIND, path)]
    assert "publish" in findings[0].remedy
    lab.archive.publish()
    assert found(lab, tmp_path) == []


def test_without_space_for_the_tables_they_are_not_verified(lab, tmp_path, monkeypatch):
    full = shutil.disk_usage(tmp_path)._replace(free=0)
    monkeypatch.setattr(remade.shutil, "disk_usage", lambda _: full)
    findings = found(lab, tmp_path)
    assert len(findings) == 2
    assert all(f.is_unverified and "bytes are needed" in f.text for f in findings)


def test_rows_whose_file_is_gone_stay_and_are_named_as_unproven(lab, tmp_path):
    shutil.rmtree(lab.archive.home.lake / "batch_stream_traffic" / f"day={DAYS[0]}")
    findings = found(lab, tmp_path)
    assert findings
    assert all(f.is_unverified and "batch_stream_traffic" in f.text for f in findings)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"first_day": DAYS[1]}, "the archive begins on another day"),
        slow({"pull_domains": ("other.example",)}, "other domains are named"),
        slow({"datasets_off": ()}, "other datasets are on"),
        slow({"first_day": DAYS[0] - timedelta(days=20)}, "the archive begins on another day"),
    ],
)
def test_under_other_settings_tables_are_behind_and_no_damage(lab, tmp_path, settings, said):
    other = lab.set(**settings)
    findings = found(other, tmp_path)
    assert findings
    assert {f.kind for f in findings} == {FindingKind.BEHIND}
    assert said in findings[-1].text
    other.load()
    assert found(other, tmp_path) == []
