"""The access key: from the environment, then from `~/.volc`, as in the vendor's own Python SDK.

No error, log line or `repr` may contain a part of a key; `redaction` removes it from foreign texts.
Keys that change while a client is open are in `key_ring`. Next: `signing`.
"""

import configparser
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from resources.api import redaction
from resources.api.brackets import is_too_deep
from resources.api.errors import FixSetup

ACCESS_KEY, SECRET_KEY, SESSION_TOKEN = "VOLC_ACCESSKEY", "VOLC_SECRETKEY", "VOLC_SESSION_TOKEN"


@dataclass(frozen=True)
class Credentials:
    """One access key; `session_token` only beside a temporary one.

    Raises FixSetup if a part is empty or not plain ASCII without blanks: it could not stand in a
    header, and the HTTP library's own complaint would quote it.
    """

    access_key: str
    secret_key: str
    session_token: str | None = None

    def __post_init__(self) -> None:
        parts = {
            "access key": self.access_key,
            "secret key": self.secret_key,
            "session token": self.session_token,
        }
        for name, value in parts.items():
            if value is not None and not (value and all("!" <= char <= "~" for char in value)):
                raise FixSetup(
                    f"the {name} is empty or has a character that no key has "
                    "(a blank, a line end, a quote mark of another script)",
                    "Copy it again from the console, without quotes or blanks around it.",
                )
        redaction.hold(self.access_key, self.secret_key, self.session_token)

    def __repr__(self) -> str:
        kind = "temporary" if self.session_token else "permanent"
        return f"Credentials(account {self.account_id()}, {kind})"

    def account_id(self) -> str:
        """12 hexadecimal digits that stand for the access key, to name files by account.

        They do not give the key away. Two keys of one account have two ids.
        """
        return hashlib.sha256(self.access_key.encode("ascii")).hexdigest()[:12]


def find_credentials(environ: Mapping[str, str], home_dir: Path) -> tuple[Credentials, str]:
    """The credentials to use, and in words where they were found.

    The environment wins (VOLC_ACCESSKEY, VOLC_SECRETKEY, VOLC_SESSION_TOKEN), then
    `<home_dir>/.volc/credentials` (INI), then `<home_dir>/.volc/config` (JSON); an empty variable
    counts as unset, and a file that is there is used or refused, never passed over. Either file may
    hold the `session_token` of a temporary key.

    Raises FixSetup if nothing is found, if half a pair is, or if a file cannot be read.
    """
    found = _from_environment(environ)
    if found is not None:
        return found, f"environment ({ACCESS_KEY}, {SECRET_KEY})"
    ini, config = home_dir / ".volc" / "credentials", home_dir / ".volc" / "config"
    for path, parse in ((ini, _parse_ini), (config, _parse_json)):
        text = _read(path)
        if text is not None:
            return _from_file(path, parse(text)), str(path)
    raise FixSetup(
        f"no access key in the environment, in {ini} or in {config}",
        f"Make a key in the vendor's console (access keys), then: export {ACCESS_KEY}=... "
        f"{SECRET_KEY}=...",
    )


def _from_environment(environ: Mapping[str, str]) -> Credentials | None:
    names = (ACCESS_KEY, SECRET_KEY, SESSION_TOKEN)
    access_key, secret_key, session_token = (secret_of(environ, name) for name in names)
    if access_key and secret_key:
        return Credentials(access_key, secret_key, session_token or None)
    if access_key or secret_key or session_token:
        # Taking the rest from a file would sign with the parts of two different keys.
        missing = SECRET_KEY if access_key else ACCESS_KEY
        raise FixSetup(
            f"the environment has only a part of the credentials: {missing} is not set",
            f"Set {ACCESS_KEY} and {SECRET_KEY} both ({SESSION_TOKEN} only beside them), or none.",
        )
    return None


def secret_of(environ: Mapping[str, str], name: str) -> str:
    """A secret of the environment, or of the file that `<name>_FILE` names; "" if there is none.

    Services and containers give secrets as files: no other process reads them in an environment.
    The file is read each time, for keys are replaced in it. Raises FixSetup if it cannot be read.
    """
    value, file = environ.get(name, "").strip(), environ.get(f"{name}_FILE", "")
    if value and file:
        raise FixSetup(f"both {name} and {name}_FILE are set", "Unset one of them.")
    if not file:
        return value
    text = (_read(Path(file)) or "").strip()
    if not text:
        raise FixSetup(
            f"{name}_FILE names {file}, which is missing or empty", "Write it, or unset."
        )
    return text


def _read(path: Path) -> str | None:
    """The text of the file, None if there is no such file."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
    # Raised out here, so that no chained error carries a piece of the file along.
    raise FixSetup(
        f"cannot read {path}: {problem}", f"Make it readable, or set {ACCESS_KEY} and {SECRET_KEY}."
    )


def _parse_ini(text: str) -> Mapping[str, object]:
    """The `[default]` section, in the names of the JSON file; empty if it cannot be parsed."""
    parser = configparser.ConfigParser(interpolation=None)  # a `%` in a key is a `%`
    try:
        parser.read_string(text)
    except configparser.Error:
        return {}
    section = parser["default"] if parser.has_section("default") else {}
    pair = {"ak": section.get("access_key_id"), "sk": section.get("secret_access_key")}
    return {**section, **pair}


def _parse_json(text: str) -> Mapping[str, object]:
    if is_too_deep(text.encode()):
        return {}
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _from_file(path: Path, fields: Mapping[str, object]) -> Credentials:
    access_key, secret_key, token = fields.get("ak"), fields.get("sk"), _token_in(fields)
    if isinstance(access_key, str) and isinstance(secret_key, str) and isinstance(token, str):
        return Credentials(access_key.strip(), secret_key.strip(), token.strip() or None)
    form = (
        "a [default] section with access_key_id and secret_access_key"
        if path.name == "credentials"
        else 'JSON like {"ak": "…", "sk": "…"}'
    )
    raise FixSetup(
        f"{path} is not {form} (and session_token, if the key is a temporary one)",
        f"Mend it, or set {ACCESS_KEY} and {SECRET_KEY}.",
    )


def _token_in(fields: Mapping[str, object]) -> object:
    """The token of a temporary key, "" if there is none.

    The vendor's Python SDK has no name for it in its files. Its other programs and its answers
    spell it session_token, session-token, SessionToken and SecurityToken.
    """
    for name, value in fields.items():
        plain = name.lower().replace("_", "").replace("-", "")
        if plain in ("sessiontoken", "securitytoken") and value:
            return value
    return ""
