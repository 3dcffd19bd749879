"""What this process holds or has sent is removed from texts, bodies, errors and logs."""

import base64
import html
import json
import logging
import re
import sys
import threading
import traceback
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from resources.api import redaction
from resources.api.credentials import Credentials
from resources.api.errors import TryLater, printable
from resources.api.signing import sign

ACCESS = "AKOFREDACTION0123456789"
SECRET = "a/Secret+of/the=redaction=="
TOKEN = "a-token-of-the-redaction/+="
SECRETS = (ACCESS, SECRET, TOKEN)


@pytest.fixture(autouse=True)
def headers():
    """A signed request that this thread has just sent."""
    made = sign(
        method="POST", host="live.volcengineapi.com", path="/", query={}, body=b"{}",
        credentials=Credentials(ACCESS, SECRET, TOKEN), region="cn-north-1", service="live",
        now=datetime(2026, 11, 22, 4, tzinfo=UTC),
    )  # fmt: skip
    redaction.sent(made)
    return made


def spelled(text):
    """A text as gateways repeat it."""
    yield text
    yield json.dumps(text)
    yield json.dumps(text).replace("/", r"\/")
    yield "".join(f"\\u{ord(char):04x}" for char in text)
    yield from (
        quote(text),
        quote(text, safe=""),
        re.sub("%..", lambda code: code[0].lower(), quote(text, safe="")),
    )
    yield html.escape(text)
    yield "".join(f"&#{ord(char)};" for char in text)
    for before in ("", "x", "xy", "xyz"):
        whole = (before + text + " and more").encode()
        yield base64.b64encode(whole).decode()
        yield base64.urlsafe_b64encode(whole).decode()


def readings(text):
    """A text, and what is read out of it by whoever decodes it."""
    yield text
    for end in range(max(1, len(text) - 3), len(text) + 1):
        for decode in (base64.b64decode, base64.urlsafe_b64decode):
            try:
                yield decode(text[:end] + "=" * (-end % 4)).decode("utf-8", "replace")
            except ValueError:
                continue


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("size", [0, 100_000], ids=["short", "long"])
def test_a_secret_is_removed_however_it_is_spelled(secret, size):
    for text in spelled(secret):
        if size and ("\\u" in text or "&#" in text):
            continue  # escaped one by one: looked for in short texts only
        found = redaction.redact_body((" " * size + text).encode()).decode()
        assert "***" in found, text
        assert not any(secret in one for one in readings(found.strip())), text


def test_every_value_of_the_signed_headers_is_removed_but_host_and_type(headers):
    whole = "\n".join(f"{name}: {value}" for name, value in headers.items())
    encoded = base64.b64encode(whole.encode()).decode()
    found = redaction.redact(f"{whole} {encoded}")
    decoded = base64.b64decode(encoded).decode()
    signature = headers["Authorization"].rpartition("=")[2]
    secrets = {headers[n] for n in headers if n not in ("Host", "Content-Type")}
    for one in (*SECRETS, *secrets, signature):
        assert one in decoded + SECRET
        assert one not in found
    assert "live.volcengineapi.com" in found
    assert "application/json" in found


def test_what_another_thread_has_sent_is_its_own(headers):
    sent = threading.Thread(target=redaction.sent, args=({"X-Date": "20261122T040001Z"},))
    sent.start()
    sent.join()
    assert headers["X-Date"] not in redaction.redact(f"at {headers['X-Date']}")
    assert "20261122T040001Z" in redaction.redact("at 20261122T040001Z")


def test_a_made_up_secret_could_be_data_and_is_left_in_it():
    Credentials("AK", "secret")
    for password in ("hunter2", "hunter22"):  # one is a part of the other
        redaction.hold_url(f"http://someone:{password}@proxy.example:3128")
    assert redaction.redact_body(b'{"secret": "hunter22"}') == b'{"secret": "hunter22"}'
    assert redaction.redact("no hunter22") == "no ***"


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("http://user:p%40ss/word@proxy:3128", ["p%40ss/word", "p@ss/word"]),
        ("https://open.feishu.cn/open-apis/bot/v2/hook/0a1b2c3d-0a1b-4c5d", ["0a1b2c3d-0a1b-4c5d"]),
        ("https://oapi.dingtalk.com/robot/send?access_token=0f9e8d7c", ["0f9e8d7c"]),
        ("http://user:pa[ss@proxy", ["pa[ss"]),
    ],
)
def test_passwords_and_tokens_of_urls_are_removed(url, secrets):
    redaction.hold_urls({"https_proxy": url} if "proxy" in url else {}, url)
    for secret in (url, *secrets):
        assert secret not in redaction.redact(f"cannot reach {url}: {secret}")


def test_a_password_in_any_url_is_removed_and_addresses_without_one_stay():
    assert redaction.redact("proxy http://a:b@c:1/d") == "proxy http://***@c:1/d"
    assert redaction.redact("see https://c:1/d, mail a@b.c") == "see https://c:1/d, mail a@b.c"


def test_a_text_is_redacted_before_it_is_cut_off():
    assert printable(f"said {SECRET}", longest=12) == "said ***"


def test_errors_and_what_they_are_chained_to_are_redacted():
    try:
        try:
            raise ValueError(f"Bad line {SECRET}")
        except ValueError as error:
            raise TryLater(f"broke off: {TOKEN}", code=ACCESS) from error
    except TryLater as error:
        redaction.redact_error(error)
        shown = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    assert "broke off: ***" in shown
    assert not any(secret in shown.replace(__file__, "") for secret in SECRETS)


def test_the_log_of_the_process_holds_no_secret(caplog):
    log = logging.getLogger("urllib3.connectionpool")
    log.warning("Failed to parse headers: %s", {"Authorization": SECRET})
    try:
        raise ValueError(TOKEN)
    except ValueError:
        log.exception("broken")
    assert "***" in caplog.text
    assert not any(secret in caplog.text for secret in SECRETS)


def test_an_error_that_nobody_catches_is_printed_without_secrets(capsys):
    error = ValueError(f"wrong {SECRET}")
    sys.excepthook(ValueError, error, None)
    said = capsys.readouterr().err
    assert "wrong ***" in said
    assert SECRET not in said


def test_a_log_record_that_cannot_be_formatted_is_redacted_too(caplog):
    logging.getLogger("x").warning("%d things", SECRET)
    assert "%d things" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("userinfo", ["warehouse_user", "warehouse_user:"])
def test_the_user_name_of_an_address_is_no_secret(userinfo):
    redaction.hold_url(f"postgresql://{userinfo}@127.0.0.1/x")
    assert redaction.redact("warehouse_user: run it") == "warehouse_user: run it"


def test_its_password_is_one_and_the_name_beside_it_is_not():
    redaction.hold_url("postgresql://warehouse_user:hunter%212@127.0.0.1/x")
    said = "warehouse_user hunter%212 hunter!2 warehouse_user:hunter!2 warehouse_user:hunter%212"
    assert redaction.redact(said) == "warehouse_user *** *** *** ***"


def test_a_query_value_with_an_at_sign_is_a_secret():
    redaction.hold_url("https://hooks.example/send?token=0f9e@8d7c")
    assert redaction.redact("refused: 0f9e@8d7c") == "refused: ***"
