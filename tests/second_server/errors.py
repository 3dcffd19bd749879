"""The documented errors of the API: code, number, HTTP status."""

from __future__ import annotations

CODES: dict[str, tuple[int | None, int]] = {
    "MissingParameter": (100002, 400),
    "MissingAuthenticationToken": (100003, 401),
    "MissingRequestInfo": (100004, 400),
    "MissingSignature": (100005, 401),
    "InvalidTimestamp": (100006, 400),
    "ServiceNotFound": (100007, 404),
    "InvalidActionOrVersion": (100008, 404),
    "InvalidAccessKey": (100009, 401),
    "SignatureDoesNotMatch": (100010, 401),
    "AccessDenied": (100013, 403),
    "InternalError": (100014, 500),
    "FlowLimitExceeded": (100018, 429),
    "MethodNotAllowed": (100020, 405),
    "InvalidAuthorization": (100024, 400),
    "InvalidSecretToken": (100026, 400),
    "InvalidParam": (None, 400),
    "InvalidParameter": (None, 400),
    "InvalidParam.BindError": (None, 400),
    "RequestForbidden": (None, 403),
}


class ApiError(Exception):
    """An error that is told to the client. `code` is a key of CODES, or "wrong" for a bad value."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def wrong(message: str) -> ApiError:
    """A parameter has a value that the action does not take; the code is one of the choices."""
    return ApiError("wrong", message)
