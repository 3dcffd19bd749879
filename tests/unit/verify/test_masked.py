"""A served copy in which personal data is masked or left out is proven as any other."""

import shutil
from dataclasses import replace

import duckdb
import pytest

from resources.config.model import MASK, OMIT
from resources.verify.findings import FindingKind
from resources.verify.run import Verification
from resources.warehouse import identity
from tests.support.archives import DAYS, SMALL, lab
from tests.support.suites import slow


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    names = ("domain", "push_stream_info", "batch_push_stream_metrics", "ip_info")
    with lab(tmp_path_factory.mktemp("kept") / "home", SMALL) as plain:
        one = plain.only(*names)
        one.backfill([DAYS[-1]], names=names)
        yield one


@pytest.fixture
def home(kept, tmp_path):
    shutil.copytree(kept.root, tmp_path / "home", symlinks=True)
    return kept.with_(LIVESTATS_HOME=str(tmp_path / "home")).only(*kept.archive.settings.datasets)


def found(home):
    return [*Verification(home.archive).findings()]


@pytest.mark.slow
@pytest.mark.parametrize("how", [MASK, slow(OMIT)])
def test_what_is_served_follows_the_setting_and_is_proven(home, how):
    addresses = {ip for (ip,) in home.rows("SELECT DISTINCT client_ip FROM push_stream_info")} - {
        ""
    }
    assert addresses
    set_ = home.set(personal_data=how)
    assert set_.archive.behind()
    assert {f.kind for f in found(set_)} == {FindingKind.BEHIND}
    set_.archive.publish()
    assert set_.archive.behind() == []
    assert found(set_) == []
    for table in ("push_stream_info", "batch_push_stream_metrics", "stream_health_by_session"):
        served = {ip for (ip,) in set_.rows(f"SELECT DISTINCT client_ip FROM {table}")}
        assert not served & addresses
        assert served
    copies = [*set_.archive.home.served.parent.glob("livestats-*.duckdb")]
    assert len(copies) == 1
    assert not [ip for ip in addresses if ip.encode() in copies[0].read_bytes()]


PERSONAL = {
    ("main", "batch_push_stream_metrics", "client_ip"),
    ("main", "ip_info", "ip"),
    ("main", "push_sessions", "client_ip"),
    ("main", "push_stream_info", "client_ip"),
    ("main", "stream_health_by_session", "client_ip"),
    ("meta", "ip_info_listed", "ip"),
    ("meta", "push_stream_info_listed", "client_ip"),
}
"""Every column of a table, mart or view that holds addresses of persons, by what stands in it."""
PLACES = ("client_location", "client_province", "client_city", "client_isp")


def columns_with(home, values):
    """The columns of all tables, marts and views that hold one of the values, within a text or alone."""
    found = set()
    with home.archive.reading() as connection:
        texts = connection.execute(
            "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE NOT internal "
            "AND database_name = current_database() AND data_type IN ('VARCHAR', 'JSON')"
        ).fetchall()
        for schema, table, column in texts:
            sql = f'SELECT DISTINCT "{column}" FROM "{schema}"."{table}"'
            held = connection.execute(sql).fetchall()
            if any(value in str(one) for (one,) in held for value in values):
                found.add((schema, table, column))
    return found


@pytest.mark.parametrize("how", [MASK, OMIT])
def test_every_column_with_an_address_is_listed_and_masked_in_tables_and_marts(home, how):
    rows = home.rows("SELECT DISTINCT client_ip FROM push_stream_info WHERE client_ip <> ''")
    addresses = {ip for (ip,) in rows}
    assert columns_with(home, addresses) == PERSONAL
    set_ = home.set(personal_data=how)
    set_.archive.publish()
    assert columns_with(set_, addresses) == set()
    if how == OMIT:  # what is known of an address alone goes as well
        where = " OR ".join(f"{name} IS NOT NULL" for name in PLACES)
        assert set_.rows(f"SELECT count(*) FROM push_sessions WHERE {where}") == [(0,)]


@pytest.mark.slow  # of a copy that is made again; test_remade.py has plain ones
@pytest.mark.parametrize("column", ["client_ip", slow("push_duration_s")])
def test_an_edited_cell_of_a_masked_copy_is_found(home, column):
    set_ = home.set(personal_data=MASK)
    set_.archive.publish()
    copy = set_.archive.home.served.resolve()
    copy.chmod(0o644)
    with duckdb.connect(str(copy)) as connection:
        value = "'masked-0123456789abcdef'" if column == "client_ip" else "1"
        connection.execute(f"UPDATE push_stream_info SET {column} = {value}")
        connection.execute(f"UPDATE meta.push_stream_info_listed SET {column} = {value}")
    seal = identity.read(copy)
    identity.write(copy, replace(seal, header=identity.header_of(copy)))
    findings = found(set_)
    assert FindingKind.MISMATCH in {f.kind for f in findings}
    assert "push_stream_info" in {f.dataset for f in findings}
