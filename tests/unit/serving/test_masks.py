"""Personal data: nowhere in what is served if the settings say so, and always in raw and lake."""

import re
from datetime import date

import duckdb
import pytest

from resources.api.catalog import DATASETS
from resources.fs import sealed
from resources.home.layout import Home
from resources.marts.definition import read
from resources.serving import masks
from resources.serving import publish as serving_publish
from resources.warehouse import connection as warehouse_connection
from resources.warehouse import identity, load, load_state
from tests.support.lake_files import store

ZONE = "Asia/Shanghai"
DAY = date(2026, 11, 20)
PUSHES, PLACES = DATASETS["push_stream_info"], DATASETS["ip_info"]
ADDRESSES = ("203.0.113.7", "2001:db8::7")
NOT_PERSONAL = {"server_ip"}  # of the vendor's machines


@pytest.fixture
def home(tmp_path):
    found = Home(tmp_path / "home")
    facts = {"format": 1, "time_zone": ZONE, "first_day": "2026-11-18", "id": "0" * 24}
    found.root.mkdir()
    found.identity_file.write_bytes(sealed.seal(facts))
    return found


@pytest.fixture
def publish(home):
    """Loads two pushes from two addresses, and publishes with masks."""
    rows = [{"stream": f"s{n}", "client_ip": ip} for n, ip in enumerate((*ADDRESSES, ""))]
    store(home.lake, PUSHES, DAY, rows)
    store(home.lake, PLACES, DAY, [{"ip": ip, "city": "Springfield"} for ip in ADDRESSES])

    def call(how):
        with warehouse_connection.writing(home, ZONE) as connection:
            for dataset in (PUSHES, PLACES):
                load.sync_table(connection, home, dataset)
            return serving_publish.publish(connection, home, masks.drawn(home, how))

    return call


def asked(home, sql):
    with serving_publish.reading(home, ZONE) as connection:
        return connection.execute(sql).fetchall()


def held(home):
    """All bytes of the served folder: of the copy, of what lies beside it, and of free blocks."""
    return b"".join(p.read_bytes() for p in home.served.parent.iterdir() if p.is_file())


def test_addresses_are_served_as_they_are_unless_the_settings_say_otherwise(home, publish):
    publish("keep")
    assert asked(home, "SELECT client_ip FROM push_stream_info ORDER BY stream") == [
        (ip,) for ip in (*ADDRESSES, "")
    ]
    assert "mask_key" not in home.identity


def test_equal_addresses_have_equal_pseudonyms_and_no_byte_of_the_folder_has_one(home, publish):
    publish("keep")
    publish("mask")
    found = asked(home, "SELECT client_ip FROM push_stream_info ORDER BY stream")
    assert [bool(re.fullmatch("masked-[0-9a-f]{16}", ip)) for (ip,) in found] == [True, True, False]
    assert found[2] == ("",)  # that none is known is no secret
    joined = "SELECT city FROM push_stream_info JOIN ip_info ON ip = client_ip"
    assert asked(home, joined) == [("Springfield",)] * 2
    assert not [ip for ip in ADDRESSES if ip.encode() in held(home)]
    assert str(home.identity["mask_key"]).encode() not in held(home)
    assert len([*home.served.parent.glob("livestats-*.duckdb")]) == 1  # not the one of before


def test_what_is_left_out_is_nowhere(home, publish):
    publish("mask")
    publish("omit")
    assert asked(home, "SELECT DISTINCT client_ip FROM push_stream_info") == [("",)]
    assert asked(home, "SELECT count(*) FROM push_stream_info") == [(3,)]
    assert asked(home, "FROM ip_info") == []  # it says something of addresses and nothing else
    assert not [ip for ip in (*ADDRESSES, "masked-") if ip.encode() in held(home)]


def test_raw_lake_and_warehouse_keep_it_and_it_comes_back(home, publish):
    before = {p: p.read_bytes() for p in home.lake.rglob("*.parquet")}
    publish("mask")
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        assert connection.execute("SELECT max(client_ip) FROM push_stream_info").fetchall() == [
            (max(ADDRESSES),)
        ]
    assert {p: p.read_bytes() for p in home.lake.rglob("*.parquet")} == before
    publish("keep")
    assert asked(home, "SELECT count(*) FROM ip_info") == [(2,)]


def test_a_masked_copy_is_whole_and_as_declared(home, publish):
    """Comments tell what BI shows, and the table's own tells its key."""

    def declared(path):
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(
                "SELECT schema_name, table_name, comment, sql, estimated_size FROM duckdb_tables() "
                "ORDER BY ALL"
            ).fetchall()

    found = publish("mask")
    assert declared(found.path) == declared(home.warehouse)
    with duckdb.connect(str(found.path), read_only=True) as connection:
        assert load_state.LoadState.of(connection).is_declared(PUSHES)
        assert load_state.is_in_sync(connection, home, PUSHES)


def test_the_same_again_writes_nothing_and_another_setting_does(home, publish):
    assert publish("mask").is_new
    assert not publish("mask").is_new
    assert serving_publish.is_level(home, masks.of(home, "mask"))
    for how in ("keep", "omit"):
        assert not serving_publish.is_level(home, masks.of(home, how))
    assert publish("omit").is_new
    assert publish("keep").is_new
    assert serving_publish.is_level(home)


def test_pseudonyms_of_two_homes_differ_and_stay_in_one(home, publish):
    publish("mask")
    key = home.mask_key
    asked_for = "SELECT client_ip FROM push_stream_info ORDER BY stream"
    before = asked(home, asked_for)
    publish("omit")
    publish("mask")
    assert asked(home, asked_for) == before
    assert Home(home.root).mask_key == key
    assert masks.Masks("mask", "a").signature != masks.Masks("mask", "b").signature


def test_a_copy_whose_writing_failed_leaves_nothing(home, publish, monkeypatch):
    publish("keep")
    before = {p.name for p in home.served.parent.iterdir()}
    monkeypatch.setattr(masks, "_comments", lambda _: ["COMMENT ON TABLE nowhere IS 'x'"])
    with pytest.raises(duckdb.Error):
        publish("mask")
    assert {p.name for p in home.served.parent.iterdir()} == before
    assert asked(home, "SELECT count(*) FROM ip_info") == [(2,)]


def test_the_note_tells_how_a_copy_is_masked(home, publish):
    found = publish("mask")
    assert identity.read(found.path).masks == masks.of(home, "mask").signature


def test_every_column_of_an_address_is_flagged():
    columns = {c.name for d in DATASETS.values() for c in d.columns}
    columns |= {c.name for mart in read().values() for c in mart.columns}
    addresses = {name for name in columns if re.search(r"(^|_)(ip|address)$", name)}
    assert addresses - NOT_PERSONAL == masks.PERSONAL
    assert {"ip_info"} == masks.ABOUT_PERSONS
    for table in (*DATASETS.values(), *read().values()):
        for column in table.columns:
            said = getattr(column, "comment", "")
            text = said() if callable(said) else said
            assert ("Personal data: see archive.personal_data." in text) == (
                column.name in masks.PERSONAL
            )
