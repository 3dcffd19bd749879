"""An account is a file: it says its home and key, and its process gets nothing of another account."""

import pytest

from pipelines.accounts import account_file
from resources.config import SettingsError

SECRET = "aSecret-of-an-account-41"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "accounts").mkdir()
    return tmp_path / "accounts"


def written(folder, name, text):
    (folder / f"{name}.env").write_text(text)
    return folder


def test_a_file_is_read_as_systemd_reads_it(folder):
    written(folder, "bolt", "LIVESTATS_HOME=/srv/bolt\n")
    written(folder, "acme", f"# the first\n\nLIVESTATS_HOME=/srv/acme\nVOLC_SECRETKEY='{SECRET}'\n")
    (folder / "acme.env~").write_text("of an editor")
    acme, bolt = account_file.read(folder)
    assert (acme.name, str(acme.home), acme.variables["VOLC_SECRETKEY"]) == (
        "acme",
        "/srv/acme",
        SECRET,
    )
    assert (bolt.name, str(bolt.home)) == ("bolt", "/srv/bolt")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("Acme", "LIVESTATS_HOME=/a", "small letters, digits and _"),
        ("acme", "", "has no line LIVESTATS_HOME"),
        ("acme", "LIVESTATS_HOME=a", "write the whole path in LIVESTATS_HOME"),
        ("acme", "LIVESTATS_HOME=/a\nLIVESTATS_SETTINGS=x.toml", "path in LIVESTATS_SETTINGS"),
        ("acme", f"LIVESTATS_HOME=/a\n{SECRET}", "line 2, is not NAME=VALUE"),
        ("acme", f"LIVESTATS_HOME=/a\nVOLC_SECRETKEY='{SECRET}", "cannot be read"),
        ("bolt", "LIVESTATS_HOME=/srv/other", "the same home, /srv/other"),
    ],
)
def test_what_is_no_account_is_refused_and_no_key_is_told(folder, name, text, said):
    written(folder, "other", "LIVESTATS_HOME=/srv/other")
    with pytest.raises(SettingsError) as caught:
        account_file.read(written(folder, name, text))
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_folder_without_accounts_is_refused(folder):
    with pytest.raises(SettingsError, match=r"write a file NAME\.env for each"):
        account_file.read(folder)


def test_a_process_gets_the_variables_of_its_account_and_of_no_other(folder):
    (acme,) = account_file.read(
        written(folder, "acme", f"LIVESTATS_HOME=/a\nVOLC_SECRETKEY={SECRET}")
    )
    around = {
        "PATH": "/bin",
        "VOLC_ACCESSKEY": "another",
        "LIVESTATS_HOME": "/b",
        "AWS_PROFILE": "x",
    }
    assert acme.environ(around) == {
        "PATH": "/bin",
        "LIVESTATS_HOME": "/a",
        "VOLC_SECRETKEY": SECRET,
    }


def test_what_is_of_the_page_reaches_all_processes(folder):
    (acme,) = account_file.read(written(folder, "acme", "LIVESTATS_HOME=/a"))
    around = {"LIVESTATS_LOG_FORMAT": "json", "LIVESTATS_UI_SECRET": "of the proxy"}
    assert acme.environ(around).items() >= around.items()
