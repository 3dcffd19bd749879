"""The webhook: posts one text to a chat robot, in the form that its host expects.

Which text, and when, is decided by the caller: see notify, and pipelines/orchestration/sensors.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import requests

from resources.api.credentials import secret_of
from resources.api.errors import printable
from resources.api.redaction import hold_url, redact
from resources.errors import LivestatsError

VARIABLE = "LIVESTATS_ALERT_WEBHOOK"
"""The address is a secret (whoever has it can write to the group): never in a file or a log."""

_TIMEOUT_S = 10.0


class WebhookError(LivestatsError):
    """Raised if the message did not arrive; the text names the host, never the address."""


def post(url: str, text: str) -> None:
    """Post `text` to a robot of Feishu/Lark, DingTalk, WeCom or Slack, or as {"text": ...}.

    Raises NotTold if it does not arrive, also where the host answers 200 and refuses inside.
    """
    hold_url(url)
    host = host_of(url)
    if host is None:
        raise WebhookError(f"{VARIABLE} is no address. Set it to the whole URL of the robot.")
    failure = ""
    try:
        answer = requests.post(url, json=body(host, redact(text)), timeout=_TIMEOUT_S)
        refused = answer.status_code >= 300
        failure = f"HTTP {answer.status_code}" if refused else _refusal(answer)
    except requests.RequestException as error:
        failure = type(error).__name__  # the text of the error contains the address
    if failure:
        raise WebhookError(
            f"{host} did not take the alarm ({failure}). Check {VARIABLE}; a robot with a keyword "
            "filter wants the word livestats."
        )


def address(environ: Mapping[str, str]) -> str:
    """The URL of the webhook in the environment or in its file; "" if there is none."""
    return secret_of(environ, VARIABLE)


def host_of(url: str) -> str | None:
    """The host name, which is no secret; None if `url` is not an HTTP address."""
    try:
        parts = urlsplit(url)
        return parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:
        return None


def body(host: str, text: str) -> Mapping[str, object]:
    """The JSON that the host expects for a plain text message."""
    if host.endswith((".feishu.cn", ".larksuite.com")):
        return {"msg_type": "text", "content": {"text": text}}
    if host in ("oapi.dingtalk.com", "qyapi.weixin.qq.com"):
        return {"msgtype": "text", "text": {"content": text}}
    return {"text": text}


def _refusal(answer: requests.Response) -> str:
    """The error in a response body, as these hosts refuse with HTTP 200; "" if there is none."""
    try:
        document = answer.json()
    except ValueError:
        return ""
    if not isinstance(document, dict):
        return ""
    code = document.get("code", document.get("errcode", 0))
    return "" if code in (0, None) else f"code {printable(str(code), longest=80)}"
