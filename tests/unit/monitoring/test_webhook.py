"""Messages to the robot of a chat group; its address is never shown."""

import pytest

from resources.monitoring import webhook
from tests.support.webhooks import robot


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("open.feishu.cn", ("content", "text")),
        ("open.larksuite.com", ("content", "text")),
        ("oapi.dingtalk.com", ("text", "content")),
        ("qyapi.weixin.qq.com", ("text", "content")),
        ("hooks.slack.com", ("text",)),
        ("127.0.0.1", ("text",)),
    ],
)
def test_each_host_gets_the_form_it_takes(host, path):
    found = webhook.body(host, "hello")
    for key in path:
        found = found[key]
    assert found == "hello"


@pytest.mark.parametrize(
    ("status", "answer"),
    [(404, b""), (200, b'{"code": 19024, "msg": "Key Words Not Found"}'), (200, b'{"errcode": 1}')],
)
def test_a_robot_that_refuses_is_an_error_that_hides_its_address(status, answer):
    with robot(status, answer) as (url, _), pytest.raises(webhook.WebhookError) as caught:
        webhook.post(url, "x")
    assert "secret" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/very-secret", "very-secret", "ftp://x/secret"])
def test_a_robot_that_is_not_there_is_an_error_that_hides_its_address(url):
    with pytest.raises(webhook.WebhookError) as caught:
        webhook.post(url, "x")
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("answer", [b"", b"ok", b"{}", b"[]", b'{"code": 0}', b'{"errcode": 0}'])
def test_a_robot_that_takes_it_is_no_error(answer):
    with robot(200, answer) as (url, heard):
        webhook.post(url, "x")
    assert heard == [{"text": "x"}]
