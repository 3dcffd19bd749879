"""The JSON envelope of a response: whether it is complete, and the error of an unsuccessful one.

What the error codes mean is in `error_codes`, the rows in `Result` are for `parsing`. Next: `client`.
"""

from __future__ import annotations

import json
from typing import Any

from resources.api.body import LARGE_BYTES, Body, Packed, whole
from resources.api.brackets import is_too_deep
from resources.api.error_codes import Refusal, from_answer, read_refusal
from resources.api.errors import NO_RESULT, AnswerTooLarge, ApiError, TryLater, printable


def read_json(body: Body) -> dict[str, Any]:
    """The envelope of a successful answer, with `Result` in it (which may be null).

    Raises TryLater if the body is not JSON, cut off, or holds neither Error nor Result, and the
    error of `from_answer` if it holds an Error: the API sends those with HTTP 200, too.
    """
    if isinstance(body, Packed):  # parsed JSON takes up to twenty times its bytes
        raise AnswerTooLarge(f"the answer is larger than {LARGE_BYTES // 1_000_000} MB")
    text = whole(body)
    if is_too_deep(text):
        raise TryLater("the answer is nested deeper than any answer of the API", http_status=200)
    document = _parsed(text)
    if document is None:
        start = printable(text[:200].decode("utf-8", errors="replace"), longest=80)
        raise TryLater(
            f'the answer of {len(body)} bytes is not whole JSON: "{start}"',
            http_status=200,
            no_answer=True,
        )
    refusal = read_refusal(document)
    if refusal is not None:
        raise from_answer(None, 200, refusal)
    if not isinstance(document, dict) or "Result" not in document:
        raise TryLater(
            "the answer has neither a Result nor an Error",
            NO_RESULT,
            http_status=200,
            no_answer=not isinstance(document, dict) or "ResponseMetadata" not in document,
        )
    return document


def refused(
    action: str, status: int, location: str | None, body: Body, retry_after_s: float | None
) -> ApiError:
    """The error for an unsuccessful response, of the API or of a gateway in front of it.

    `location` is where a redirect points to.
    """
    start = body if isinstance(body, bytes) else next(body.pieces())
    refusal = read_refusal(_parsed(start))
    if refusal is None and 300 <= status <= 399:
        refusal = Refusal(message=f"redirected to {location or 'nowhere'}")
    if refusal is None:
        refusal = Refusal(message=start.decode("utf-8", errors="replace").strip())
    return from_answer(action, status, refusal, retry_after_s)


def _parsed(body: bytes) -> object:
    """The JSON document, None if it is none, or nested deeper than any answer."""
    if is_too_deep(body):
        return None
    try:
        return json.loads(body)
    except ValueError:
        return None
