"""The connection to PostgreSQL: its errors, and no secrets in them."""

import importlib.util

import pytest

from resources.publish_to.errors import NotInstalled, NotPublished
from resources.publish_to.postgresql_session import place_of, transaction
from tests.support.postgresql_server import PASSWORD

is_default = importlib.util.find_spec("adbc_driver_postgresql") is None


@pytest.mark.skipif(not is_default, reason="the driver is installed")
def test_without_the_driver_the_way_to_it_is_named():
    with pytest.raises(NotInstalled, match=r"\.\[postgresql\]"), transaction("postgresql://a/b"):
        pass


def test_messages_name_the_place_and_no_user():
    assert place_of("postgresql://me@db:5433/bi?sslmode=require") == "postgresql://db:5433/bi"


@pytest.mark.scale
def test_what_is_done_in_a_block_that_fails_is_undone(database):
    def failing():
        with transaction(database.url) as session:
            session.run("CREATE TABLE t (n int)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert database.rows("SELECT to_regclass('t')") == [(None,)]


@pytest.mark.scale
def test_an_error_says_what_the_server_says(database):
    said = 'relation "nothing" does not exist'
    with pytest.raises(NotPublished, match=said), transaction(database.url) as session:
        session.rows("SELECT * FROM nothing")


@pytest.mark.scale
def test_the_password_comes_from_the_environment_or_a_file(database, monkeypatch, tmp_path):
    monkeypatch.delenv("PGPASSWORD")
    with pytest.raises(NotPublished, match="no password supplied"), transaction(database.url):
        pass
    file = tmp_path / "pgpass"
    file.write_text(f"*:*:*:publisher:{PASSWORD}\n")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))
    with transaction(database.url) as session:
        assert session.rows("SELECT 1") == [(1,)]


@pytest.mark.scale
@pytest.mark.parametrize("change", [("/of_a_test", "/nothing"), (":{port}", ":1")])
def test_no_secret_is_in_an_error_or_what_it_is_chained_to(database, change):
    old, new = change
    url = database.url.replace(old.format(port=database.port), new)
    with pytest.raises(NotPublished) as caught, transaction(url):
        pass
    error = caught.value
    assert error.__cause__ is None
    assert PASSWORD not in f"{error} {error!r} {error.__context__}"
