"""The vendors of this API, and where each answers.

What a vendor lacks stands with the entry it lacks: `absent_on` of endpoints and parameters.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """One vendor: the value of the setting api.vendor, and its defaults."""

    name: str
    url: str
    region: str = "cn-north-1"  # that requests are signed for; the SDKs of both have this one
    service: str = "live"


VOLCENGINE = Vendor(name="volcengine", url="https://live.volcengineapi.com")
BYTEPLUS = Vendor(name="byteplus", url="https://open.byteplusapi.com")

VENDORS = {vendor.name: vendor for vendor in (VOLCENGINE, BYTEPLUS)}
"""Every vendor by name. The first is the default."""
