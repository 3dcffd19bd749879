"""The key is found where the vendor's own SDK looks for it, and is never shown."""

import json
import traceback

import pytest

from resources.api.credentials import ACCESS_KEY, SECRET_KEY, Credentials, find_credentials
from resources.api.errors import FixSetup

ACCESS, SECRET, TOKEN = "AKLTaccess0123456789", "U0VDUkVUc2VjcmV0c2VjcmV0", "STStokenSTStoken=="
INI = f"[default]\naccess_key_id = {ACCESS}\nsecret_access_key = {SECRET}\n"
JSON = json.dumps({"ak": ACCESS, "sk": SECRET})


@pytest.fixture
def home(tmp_path):
    (tmp_path / ".volc").mkdir()
    return tmp_path


def write(home, name, text):
    path = home / ".volc" / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_environment_comes_first(home):
    write(home, "credentials", INI.replace(ACCESS, "AKfromfile"))
    environ = {"VOLC_ACCESSKEY": ACCESS, "VOLC_SECRETKEY": SECRET, "VOLC_SESSION_TOKEN": TOKEN}
    assert find_credentials(environ, home) == (
        Credentials(ACCESS, SECRET, TOKEN),
        "environment (VOLC_ACCESSKEY, VOLC_SECRETKEY)",
    )


def test_then_the_ini_file(home):
    path = write(home, "credentials", INI)
    write(home, "config", JSON.replace(ACCESS, "AKfromjson"))
    assert find_credentials({}, home) == (Credentials(ACCESS, SECRET), str(path))


def test_then_the_json_file(home):
    path = write(home, "config", JSON)
    assert find_credentials({}, home) == (Credentials(ACCESS, SECRET), str(path))


@pytest.mark.parametrize(
    "name", ["session_token", "session-token", "SessionToken", "security_token", "SecurityToken"]
)
@pytest.mark.parametrize("file", ["credentials", "config"])
def test_either_file_may_hold_the_token_of_a_temporary_key(home, file, name):
    write(
        home,
        file,
        f"{INI}{name} = {TOKEN}\n"
        if file == "credentials"
        else json.dumps({"ak": ACCESS, "sk": SECRET, name: f" {TOKEN}\n"}),
    )
    assert find_credentials({}, home)[0] == Credentials(ACCESS, SECRET, TOKEN)


@pytest.mark.parametrize("token", ["", None, " "])
def test_an_empty_token_in_a_file_is_none(home, token):
    write(home, "config", json.dumps({"ak": ACCESS, "sk": SECRET, "session_token": token}))
    assert find_credentials({}, home)[0] == Credentials(ACCESS, SECRET)


def test_blanks_around_a_value_are_not_part_of_it(home):
    environ = {"VOLC_ACCESSKEY": f" {ACCESS}\n", "VOLC_SECRETKEY": f"{SECRET}\r\n"}
    assert find_credentials(environ, home)[0] == Credentials(ACCESS, SECRET)


def test_an_empty_variable_is_not_set(home):
    write(home, "config", JSON)
    environ = {"VOLC_ACCESSKEY": "", "VOLC_SECRETKEY": " ", "VOLC_SESSION_TOKEN": ""}
    assert find_credentials(environ, home)[0] == Credentials(ACCESS, SECRET)


def test_a_percent_sign_in_a_key_is_a_percent_sign(home):
    write(home, "credentials", INI.replace(SECRET, "ab%(cd)s%"))
    assert find_credentials({}, home)[0] == Credentials(ACCESS, "ab%(cd)s%")


@pytest.mark.parametrize(
    "names",
    [["VOLC_ACCESSKEY"], ["VOLC_SECRETKEY"], ["VOLC_SESSION_TOKEN"]],
    ids=["no secret key", "no access key", "a token alone"],
)
def test_half_a_pair_is_never_completed_from_a_file(home, names):
    write(home, "config", JSON)
    with pytest.raises(FixSetup, match="only a part of the credentials") as caught:
        find_credentials(dict.fromkeys(names, TOKEN), home)
    assert_hidden(caught.value, TOKEN)


def test_nothing_found_says_what_to_set(tmp_path):
    with pytest.raises(
        FixSetup, match=r"no access key .*: export VOLC_ACCESSKEY=\.\.\. VOLC_SECRETKEY="
    ):
        find_credentials({}, tmp_path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("credentials", ""),
        ("credentials", f"access_key_id = {ACCESS}\nsecret_access_key = {SECRET}\n"),
        ("credentials", INI.replace("[default]", "[other]")),
        ("credentials", f"[default]\naccess_key_id = {ACCESS}\n"),
        ("credentials", INI + f"secret_access_key = {SECRET}2\n"),
        ("credentials", f"[default]\n{SECRET}\n"),
        ("config", ""),
        ("config", INI),
        ("config", JSON[:-1]),
        ("config", json.dumps([ACCESS, SECRET])),
        ("config", json.dumps({"ak": ACCESS})),
        ("config", json.dumps({"ak": ACCESS, "sk": [SECRET]})),
        ("config", json.dumps({"ak": ACCESS, "sk": SECRET, "session_token": [SECRET]})),
        ("config", "[" * 100_000),
    ],
    ids=[
        "empty INI",
        "no section",
        "another section",
        "half a pair",
        "a key twice",
        "no key at all",
        "empty JSON",
        "INI in the JSON file",
        "cut JSON",
        "a list",
        "half an object",
        "not a string",
        "a token that is not a string",
        "endless nesting",
    ],
)
def test_a_malformed_file_is_named_and_not_quoted(home, name, text):
    path = write(home, name, text)
    with pytest.raises(FixSetup, match=r"is not .* Mend it, or set VOLC_ACCESSKEY") as caught:
        find_credentials({}, home)
    assert str(path) in str(caught.value)
    assert_hidden(caught.value, SECRET)


def test_a_file_that_is_not_text_is_named(home):
    path = home / ".volc" / "config"
    path.write_bytes(b"\xff\xfe\x00" + SECRET.encode())
    with pytest.raises(FixSetup, match="not UTF-8") as caught:
        find_credentials({}, home)
    assert str(path) in str(caught.value)
    assert_hidden(caught.value, SECRET)


def test_a_file_that_cannot_be_read_is_not_passed_over(home):
    (home / ".volc" / "credentials").mkdir()
    write(home, "config", JSON)
    with pytest.raises(FixSetup, match="credentials: Is a directory"):
        find_credentials({}, home)


@pytest.mark.parametrize("bad", ["", "two words", "line\nend", "“quoted”", "nul\0"])
@pytest.mark.parametrize("part", ["access key", "secret key", "session token"])
def test_what_cannot_stand_in_a_header_is_refused_unseen(part, bad):
    parts = {"access key": ACCESS, "secret key": SECRET, "session token": TOKEN} | {part: bad}
    with pytest.raises(FixSetup, match=f"the {part} is empty or has a character") as caught:
        Credentials(*parts.values())
    if bad:
        assert_hidden(caught.value, bad)


def test_nothing_secret_in_any_way_of_printing():
    shown = Credentials(ACCESS, SECRET, TOKEN)
    for text in (repr(shown), str(shown), f"{shown}", f"{[shown]}"):
        assert not any(part in text for part in (ACCESS, SECRET, TOKEN))
    assert repr(shown) == f"Credentials(account {shown.account_id()}, temporary)"


def test_the_account_id_is_short_fit_for_a_file_name_and_that_of_the_key_alone():
    assert Credentials(ACCESS, SECRET).account_id() == Credentials(ACCESS, "x", TOKEN).account_id()
    assert Credentials("AKTEST", "x").account_id() == "f1bd45320ca1"


def assert_hidden(error, secret):
    """Neither the error nor anything chained to it shows the secret."""
    printed = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    assert secret not in printed
    assert error.__context__ is None


def test_a_secret_can_be_a_file_which_is_read_anew(tmp_path):
    files = {name: tmp_path / name for name in (ACCESS_KEY, SECRET_KEY)}
    files[ACCESS_KEY].write_text(f"{ACCESS}\n")
    environ = {f"{name}_FILE": str(path) for name, path in files.items()}
    for secret in ("the-first-secret", "the-second-secret"):
        files[SECRET_KEY].write_text(secret)
        assert find_credentials(environ, tmp_path)[0] == Credentials(ACCESS, secret)


@pytest.mark.parametrize("more", [{}, {SECRET_KEY: SECRET}], ids=["no such file", "given twice"])
def test_a_secret_file_that_is_missing_or_one_of_two_is_refused(more, tmp_path):
    environ = {ACCESS_KEY: ACCESS, f"{SECRET_KEY}_FILE": str(tmp_path / "absent"), **more}
    with pytest.raises(FixSetup, match=f"{SECRET_KEY}_FILE"):
        find_credentials(environ, tmp_path)
