"""Every refusal of the API becomes the class that says what to do next."""

from itertools import product

import pytest

from resources.api.error_codes import CODES, Refusal, from_answer, read_refusal
from resources.api.errors import (
    FixAction,
    FixRequest,
    FixSetup,
    TryLater,
    WrongClock,
)
from tests.support.each import each


def refused(code=None, status=400, *, code_n=None, message="", retry_after_s=None):
    refusal = Refusal(code, code_n, message, "2025REQUEST")
    return from_answer("DescribeLiveISPData", status, refusal, retry_after_s)


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("MissingParameter", 400, FixRequest),
        ("MissingAuthenticationToken", 401, FixSetup),
        ("MissingRequestInfo", 400, FixSetup),
        ("MissingSignature", 401, FixSetup),
        ("InvalidTimestamp", 400, WrongClock),
        ("InvalidTimestamp", 403, WrongClock),
        ("ServiceNotFound", 404, FixSetup),
        ("InvalidActionOrVersion", 404, FixAction),
        ("InvalidAccessKey", 401, FixSetup),
        ("InvalidClientTokenId", 401, FixSetup),
        ("SignatureDoesNotMatch", 401, FixSetup),
        ("LackPolicy", 403, FixAction),
        ("LackProjectPolicy", 401, FixAction),
        ("AccessDenied", 403, FixAction),
        ("InternalError", 500, TryLater),
        ("InternalServiceError", 502, TryLater),
        ("FailToConnect", 502, TryLater),
        ("InternalServiceTimeout", 504, TryLater),
        ("FlowLimitExceeded", 429, TryLater),
        ("AccountFlowLimitExceeded", 429, TryLater),
        ("AccountFlowLimitExceeded", 400, TryLater),
        ("ServiceUnavailableTemp", 503, TryLater),
        ("MethodNotAllowed", 405, FixAction),
        ("InvalidAuthorization", 400, FixSetup),
        ("InvalidSecretToken", 400, FixSetup),
        ("UndefinedError", 500, TryLater),
        ("InvalidParam", 400, FixRequest),
        ("InvalidParam.BindError", 400, FixRequest),
        ("InvalidParameter", 400, FixRequest),
        ("RequestForbidden", 403, FixRequest),
        ("RequestForbidden.AccountIDNotAllow", 403, FixRequest),
        ("OperationDenied.ServiceNotOpen", 403, FixAction),
        ("OperationDenied.ServiceOverdue", 403, FixAction),
        ("OperationDenied", 200, FixAction),
        ("ServiceNotOpen", 400, FixAction),
        ("AccountOverdueError", 403, FixSetup),
    ],
)
def test_the_code_decides(code, status, error):
    assert type(refused(code, status)) is error


@pytest.mark.parametrize(
    ("code_n", "error"),
    [(100002, FixRequest), (100010, FixSetup), (100018, TryLater), (100025, FixSetup)],
)
def test_the_number_decides_where_the_name_is_not_known(code_n, error):
    assert type(refused("RenamedByTheVendor", 400, code_n=code_n)) is error


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (200, TryLater),
        (302, FixRequest),
        (400, FixRequest),
        (401, FixRequest),
        (403, FixRequest),
        (404, FixRequest),
        (405, FixRequest),
        (407, FixSetup),
        (408, TryLater),
        (413, FixRequest),
        (429, TryLater),
        (500, TryLater),
        (503, TryLater),
        (504, TryLater),
        (599, TryLater),
    ],
)
def test_the_status_decides_where_nothing_else_does(status, error):
    assert type(refused(None, status)) is error


def test_no_unknown_refusal_says_anything_of_other_requests():
    statuses = [status for status in range(300, 500) if status not in (407, 408, 429)]
    codes = (None, "SomethingNew", "SomethingNew.Detail")
    others = [
        (code, status)
        for code, status in product(codes, statuses)
        if type(refused(code, status)) is not FixRequest
    ]
    assert others == []


@pytest.mark.parametrize(
    ("status", "code", "no_answer"),
    [
        (500, None, True),
        (502, None, True),
        (504, None, True),
        (500, "InternalError", False),
        (503, "SomethingNew", False),
        (429, None, False),
        (408, None, False),
    ],
)
def test_a_page_of_a_gateway_is_no_answer_of_the_api(status, code, no_answer):
    assert refused(code, status).no_answer is no_answer
    assert not refused(code, status, retry_after_s=60.0).no_answer


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (302, "Redirects are not followed"),
        (401, "VOLC_ACCESSKEY"),
        (403, "LIVEReadOnlyAccess"),
        (404, "LIVESTATS_API_URL"),
        (407, "HTTPS_PROXY"),
    ],
)
def test_a_page_without_a_code_has_an_advice_of_its_status(status, advice):
    assert advice in str(refused(None, status, message="<html>no</html>"))


def test_the_name_outranks_number_and_status():
    assert type(refused("FlowLimitExceeded", 403, code_n=100010)) is TryLater


@pytest.mark.parametrize(
    ("code", "status", "throttled", "timed_out"),
    [
        ("FlowLimitExceeded", 429, True, False),
        ("AccountFlowLimitExceeded", 403, True, False),
        (None, 429, True, False),
        ("InternalServiceTimeout", 504, False, True),
        (None, 504, False, True),
        ("InternalError", 500, False, False),
    ],
)
def test_why_to_try_later(code, status, throttled, timed_out):
    error = refused(code, status, retry_after_s=7.0)
    assert (error.throttled, error.timed_out, error.retry_after_s) == (throttled, timed_out, 7.0)


def test_a_message_says_what_was_asked_what_came_back_and_what_to_do():
    error = refused("LackPolicy", 403, code_n=100012, message="User is not authorized")
    assert str(error) == (
        "DescribeLiveISPData: refused with LackPolicy (CodeN 100012, HTTP 403, "
        'request 2025REQUEST), "User is not authorized". Attach the policy LIVEReadOnlyAccess to '
        "the user of this key (console, access control, users, permissions), for every project "
        "whose domains are captured."
    )


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("InvalidTimestamp", "clock"),
        ("SignatureDoesNotMatch", "VOLC_SECRETKEY"),
        ("SignatureDoesNotMatch", "LIVESTATS_API_REGION"),
        ("InvalidAccessKey", "VOLC_ACCESSKEY"),
        ("InvalidSecretToken", "VOLC_SESSION_TOKEN"),
        ("ServiceNotFound", "LIVESTATS_API_URL"),
        ("InvalidActionOrVersion", "switch its datasets off"),
        ("RequestForbidden", "does not own"),
        ("OperationDenied.ServiceNotOpen", "Open the service"),
        ("AccountOverdueError", "overdue"),
        ("InvalidParam", "range of time"),
        ("InternalServiceTimeout", "shorter window"),
        ("FlowLimitExceeded", "lower the calls per second"),
    ],
)
def test_the_advice_fits_the_refusal(code, advice):
    assert advice in str(refused(code))


@each("code", [code for code, _, _ in CODES])
def test_every_known_refusal_has_an_advice_that_is_a_sentence(code):
    assert refused(code).advice.endswith(".")


@pytest.mark.parametrize(
    ("metadata", "refusal"),
    [
        (
            {"RequestId": "r", "Error": {"CodeN": 100018, "Code": "C", "Message": "m"}},
            Refusal("C", 100018, "m", "r"),
        ),
        ({"RequestID": "r", "Error": {"Code": "C"}}, Refusal("C", None, "", "r")),
        ({"Error": {"CodeN": "100018"}}, Refusal(None, 100018, "", None)),
        ({"Error": {"CodeN": "many", "Code": "C"}}, Refusal("C", None, "", None)),
        ({"Error": "out of order"}, Refusal(None, None, "out of order", None)),
        ({"Error": {"CodeN": 0, "Code": "", "Message": ""}}, None),
        ({"Error": None}, None),
        ({}, None),
    ],
    ids=[
        "complete",
        "other spelling, no number",
        "number as text",
        "number that is none",
        "bare text",
        "empty structure",
        "null",
        "no error",
    ],
)
def test_reading_a_refusal(metadata, refusal):
    assert read_refusal({"ResponseMetadata": metadata, "Result": {}}) == refusal


def test_an_error_beside_the_metadata_is_a_refusal():
    told = {"Code": "InternalError", "Message": "m"}
    assert read_refusal({"Error": told, "Result": None}) == Refusal("InternalError", None, "m")
    metadata = {"RequestId": "r", "Error": {"Code": ""}}
    assert read_refusal({"ResponseMetadata": {"RequestId": "r"}, "Error": told}) == Refusal(
        "InternalError", None, "m", "r"
    )
    assert read_refusal({"ResponseMetadata": metadata, "Error": {"Message": ""}}) is None


@pytest.mark.parametrize("document", [None, [], "text", {}, {"ResponseMetadata": "text"}])
def test_what_is_no_envelope_holds_no_refusal(document):
    assert read_refusal(document) is None


def test_foreign_text_cannot_forge_a_log_line_or_flood_it():
    error = refused("InvalidParam", message="a\r\nERROR forged \x1b[31m\u202e" + "x" * 10_000)
    assert r"a\r\nERROR forged \x1b[31m\u202exx" in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 700
