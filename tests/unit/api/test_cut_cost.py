"""What a day of a cut takes, and from when on somebody must have allowed it."""

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from resources.api.catalog import DATASETS
from resources.api.catalog.cut_rules import dataset_from
from resources.api.catalog.cuts import Cut
from resources.api.catalog.model import DomainRole
from resources.api.cut_cost import cost_of, refusal
from resources.api.request_plan import Domain, Inventory, requests_for
from resources.config import Settings

EDGE, SESSION = "DescribeLiveEdgeStatData", "DescribeLiveStreamSessionData"
ISPS = tuple(f"isp{i}" for i in range(12))


def day_of(domains=10, endpoint=EDGE, **keys):
    names = (Domain(f"{i}.example", DomainRole.PULL) for i in range(domains))
    absent = Settings().absent_parameters
    known = Inventory(domains=tuple(names), isps=ISPS, absent=absent)
    cut = dataset_from(Cut(name="x", endpoint=endpoint, **keys), DATASETS)
    return cut, [*requests_for(cut, date(2025, 3, 1), ZoneInfo("Asia/Shanghai"), known)]


@pytest.mark.parametrize(
    ("keys", "requests", "rows"),
    [
        ({"split": ("Domain",)}, 1, 10 * 288),
        ({"split": ("Domain", "ISP"), "width_s": 3600}, 1, 10 * 12 * 24),
        ({"split": ("Domain", "ISP"), "width_s": 60}, 8, 10 * 12 * 1440),
        ({"split": ("Domain", "Protocol"), "width_s": 3600}, 2, 10 * 6 * 24),
        ({"split": ("Domain", "UserProvince"), "width_s": 3600}, 1, 10 * 34 * 24),
        ({"split": ("Domain", "UserArea", "UserCountry"), "width_s": 3600}, 1, 10 * 250 * 24),
        ({"split": ("Domain", "Area", "UserArea"), "width_s": 3600}, 1, 10 * 12 * 12 * 24),
        ({"split": ("Domain",), "isps": "all", "each": ("isps",)}, 12, 12 * 10 * 288),
        ({"endpoint": "DescribeLivePlayStatusCodeData", "split": ("Domain",)}, 1, 12 * 10 * 288),
        ({"endpoint": "DescribeLiveBatchStreamTrafficData"}, 1, None),
    ],
)
def test_requests_and_rows_follow_from_what_is_asked(keys, requests, rows):
    cost = cost_of(*day_of(**keys))
    assert (cost.requests, cost.rows) == (requests, rows)
    assert (cost.answer_bytes is None) == (rows is None)


def test_a_large_cut_needs_somebodys_word():
    keys = {"split": ("Domain", "UserProvince", "ISP"), "width_s": 300}
    cut, requests = day_of(40, **keys)
    assert cost_of(cut, requests).rows == 40 * 34 * 12 * 288
    assert refusal(cut, requests) == ""
    cut, requests = day_of(50, **keys)
    assert "at most 5,875,200 rows" in refusal(cut, requests)
    assert "allow = true under [cut.x]" in refusal(cut, requests)
    assert refusal(replace(cut, is_large_allowed=True), requests) == ""


def test_so_do_many_requests():
    keys = {"endpoint": "DescribeLiveTranscodeInfoData", "resolutions": ("720P",)}
    cut, requests = day_of(5001, **keys)
    assert "takes 5,001 requests;" in refusal(cut, requests)
    assert refusal(cut, requests[:5000]) == ""


def test_a_dataset_of_the_catalog_needs_nobodys_word():
    _, requests = day_of(5001, endpoint="DescribeLiveTranscodeInfoData")
    assert refusal(DATASETS["transcode_info"], requests) == ""
