"""Signed requests go encrypted, to the address that was meant, or not at all."""

import pytest

from resources.api.catalog.vendors import BYTEPLUS, VOLCENGINE
from resources.api.errors import FixSetup
from resources.api.hosts import Host, host_of


def test_the_vendors():
    assert (host_of(VOLCENGINE).netloc, host_of(VOLCENGINE).region) == (
        "live.volcengineapi.com",
        "cn-north-1",
    )
    assert (host_of(BYTEPLUS).netloc, host_of(BYTEPLUS).region) == (
        "open.byteplusapi.com",
        "cn-north-1",
    )


@pytest.mark.parametrize(
    ("url", "netloc", "path", "sent_to"),
    [
        ("https://Live.example.com", "live.example.com", "/", "https://live.example.com/?A=b%20c"),
        ("https://h:8443/", "h:8443", "/", "https://h:8443/?A=b%20c"),
        ("https://h/api/v1/", "h", "/api/v1/", "https://h/api/v1/?A=b%20c"),
        ("https://h/a%20b", "h", "/a b", "https://h/a%20b?A=b%20c"),
        ("http://127.0.0.1:8765", "127.0.0.1:8765", "/", "http://127.0.0.1:8765/?A=b%20c"),
        ("http://[::1]:8765", "[::1]:8765", "/", "http://[::1]:8765/?A=b%20c"),
        ("http://localhost", "localhost", "/", "http://localhost/?A=b%20c"),
    ],
)
def test_what_is_signed_and_where_it_is_sent(url, netloc, path, sent_to):
    host = Host(url)
    assert (host.netloc, host.path, host.url_of({"A": "b c"})) == (netloc, path, sent_to)


@pytest.mark.parametrize(
    "url",
    [
        "http://live.volcengineapi.com",
        "http://10.0.0.1",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "ftp://127.0.0.1",
    ],
)
def test_nothing_is_sent_unencrypted_to_another_machine(url):
    with pytest.raises(FixSetup, match="unencrypted"):
        Host(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "live.volcengineapi.com",
        "https://",
        "https://user:hunter2@live.volcengineapi.com",
        "https://hunter2@live.volcengineapi.com",
        "https://h:port/hunter2",
        "https://h:0",
        "https://h:99999",
        "https://h/?hunter2",
        "https://h/#hunter2",
        "https://h h/",
        "https://h/\n",
        "https://[::1/hunter2",
        "https://höst/",
    ],
)
def test_anything_but_an_address_is_refused_and_not_repeated(url):
    with pytest.raises(FixSetup, match="not a bare address.*LIVESTATS_API_URL") as caught:
        Host(url)
    assert "hunter2" not in str(caught.value)
