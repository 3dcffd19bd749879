"""What an error code of the API means: its class, and the advice for the user.

Code, CodeN and HTTP status of an answer become one class in `from_answer`; `CODES` is the only
place that knows them. Next: `envelope`, which reads an answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resources.api.errors import (
    AGAIN_LATER,
    PROXY_LOGIN,
    ApiError,
    FixAction,
    FixRequest,
    FixSetup,
    TryLater,
    WrongClock,
    printable,
)


@dataclass(frozen=True)
class Refusal:
    """The error part of an answer, as far as it could be read; all of it comes from outside."""

    code: str | None = None
    code_n: int | None = None
    message: str = ""
    request_id: str | None = None


def read_refusal(document: object) -> Refusal | None:
    """The error in a parsed answer, or None if it holds none.

    Lenient, because gateways in front of the API write envelopes of their own: fields may be
    missing, a number may be a string, `RequestId` may be spelt `RequestID`, Error may stand beside
    the metadata. An Error whose code and message are all empty is none: some encoders write the
    empty structure.
    """
    if not isinstance(document, Mapping):
        return None
    found = document.get("ResponseMetadata")
    metadata: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    error = metadata.get("Error") or document.get("Error")
    if not error:
        return None
    request_id = metadata.get("RequestId") or metadata.get("RequestID")
    fields = error if isinstance(error, Mapping) else {"Message": error}
    code, message = fields.get("Code"), fields.get("Message")
    refusal = Refusal(
        code=str(code) if code else None,
        code_n=_number(fields.get("CodeN")),
        message=str(message) if message else "",
        request_id=str(request_id) if request_id else None,
    )
    return refusal if refusal.code or refusal.code_n or refusal.message else None


def _number(value: object) -> int | None:
    try:
        return int(str(value)) or None
    except ValueError:
        return None


@dataclass(frozen=True)
class _Case:
    """What an answer means: the class of its error, that class's flags, and the advice."""

    error: type[ApiError]
    advice: str
    flags: Mapping[str, bool]


def _case(error: type[ApiError], advice: str, **flags: bool) -> _Case:
    return _Case(error, advice, flags)


_FAULT = _case(TryLater, AGAIN_LATER)
_TOO_SLOW = _case(
    TryLater, "Ask for a shorter window, or run the same again later.", timed_out=True
)
_THROTTLED = _case(
    TryLater,
    "If it lasts, lower the calls per second in the settings (api.quota_factor for each action, "
    "api.calls_per_second for all), or see what else uses the account.",
    throttled=True,
)
_CLOCK = _case(
    WrongClock,
    "Check the clock of this machine (`timedatectl` shows whether it is synchronised): "
    "the API accepts signatures of the last 15 minutes only.",
)
_STRIPPED = _case(
    FixSetup,
    "The signed headers did not arrive: check the API URL, and any proxy or gateway on the way "
    "that removes headers.",
)
_KEY = _case(
    FixSetup,
    "Check the access key (VOLC_ACCESSKEY): is it enabled in the console, and a key of this "
    "vendor? Volcengine and BytePlus do not know each other's keys.",
)
_SIGNATURE = _case(
    FixSetup,
    "Check that the secret key (VOLC_SECRETKEY) belongs to the access key, that the region is "
    "right (LIVESTATS_API_REGION), and that no proxy rewrites the request.",
)
_SCOPE = _case(
    FixSetup,
    "Check the region first: the API takes cn-north-1, which is the default, so unset "
    "LIVESTATS_API_REGION, and region under [api] in livestats.toml. If it is that, check that the "
    "access key (VOLC_ACCESSKEY) is one of this vendor.",
)
_TOKEN = _case(
    FixSetup,
    "Renew the temporary credentials and set all three of VOLC_ACCESSKEY, VOLC_SECRETKEY and "
    "VOLC_SESSION_TOKEN; unset VOLC_SESSION_TOKEN if the key is a permanent one.",
)
_ALLOW = (
    "Attach the policy LIVEReadOnlyAccess to the user of this key (console, access control, "
    "users, permissions), for every project whose domains are captured."
)
_DENIED = _case(FixAction, _ALLOW, may_be_of_item=True)
_NOT_OPEN = _case(
    FixAction,
    "Open the service for the account in the vendor's console (or pay what is overdue), or switch "
    "the datasets of this action off in the settings; other actions are not affected.",
)
_ACCOUNT = _case(
    FixSetup,
    "The vendor refuses the account itself: look in its console whether something is overdue or "
    "the account is frozen.",
)
_URL = _case(
    FixSetup,
    "Check the API URL and region (LIVESTATS_API_URL, LIVESTATS_API_REGION): this address does "
    "not serve the live-streaming API.",
)
_WITHDRAWN = _case(
    FixAction,
    "This vendor does not offer the action, or no longer: switch its datasets off in the settings.",
)
_PARAMETER = _case(
    FixRequest,
    "Check the range of time first: longer than one call may ask, older than the API remembers, or "
    "in the future because this machine's clock is ahead (`livestats doctor` compares them). If "
    "none of these, correct the entry of this action in the catalog.",
)
_NOT_YOURS = _case(
    FixRequest,
    "The account of this key does not own what was asked for: take the domain out of the "
    "settings, or use the key of the account that owns it.",
)
_UNKNOWN = _case(FixRequest, "The message of the API says what it did not like in this request.")
_NO_KEY = _case(
    FixRequest,
    "If all actions are answered like this, check the access key (VOLC_ACCESSKEY) and whether a "
    "gateway on the way wants a login.",
)
_FORBIDDEN = _case(
    FixRequest,
    "If all actions are answered like this, check the permissions of the key (policy "
    "LIVEReadOnlyAccess) and whether a gateway on the way refuses the requests.",
)
_ELSEWHERE = _case(
    FixRequest,
    "If all actions are answered like this, check the API URL (LIVESTATS_API_URL): this address "
    "may not serve the live-streaming API.",
)
_REDIRECT = _case(
    FixRequest,
    "Redirects are not followed. If it points to the API, set that as the API URL "
    "(LIVESTATS_API_URL); if it is a login page, this network wants a login.",
)
_PROXY = _case(FixSetup, PROXY_LOGIN)
_GATEWAY = _case(TryLater, AGAIN_LATER, no_answer=True)
_GATEWAY_TOO_SLOW = _case(TryLater, _TOO_SLOW.advice, timed_out=True, no_answer=True)

# Code (the part before a dot), CodeN where it is known, meaning. The vendor's common error pages
# and its published clients agree on these; of the account and of services that are not open, the
# error pages of its other services speak.
CODES: tuple[tuple[str, int | None, _Case], ...] = (
    ("MissingParameter", 100002, _PARAMETER),
    ("MissingAuthenticationToken", 100003, _STRIPPED),
    ("MissingRequestInfo", 100004, _STRIPPED),
    ("MissingSignature", 100005, _STRIPPED),
    ("InvalidTimestamp", 100006, _CLOCK),
    ("ServiceNotFound", 100007, _URL),
    ("InvalidActionOrVersion", 100008, _WITHDRAWN),
    ("InvalidAccessKey", 100009, _KEY),
    ("InvalidClientTokenId", 100009, _KEY),
    ("SignatureDoesNotMatch", 100010, _SIGNATURE),
    ("LackPolicy", 100012, _DENIED),
    ("LackProjectPolicy", 100012, _DENIED),
    ("AccessDenied", 100013, _DENIED),
    ("InternalError", 100014, _FAULT),
    ("InternalServiceError", 100014, _FAULT),
    ("FailToConnect", None, _FAULT),
    ("InternalServiceTimeout", 100016, _TOO_SLOW),
    ("FlowLimitExceeded", 100018, _THROTTLED),
    ("ServiceUnavailableTemp", 100019, _FAULT),
    ("MethodNotAllowed", 100020, _WITHDRAWN),
    ("InvalidAuthorization", 100024, _STRIPPED),
    ("InvalidCredential", 100025, _SCOPE),
    ("InvalidSecretToken", 100026, _TOKEN),
    ("AccountFlowLimitExceeded", 100027, _THROTTLED),
    ("UndefinedError", None, _FAULT),
    ("InvalidParameter", None, _PARAMETER),
    ("InvalidParam", None, _PARAMETER),
    ("RequestForbidden", None, _NOT_YOURS),
    ("ServiceNotOpen", None, _NOT_OPEN),
    ("OperationDenied", None, _NOT_OPEN),
    ("AccountOverdueError", None, _ACCOUNT),
)
_BY_CODE = {code: case for code, _, case in CODES}
_BY_CODE_N = {number: case for _, number, case in CODES if number is not None}

# For answers with neither a known Code nor a known CodeN: first and last HTTP status, meaning of an
# answer of the API, and of one that is not (a page of a gateway, an empty body). No status but that
# of a proxy says anything of other requests.
STATUSES: tuple[tuple[int, int, _Case, _Case], ...] = (
    (200, 299, _FAULT, _FAULT),  # an error inside a success: wrong to give the day up for it
    (300, 399, _UNKNOWN, _REDIRECT),
    (401, 401, _UNKNOWN, _NO_KEY),
    (403, 403, _UNKNOWN, _FORBIDDEN),
    (404, 405, _UNKNOWN, _ELSEWHERE),
    (407, 407, _PROXY, _PROXY),
    (408, 408, _TOO_SLOW, _TOO_SLOW),
    (429, 429, _THROTTLED, _THROTTLED),
    (504, 504, _TOO_SLOW, _GATEWAY_TOO_SLOW),
    (500, 599, _FAULT, _GATEWAY),
)


def from_answer(
    action: str | None,
    http_status: int,
    refusal: Refusal,
    retry_after_s: float | None = None,
) -> ApiError:
    """The error for an answer that is a refusal: Code decides, else CodeN, else the HTTP status.

    `action` may be None where it is not known; whoever knows it sets the attribute. Texts of the
    API are quoted by `printable`, never trusted.
    """
    case = _meaning(http_status, refusal)
    name = printable(refusal.code or "", longest=80)
    facts = [
        f"CodeN {refusal.code_n}" if refusal.code_n is not None else "",
        f"HTTP {http_status}",
        f"request {printable(refusal.request_id, longest=80)}" if refusal.request_id else "",
    ]
    said = f', "{printable(refusal.message)}"' if refusal.message else ""
    flags: dict[str, Any] = dict(case.flags)
    if issubclass(case.error, TryLater):
        flags["retry_after_s"] = retry_after_s
        # Who says when to come back is there.
        flags["no_answer"] = flags.get("no_answer", False) and retry_after_s is None
    return case.error(
        f"refused with {name or 'no code'} ({', '.join(filter(None, facts))}){said}",
        case.advice,
        action=action,
        http_status=http_status,
        code=refusal.code,
        code_n=refusal.code_n,
        request_id=refusal.request_id,
        **flags,
    )


def _meaning(http_status: int, refusal: Refusal) -> _Case:
    by_code = _BY_CODE.get((refusal.code or "").partition(".")[0])
    by_number = _BY_CODE_N.get(refusal.code_n or 0)
    is_of_api = bool(refusal.code or refusal.code_n)
    by_status = (
        of_api if is_of_api else of_gateway
        for first, last, of_api, of_gateway in STATUSES
        if first <= http_status <= last
    )
    return by_code or by_number or next(by_status, _UNKNOWN)
