"""What is wrong with a cut: each fault is told with what is possible and what to do."""

import re

import pytest

from resources.api.catalog import DATASETS
from resources.api.catalog.cut_rules import CutError, actions_for_cuts, dataset_from, splits_of
from resources.api.catalog.cuts import Cut
from tests.support.each import each

SESSION, EDGE = "DescribeLiveStreamSessionData", "DescribeLiveEdgeStatData"
CODES, COUNT = "DescribeLivePlayStatusCodeData", "DescribeLiveStreamCountData"
BATCH, TRANSCODE = "DescribeLiveBatchStreamTrafficData", "DescribeLiveTranscodeInfoData"
TOP = "DescribeLiveTopPlayData"
BY_ACTION = actions_for_cuts(DATASETS)


def refused(endpoint=SESSION, name="x", split=("Domain",), **keys):
    with pytest.raises(CutError) as caught:
        dataset_from(Cut(name=name, endpoint=endpoint, split=split, **keys), DATASETS)
    return str(caught.value)


WRONG = {
    "name": ({"name": "Viewers"}, "the name 'Viewers' is not possible"),
    "long name": ({"name": "v" * 42}, "at most 40"),
    "no action": ({"endpoint": "DescribeLiveEdgeStat"}, f"did you mean {EDGE}?"),
    "no days": ({"endpoint": "DescribeLiveISPData"}, "no action that can be cut"),
    "width": ({"width_s": 30}, "width_s = 30: .* has 60, 300, 3600 s"),
    "no slots": ({"endpoint": BATCH, "split": (), "width_s": 300}, "Take width_s out"),
    "spaces elsewhere": ({"vhosts": ("space",)}, "vhosts: .* has no such filter"),
    "spaces and domains": (
        {"endpoint": TOP, "split": (), "vhosts": ("space",), "domains": ("a.example",)},
        "vhosts and domains exclude each other",
    ),
    "days of slots": ({"days": 7}, "asked day by day"),
    "too many days": ({"endpoint": TOP, "split": (), "days": 31}, "days = 31: 1 to 30"),
    "no day": ({"endpoint": TOP, "split": (), "days": 0}, "days = 0: 1 to 30"),
    "split": ({"split": ("Domain", "Carrier")}, "It splits by Domain, ISP, Protocol"),
    "no split": ({"endpoint": BATCH}, "It has no split"),
    "split by each": (
        {"endpoint": BATCH, "split": ("ISP",)},
        r'Write each = \["isps"\] to ask once for each',
    ),
    "label that does not come": ({"endpoint": COUNT, "split": ("Domain", "ISP")}, "by 'ISP'"),
    "split twice": ({"split": ("Domain", "ISP", "ISP")}, "each dimension once"),
    "half a stream": ({"split": (), "app": "live"}, "app and stream belong together"),
    "stream of no domain": ({"split": (), "app": "live", "stream": "a"}, "needs the domain"),
    "stream by domain": (
        {"app": "live", "stream": "a", "domains": ("a.example",)},
        "take Domain out",
    ),
    "stream of another action": (
        {"endpoint": EDGE, "app": "live", "stream": "a", "domains": ("a.example",)},
        "Write apps and streams instead",
    ),
    "no such filter": ({"apps": ("live",)}, "no such filter. It has protocols, isps, regions"),
    "no such value": ({"protocols": ("RTSP",)}, "'RTSP' is not possible. Possible: HTTP-FLV"),
    "value twice": ({"isps": ("telecom", "telecom")}, "each value once"),
    "empty value": ({"isps": ("",)}, "none empty"),
    "no region": ({"regions": ("CN/CN/11/12",)}, "is no region. Write Area"),
    "no word": ({"isps": "every"}, "isps = 'every': a list of values is possible, or 'all'"),
    "a word for a list": ({"endpoint": EDGE, "apps": "all"}, "apps = 'all': a list of values"),
    "all and no split": ({"isps": "all"}, r'filters nothing. Add it to each = \["isps"\]'),
    "one value to split": (
        {"split": ("Domain", "ISP"), "isps": ("telecom",)},
        "nothing to split by ISP: two values or more",
    ),
    "QUIC beside others": ({"protocols": ("QUIC", "RTMP")}, "QUIC admits no other value"),
    "two kinds of regions": (
        {"endpoint": EDGE, "regions": ("CN",), "user_regions": ("CN",)},
        "regions and user_regions exclude each other",
    ),
    "carriers of no push": (
        {"endpoint": COUNT, "stream_type": ("transcode",), "isps": ("telecom",)},
        r"isps: only with stream_type = \['push'\]",
    ),
    "each of nothing": ({"each": ("isps",)}, "isps has no values. Write isps = 'all' or a list"),
    "each of no filter": ({"each": ("carriers",)}, "'carriers' is no filter. Possible: protocols"),
    "each and split": (
        {"split": ("Domain", "ISP"), "isps": "all", "each": ("isps",)},
        "split by already",
    ),
    "each of a column": (
        {
            "endpoint": TRANSCODE,
            "split": (),
            "resolutions": ("720P", "1080P"),
            "each": ("resolutions",),
        },
        "tells that with every row",
    ),
    "meaning of another action": ({"agg_type": ("max",)}, "It has online_user_type"),
    "no such meaning": ({"online_user_type": ("Users",)}, "Possible: Online, Viewer, ClientIP"),
    "empty pattern": ({"domains": ("",)}, "a pattern is empty"),
    "older than the API": ({"reread_days": 400}, "0 to 365 is possible"),
}


@each("about", WRONG)
def test_a_fault_is_told_with_what_is_possible(about):
    keys, wanted = WRONG[about]
    said = refused(**keys)
    assert re.search(wanted, said), said


@each("action", BY_ACTION)
def test_every_action_with_days_can_be_cut(action):
    split = ("Domain",) if "Domain" in splits_of(BY_ACTION[action].endpoint) else ()
    found = dataset_from(Cut(name="x", endpoint=action, split=split), DATASETS)
    assert found.name == "cut_x"
    assert found.is_cut
    assert {*found.key} <= {*found.column}


def test_the_prefix_of_cuts_is_that_of_no_dataset():
    assert [name for name, one in DATASETS.items() if one.is_cut] == []


def test_that_a_split_has_two_values_is_enough():
    found = dataset_from(
        Cut(name="x", endpoint=EDGE, split=("Domain", "ISP"), isps=("telecom", "unicom")), DATASETS
    )
    assert found.parameters["ISPList"] == ["telecom", "unicom"]
    assert "ISPList" not in found.variant_columns
