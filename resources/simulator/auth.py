"""Verifies the signature of a request, as the vendor's gateway does.

Written from the description of the scheme, without the client's `signing.py`: were both the same
code, a mistake in it would sign and verify alike.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote

from resources.api.credentials import Credentials
from resources.simulator.refusals import Refused

LIFETIME = timedelta(seconds=900)
REGION, SERVICE = "cn-north-1", "live"

_AUTHORIZATION = re.compile(
    r"HMAC-SHA256 Credential=(?P<key>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/,]+)/(?P<service>[^/,]+)"
    r"/request, ?SignedHeaders=(?P<names>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


def verify(
    *,
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    credentials: Credentials,
    now: datetime,
) -> None:
    """Accept the request or raise `Refused`. `headers` has lower-case names, `query` is raw."""
    authorization = headers.get("authorization")
    if not authorization:
        raise Refused("MissingAuthenticationToken", "The header Authorization is missing.")
    if "Signature=" not in authorization:
        raise Refused("MissingSignature", "Authorization has no Signature.")
    parts = _AUTHORIZATION.fullmatch(authorization)
    if parts is None:
        raise Refused("InvalidAuthorization", "Authorization has not the form of HMAC-SHA256.")
    sent_at = _clock(headers, parts["date"], now)
    if (parts["service"], parts["region"]) != (SERVICE, REGION):
        raise Refused(
            "InvalidCredential", f"The credential scope must be <date>/{REGION}/{SERVICE}/request."
        )
    if parts["key"] != credentials.access_key:
        raise Refused("InvalidAccessKey", "The access key is not known.")
    if headers.get("x-security-token") != credentials.session_token:
        raise Refused("InvalidSecretToken", "X-Security-Token is missing, wrong or expired.")

    names = parts["names"].split(";")
    must = {"host", "x-date", "x-content-sha256"} | {n for n in headers if n == "x-security-token"}
    if must - set(names) or any(name not in headers for name in names):
        raise Refused("SignatureDoesNotMatch", f"Not signed: {sorted(must - set(names))}.")
    body_hash = hashlib.sha256(body).hexdigest()
    if headers["x-content-sha256"] != body_hash:
        raise Refused("SignatureDoesNotMatch", "X-Content-Sha256 is not the hash of the body.")
    lines = (f"{name}:{_signed_value(name, headers[name])}" for name in sorted(names))
    canonical = "\n".join(
        [method, quote(path), _canonical(query), *lines, "", ";".join(sorted(names)), body_hash]
    )
    scope = [parts["date"], parts["region"], parts["service"], "request"]
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(["HMAC-SHA256", sent_at, "/".join(scope), digest])
    key = credentials.secret_key.encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    expected = hmac.digest(key, text.encode(), "sha256").hex()
    if not hmac.compare_digest(expected, parts["signature"]):
        raise Refused("SignatureDoesNotMatch", "The signature does not match the request.")


def _clock(headers: Mapping[str, str], scope_date: str, now: datetime) -> str:
    """The text of X-Date, if it is near enough to `now`."""
    sent_at = headers.get("x-date")
    if not sent_at:
        raise Refused("MissingRequestInfo", "The header X-Date is missing.")
    try:
        moment = datetime.strptime(sent_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise Refused("InvalidTimestamp", "X-Date is not YYYYMMDDThhmmssZ.") from None
    if abs(now - moment) > LIFETIME or sent_at[:8] != scope_date:
        raise Refused(
            "InvalidTimestamp", f"X-Date {sent_at} is more than {LIFETIME.seconds} s from now."
        )
    return sent_at


def _signed_value(name: str, value: str) -> str:
    # The usual ports are signed without their number, whatever the Host header says.
    return value.removesuffix(":80").removesuffix(":443") if name == "host" else value.strip()


def _canonical(query: str) -> str:
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    return "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in pairs)
