"""The address of the API, with the region and service for the signature.

Only https is accepted, and http on the loopback interface. Next: `signing`.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from resources.api.catalog import vendors
from resources.api.catalog.vendors import Vendor
from resources.api.errors import FixSetup, printable
from resources.api.signing import canonical_query


@dataclass(frozen=True)
class Host:
    """A vendor's API, or a simulated one.

    Raises FixSetup unless `url` is a bare https address; http is for this machine only.
    """

    url: str
    region: str = vendors.VOLCENGINE.region
    service: str = vendors.VOLCENGINE.service

    def __post_init__(self) -> None:
        # The URL itself is not repeated: what makes it unsound may be a password in it.
        advice = "Give it like https://live.volcengineapi.com (LIVESTATS_API_URL)."
        if not _is_bare(self.url):
            raise FixSetup("the API URL is not a bare address: scheme, host, port, path", advice)
        scheme = urlsplit(self.url).scheme
        if scheme != "https" and not (scheme == "http" and self.is_loopback):
            raise FixSetup(
                f"the API URL would send signed requests to {printable(self.netloc)} unencrypted",
                advice,
            )

    @property
    def netloc(self) -> str:
        """Host name and port as in the URL, in lower case: the Host header."""
        return urlsplit(self.url).netloc.lower()

    @property
    def path(self) -> str:
        """The path before percent-encoding, `/` if the URL has none."""
        return unquote(urlsplit(self.url).path) or "/"

    @property
    def is_loopback(self) -> bool:
        """Whether the address cannot be any other machine than this."""
        return is_loopback(self.url)

    def url_of(self, query: Mapping[str, str]) -> str:
        """The URL to send a request with `query` to, encoded as the signature encodes it."""
        scheme = urlsplit(self.url).scheme
        return f"{scheme}://{self.netloc}{quote(self.path)}?{canonical_query(query)}"


def is_loopback(url: str) -> bool:
    """Whether the address in a URL cannot be any other machine than this."""
    name = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _is_bare(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0  # .port raises if it is no number
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and " " not in url
    return has_host and plain and parts.username is None and not parts.query + parts.fragment


def host_of(vendor: Vendor) -> Host:
    """The public API of a vendor."""
    return Host(vendor.url, vendor.region, vendor.service)


VOLCENGINE = host_of(vendors.VOLCENGINE)
