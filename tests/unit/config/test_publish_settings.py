"""Where to publish beside the served copy; no password may be among the settings."""

import pytest

from resources.config import FILE, Settings, SettingsError, load
from resources.config.publish_settings import fault_of

SECRET = "aSecret-word-99"


@pytest.mark.parametrize(
    "target",
    [
        "iceberg",
        "postgresql://me@db.example.com:5432/bi",
        "postgres://db/bi?sslmode=verify-full&user=me",
    ],
)
def test_an_address_without_a_password_is_taken(target):
    assert fault_of(target) == ""
    assert Settings(publish_to=target).publish_to == target


@pytest.mark.parametrize(
    "target",
    [
        f"postgresql://me:{SECRET}@db/bi",
        f"postgresql://me:{SECRET}@x@db/bi",
        f"postgresql://db/bi?user=me&password={SECRET}",
        f"postgresql://db/bi?PassWord={SECRET}",
        f"postgresql://db/bi?pass%77ord={SECRET}",
        f"postgresql://db/bi?sslpassword={SECRET}",
        f"mysql://me:{SECRET}@db/bi",
        f"host=db password={SECRET}",
        f"postgresql://[me:{SECRET}@db/bi",
    ],
)
def test_a_password_is_refused_and_not_repeated(target, tmp_path):
    said = fault_of(target)
    assert said
    assert SECRET not in said
    (tmp_path / FILE).write_text(f"[publish]\nto = '{target}'\n")
    with pytest.raises(SettingsError) as caught:
        load({}, tmp_path)
    assert SECRET not in f"{caught.value} {caught.value.__cause__} {caught.value.__context__}"
    with pytest.raises(SettingsError) as caught:
        load({"LIVESTATS_PUBLISH_TO": target}, tmp_path / "none")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["", "A", "1a", "a-b", 'a"b', "pg_x", "information_schema", "a" * 64]
)
def test_a_schema_needs_a_name_that_needs_no_quotes(name):
    with pytest.raises(SettingsError, match=r"publish\.schema"):
        Settings(publish_schema=name)
