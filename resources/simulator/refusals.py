"""The errors of the API, with the numbers and HTTP statuses that its documentation gives."""

from __future__ import annotations

# Code -> (CodeN or None where no source gives one, HTTP status). Kept apart from the client's own
# table of codes on purpose: a mistake there must not be repeated by the server it is tested on.
CODES: dict[str, tuple[int | None, int]] = {
    "MissingParameter": (100002, 400),
    "MissingAuthenticationToken": (100003, 401),
    "MissingRequestInfo": (100004, 400),
    "MissingSignature": (100005, 401),
    "InvalidTimestamp": (100006, 403),
    "ServiceNotFound": (100007, 404),
    "InvalidActionOrVersion": (100008, 404),
    "InvalidAccessKey": (100009, 401),
    "SignatureDoesNotMatch": (100010, 401),
    "AccessDenied": (100013, 403),
    "InternalError": (100014, 500),
    "InternalServiceTimeout": (100016, 504),
    "FlowLimitExceeded": (100018, 429),
    "ServiceUnavailableTemp": (100019, 503),
    "MethodNotAllowed": (100020, 405),
    "InvalidAuthorization": (100024, 400),
    "InvalidCredential": (100025, 400),
    "InvalidSecretToken": (100026, 401),
    "InvalidParam": (None, 400),
    "InvalidParam.BindError": (None, 400),
    "RequestForbidden.AccountIDNotAllow": (None, 403),
}


class Refused(Exception):
    """The simulated API says no: `code` is one of CODES."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message

    @property
    def http_status(self) -> int:
        return CODES[self.code][1]

    def as_error(self) -> dict[str, object]:
        """The Error object of ResponseMetadata; without CodeN where none is known."""
        code_n = CODES[self.code][0]
        numbered = {} if code_n is None else {"CodeN": code_n}
        return {**numbered, "Code": self.code, "Message": self.message}


def invalid_parameter(message: str) -> Refused:
    """The usual refusal of a parameter's value."""
    return Refused("InvalidParam", message)
