"""The signature of a call: HMAC-SHA256 over what is sent, as the vendor defines it.

Pure functions; the time is an argument. The scheme is AWS4 but for two differences: the secret key
has no prefix, and the last part of the scope is `request`. Next: `client`, which signs.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote

from resources.api.credentials import Credentials

ALGORITHM = "HMAC-SHA256"


def sign(
    *,
    method: str,
    host: str,
    path: str,
    query: Mapping[str, str],
    body: bytes,
    credentials: Credentials,
    region: str,
    service: str,
    now: datetime,
) -> dict[str, str]:
    """The headers to send with a request, Host included; send them unchanged.

    `host` is the name with its port, if the URL has one, `path` the path before percent-encoding,
    `body` the exact bytes sent (none for GET). Any method but GET sends JSON. `now` carries a zone;
    the API accepts the signature for 15 minutes from then.

    Raises ValueError if `now` has no zone.
    """
    if now.tzinfo is None:
        raise ValueError(f"time without a zone: {now}. Sign with datetime.now(UTC).")
    sent_at = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    body_hash = hashlib.sha256(body).hexdigest()
    headers = {"Host": host, "X-Content-Sha256": body_hash, "X-Date": sent_at}
    if method != "GET":
        headers["Content-Type"] = "application/json"
    if credentials.session_token is not None:
        headers["X-Security-Token"] = credentials.session_token

    signed = {name.lower(): value for name, value in headers.items()}
    signed["host"] = host.removesuffix(":80").removesuffix(":443")
    names = ";".join(sorted(signed))
    canonical_request = "\n".join(
        [
            method,
            _quoted(path, "/"),
            canonical_query(query),
            *(f"{name}:{signed[name]}" for name in sorted(signed)),
            "",
            names,
            body_hash,
        ]
    )
    scope = [sent_at[:8], region, service, "request"]
    to_sign = "\n".join([ALGORITHM, sent_at, "/".join(scope), _sha256(canonical_request)])
    key = _day_key(credentials.secret_key, *scope)
    headers["Authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key}/{'/'.join(scope)}, "
        f"SignedHeaders={names}, Signature={_hmac(key, to_sign).hex()}"
    )
    return headers


def canonical_query(query: Mapping[str, str]) -> str:
    """`query` as it is signed, and as it should stand in the URL: sorted, a blank is `%20`."""
    return "&".join([f"{_quoted(key)}={_quoted(query[key])}" for key in sorted(query)])


@lru_cache(maxsize=256)
def _quoted(text: str, safe: str = "") -> str:
    """`text` as it stands in a URL; cached because there are only a few actions."""
    return quote(text, safe)


@lru_cache(maxsize=4)
def _day_key(secret_key: str, *scope: str) -> bytes:
    """The key that all requests of a day, region and service are signed with."""
    key = secret_key.encode("ascii")
    for part in scope:
        key = _hmac(key, part)
    return key


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode("utf-8"), "sha256")
