"""The check of a request's HMAC-SHA256 signature, as the documentation spells it out."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from tests.second_server.errors import ApiError

LIFETIME_S = 900
_AUTHORIZATION = re.compile(
    r"HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/request, *"
    r"SignedHeaders=([^,]+), *Signature=([0-9a-f]{64})"
)


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key of a day: four nested HMACs, without a prefix on the secret."""
    return _hmac(_hmac(_hmac(_hmac(secret.encode(), date), region), service), "request")


def canonical_query(pairs: list[tuple[str, str]]) -> str:
    """Sorted, percent-encoded, with -_.~ left alone and a blank as %20."""
    return "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(pairs))


def canonical_request(
    method: str,
    path: str,
    pairs: list[tuple[str, str]],
    headers: Mapping[str, str],
    signed: list[str],
    body_hash: str,
) -> str:
    """The text that is hashed. `headers` has lower-case names."""
    lines = []
    for name in signed:
        value = headers.get(name, "").strip()
        if name == "host":
            value = re.sub(r":(80|443)$", "", value)
        lines.append(f"{name}:{value}")
    query = canonical_query(pairs)
    return "\n".join([method, path, query, *lines, "", ";".join(signed), body_hash])


def string_to_sign(x_date: str, scope: str, canonical: str) -> str:
    """The four lines that are signed."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"HMAC-SHA256\n{x_date}\n{scope}\n{digest}"


def must_be_signed(headers: Mapping[str, str]) -> list[str]:
    """The headers of the request that the signature has to cover, sorted."""
    plain = {"content-type", "content-md5", "host"}
    return sorted(name for name in headers if name in plain or name.startswith("x-"))


def check(
    method: str,
    path: str,
    pairs: list[tuple[str, str]],
    headers: Mapping[str, str],
    body: bytes,
    key: str,
    secret: str,
    token: str | None,
    expected_region: str,
    now_s: float,
) -> None:
    """Raise the documented error unless the request is signed with this key for the service live."""
    authorization = headers.get("authorization")
    if authorization is None:
        raise ApiError("MissingAuthenticationToken", "no Authorization header")
    found = _AUTHORIZATION.fullmatch(authorization)
    if found is None:
        raise ApiError("InvalidAuthorization", "Authorization cannot be read")
    given_key, date, region, service, names, signature = found.groups()
    if given_key != key:
        raise ApiError("InvalidAccessKey", f"no such access key: {given_key}")
    if service != "live":
        raise ApiError("ServiceNotFound", f"no such service: {service}")
    if region != expected_region:
        raise ApiError("InvalidAuthorization", f"signed for the region {region}")
    x_date = headers.get("x-date", "")
    try:
        signed_at = datetime.strptime(x_date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise ApiError("MissingRequestInfo", f"X-Date cannot be read: {x_date!r}") from error
    lifetime = int(headers.get("x-expires", LIFETIME_S))
    if date != x_date[:8] or abs(now_s - signed_at) > lifetime:
        raise ApiError("InvalidTimestamp", f"signed at {x_date}, older than {lifetime} s")
    if token is not None and headers.get("x-security-token") != token:
        raise ApiError("InvalidSecretToken", "X-Security-Token is not the one of this key")
    body_hash = hashlib.sha256(body).hexdigest()
    if headers.get("x-content-sha256") != body_hash:
        raise ApiError("SignatureDoesNotMatch", "X-Content-Sha256 is not the hash of the body")
    signed = names.split(";")
    if signed != must_be_signed(headers):
        raise ApiError("SignatureDoesNotMatch", f"signed headers are {names}")
    canonical = canonical_request(method, path, pairs, headers, signed, body_hash)
    text = string_to_sign(x_date, f"{date}/{region}/{service}/request", canonical)
    expected = _hmac(signing_key(secret, date, region, service), text).hex()
    if not hmac.compare_digest(expected, signature):
        raise ApiError("SignatureDoesNotMatch", "the signature is another one")
