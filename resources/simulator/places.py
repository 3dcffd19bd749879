"""Carriers, regions and addresses of the simulated world."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from resources.simulator.noise import key_of, uniform_index

ISPS: dict[str, tuple[str, float]] = {
    "telecom": ("电信", 0.34),
    "unicom": ("联通", 0.24),
    "mobile": ("移动", 0.27),
    "railcom": ("铁通", 0.015),
    "cernet": ("教育网", 0.02),
    "tianwei": ("天威", 0.008),
    "alibaba": ("阿里巴巴", 0.012),
    "tencent": ("腾讯", 0.012),
    "drpeng": ("鹏博士", 0.03),
    "btvn": ("广电网", 0.025),
    "huashu": ("华数", 0.01),
    "other": ("其他", 0.02),
}
"""Code -> (name, usual share of the audience)."""

PROTOCOLS: dict[str, float] = {
    "HTTP-FLV": 0.50,
    "HTTP-HLS": 0.22,
    "RTMP": 0.10,
    "RTM": 0.14,
    "SRT": 0.04,
}
"""Protocol -> usual share. QUIC is no part of this sum: it carries some of each of them."""

QUIC_SHARE = 0.18

_PROVINCES = {
    "beijing": ("北京", 6),
    "tianjin": ("天津", 2),
    "hebei": ("河北", 4),
    "shanxi": ("山西", 2),
    "neimenggu": ("内蒙古", 1),
    "liaoning": ("辽宁", 3),
    "jilin": ("吉林", 1),
    "heilongjiang": ("黑龙江", 2),
    "shanghai": ("上海", 6),
    "jiangsu": ("江苏", 8),
    "zhejiang": ("浙江", 8),
    "anhui": ("安徽", 4),
    "fujian": ("福建", 4),
    "jiangxi": ("江西", 3),
    "shandong": ("山东", 7),
    "henan": ("河南", 6),
    "hubei": ("湖北", 4),
    "hunan": ("湖南", 4),
    "guangdong": ("广东", 14),
    "guangxi": ("广西", 3),
    "hainan": ("海南", 1),
    "chongqing": ("重庆", 2),
    "sichuan": ("四川", 6),
    "guizhou": ("贵州", 2),
    "yunnan": ("云南", 2),
    "xizang": ("西藏", 0.3),
    "shaanxi": ("陕西", 3),
    "gansu": ("甘肃", 1),
    "qinghai": ("青海", 0.4),
    "ningxia": ("宁夏", 0.5),
    "xinjiang": ("新疆", 1),
}

_ABROAD = {
    ("CN-OTHER", "港澳台"): {
        "HK": ("中国香港", 1.2),
        "MO": ("中国澳门", 0.2),
        "TW": ("中国台湾", 1),
    },
    ("AP", "亚太"): {
        "SG": ("新加坡", 1.0),
        "JP": ("日本", 1.0),
        "MY": ("马来西亚", 0.8),
        "VN": ("越南", 0.6),
    },
    ("NA", "北美"): {"US": ("美国", 1.5), "CA": ("加拿大", 0.4)},
    ("EU", "欧洲"): {"DE": ("德国", 0.5), "GB": ("英国", 0.6), "FR": ("法国", 0.4)},
}


@dataclass(frozen=True)
class Region:
    """A smallest region: a province of China, or a country elsewhere (province is then '')."""

    area: str
    country: str
    province: str
    weight: float

    def inside(self, area: str, country: str, province: str) -> bool:
        """Whether it belongs to a region that is named down to some level, '' below."""
        return (
            self.area == area and country in ("", self.country) and province in ("", self.province)
        )


SMALLEST_REGIONS: tuple[Region, ...] = (
    *(Region("CN", "CN", code, weight) for code, (_, weight) in _PROVINCES.items()),
    *(
        Region(area, country, "", weight)
        for (area, _), countries in _ABROAD.items()
        for country, (_, weight) in countries.items()
    ),
)


def region_tree() -> list[dict[str, object]]:
    """The answer of DescribeLiveRegionData: provinces in China only."""
    provinces = [{"Code": code, "Name": name} for code, (name, _) in _PROVINCES.items()]
    china = {"Code": "CN", "Name": "中国", "Provinces": provinces}
    tree: list[dict[str, object]] = [{"Code": "CN", "Name": "中国", "Countries": [china]}]
    for (area, area_name), countries in _ABROAD.items():
        inside = [
            {"Code": code, "Name": name, "Provinces": []} for code, (name, _) in countries.items()
        ]
        tree.append({"Code": area, "Name": area_name, "Countries": inside})
    return tree


_CODES = tuple(ISPS)
_PLACES = tuple(_PROVINCES)
_CITIES = ("市辖区", "高新区", "新区")


def client_address(*parts: object) -> str:
    """An address of a pushing client; two of ten are IPv6. Carrier and province can be read off."""
    key = key_of("address", *parts)
    place = uniform_index(len(_CODES) * len(_PLACES), "place", *parts)
    host = 1 + key % 250
    if key % 10 < 2:
        return f"2001:db8:{place + 1:x}::{host:x}"
    if key % 10 == 2:
        return f"100.{64 + key % 64}.{(key >> 8) % 256}.{host}"
    return f"198.{18 + (place >> 8)}.{place & 255}.{host}"


def server_address(*parts: object) -> str:
    """An address of an ingest server of the vendor."""
    key = key_of("server", *parts)
    return f"2001:db8:ffff::{key % 200 + 1:x}" if key % 8 == 0 else f"203.0.113.{key % 200 + 1}"


def isp_of(address: str) -> str:
    """Carrier of a client address; "other" for one from abroad."""
    place = _place(ipaddress.ip_address(address))
    return "other" if place is None else _CODES[place // len(_PLACES)]


def ip_info(address: str) -> dict[str, object]:
    """One row of DescribeIpInfo. Raises ValueError if `address` is none."""
    ip = ipaddress.ip_address(address)
    row: dict[str, object] = dict.fromkeys(("Isp", "Location", "Province", "City"), "-")
    place = _place(ip)
    server = ip in ipaddress.ip_network("203.0.113.0/24") or (
        ip in ipaddress.ip_network("2001:db8:ffff::/48")
    )
    if server:
        row |= {"Isp": "telecom", "Location": "中国", "Province": "江苏", "City": "南京"}
    elif place is not None:
        province = _PLACES[place % len(_PLACES)]
        row |= {
            "Isp": _CODES[place // len(_PLACES)],
            "Location": "中国",
            "Province": _PROVINCES[province][0],
            "City": _CITIES[uniform_index(len(_CITIES), "city", address)],
        }
    return {"Ip": address, **row, "LiveCdnIp": server}


def _place(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int | None:
    """Number of the (carrier, province) pair that an address stands for."""
    if isinstance(ip, ipaddress.IPv4Address):
        known = ip in ipaddress.ip_network("198.18.0.0/15")
        place = ((int(ip) >> 8) & 0x1FF) if known else -1
    else:
        known = ip in ipaddress.ip_network("2001:db8::/32")
        place = ((int(ip) >> 80) & 0xFFFF) - 1 if known else -1
    return place if 0 <= place < len(_CODES) * len(_PLACES) else None


def region_of(address: str) -> Region:
    """The smallest region a client address stands in; Singapore for one from abroad."""
    place = _place(ipaddress.ip_address(address))
    if place is None:
        return next(leaf for leaf in SMALLEST_REGIONS if leaf.country == "SG")
    return SMALLEST_REGIONS[place % len(_PLACES)]
