"""One session of HTTP: what it sends along, what it keeps to itself, and what no answer means.

Whole calls through it, against a server, are in test_client.py.
"""

import io

import pytest
import requests
import urllib3

from resources.api.errors import FixSetup, TryLater
from resources.api.hosts import Host
from resources.api.transport import DEFAULT_TIMEOUTS, Timeouts, Transport, chunks

HERE, AWAY = Host("http://127.0.0.1:1"), Host("https://api.example.com/live")


class Network:
    """Takes the place of the network: keeps what is sent, and answers or raises."""

    def __init__(self):
        self.sent, self.error = [], None

    def send(self, request, **options):
        self.sent.append((request, options))
        if self.error is not None:
            raise self.error
        response = requests.Response()
        response.status_code, response.request, response.url = 200, request, request.url
        headers = {"Set-Cookie": "session=1; Path=/"}
        response.raw = urllib3.HTTPResponse(
            io.BytesIO(b"body"), headers=headers, preload_content=False
        )
        return response


@pytest.fixture
def network(monkeypatch):
    made = Network()
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", made.send)
    return made


@pytest.fixture
def transport():
    """Transports to a host, closed at the end."""
    made = []

    def make(host=HERE, timeouts=DEFAULT_TIMEOUTS):
        made.append(Transport(host, timeouts))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_request_goes_out_as_it_was_signed(network, transport):
    one = transport(AWAY, Timeouts(connect_s=1, read_s=2))
    response = one.post({"Action": "A b"}, b"{}", {"Authorization": "signature"})
    assert b"".join(chunks(response)) == b"body"
    ((request, options),) = network.sent
    assert (request.method, request.body) == ("POST", b"{}")
    assert request.url == "https://api.example.com/live?Action=A%20b"
    assert request.headers["Authorization"] == "signature"
    assert request.headers["User-Agent"] == "livestats"
    assert options["timeout"] == (1, 2)


def test_no_cookie_of_the_vendor_is_sent_back(network, transport):
    one = transport()
    for _ in range(2):
        one.post({}, b"", {})
    assert ["Cookie" in request.headers for request, _ in network.sent] == [False, False]


def test_the_environment_names_proxy_and_certificates_of_other_hosts_only(
    network, transport, monkeypatch
):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/company.pem")
    for host in (AWAY, HERE):
        transport(host).post({}, b"", {})
    (_, away), (_, here) = network.sent
    assert away["proxies"]["https"] == "http://proxy.example:3128"
    assert away["verify"] == "/etc/company.pem"
    assert not here["proxies"]
    assert here["verify"] is True


def test_after_close_nothing_is_sent(network, transport):
    one = transport()
    one.post({}, b"", {})
    one.close()
    with pytest.raises(RuntimeError, match="closed"):
        one.post({}, b"", {})
    assert len(network.sent) == 1


def unresolved():
    return requests.exceptions.ConnectionError(
        urllib3.exceptions.MaxRetryError(
            None, "/", urllib3.exceptions.NameResolutionError("api.example.com", None, OSError())
        )
    )


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (requests.exceptions.InvalidURL("http://user:password@"), FixSetup),
        (OSError("no such file: /etc/company.pem"), FixSetup),
        (requests.exceptions.ReadTimeout("read"), TryLater),
        (requests.exceptions.ConnectionError("refused"), TryLater),
    ],
)
def test_what_no_answer_means(network, transport, error, kind):
    network.error = error
    with pytest.raises(kind) as caught:
        transport().post({}, b"", {})
    assert "password" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    if kind is TryLater:
        assert caught.value.no_answer
        assert caught.value.timed_out == isinstance(error, requests.exceptions.ReadTimeout)


def test_a_name_that_does_not_resolve_is_wrong_until_it_has_once(network, transport):
    one = transport(AWAY)
    network.error = unresolved()
    with pytest.raises(FixSetup):
        one.post({}, b"", {})
    network.error = None
    one.post({}, b"", {})
    network.error = unresolved()
    with pytest.raises(TryLater):
        one.post({}, b"", {})


class Broken:
    """A body that breaks off after its first piece."""

    def __init__(self, error):
        self.raw, self._left, self._error = self, [b"12345"], error

    def read1(self, *_, **__):
        if self._left:
            return self._left.pop()
        raise self._error


@pytest.mark.parametrize(
    ("error", "timed_out"),
    [
        (urllib3.exceptions.ReadTimeoutError(None, "/", "slow"), True),
        (urllib3.exceptions.ProtocolError("gone"), False),
        (ConnectionResetError("reset"), False),
    ],
)
def test_a_body_that_breaks_off_is_tried_again(error, timed_out):
    with pytest.raises(TryLater, match="broke off after 5 bytes") as caught:
        list(chunks(Broken(error)))
    assert caught.value.timed_out is timed_out
