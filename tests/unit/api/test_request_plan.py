"""The requests of a day: each cell of the table asked once, and nothing that the API would refuse."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.api.catalog import DAILY, DATASETS, DIMENSIONS, absent_parameters
from resources.api.catalog.model import DomainRole, Scope
from resources.api.catalog.vendors import BYTEPLUS, VOLCENGINE
from resources.api.pagination import page_payload
from resources.api.request_plan import (
    DOMAINS_PER_REQUEST,
    Domain,
    Inventory,
    Stream,
    even_chunks,
    halves,
    offered_variants,
    request_of,
    requests_for,
)
from tests.support.documented_limits import DOCUMENTED
from tests.support.each import each

DAY = date(2025, 3, 1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
CARRIERS = tuple(f"isp{i:02}" for i in range(12))
PROTOCOLS = ("HTTP-FLV", "HTTP-HLS", "RTMP", "RTM", "SRT", "CMAF", "QUIC")

daily = each("dataset", DAILY, lambda d: d.name)
daily_in_windows = each(
    "dataset", [d for d in DAILY if not d.endpoint.is_present_state], lambda d: d.name
)
daily_by_one = each(
    "dataset", [d for d in DAILY if d.scope in (Scope.DOMAIN, Scope.STREAM)], lambda d: d.name
)


def known(domains, carriers=12):
    """`domains` push domains and as many pull domains, with a stream and an address each."""
    push = [Domain(f"push{i:03}.example.com", DomainRole.PUSH) for i in range(domains)]
    pull = [Domain(f"pull{i:03}.example.com", DomainRole.PULL) for i in range(domains)]
    return Inventory(
        domains=(*push, *pull),
        isps=CARRIERS[:carriers],
        streams=tuple(Stream(d.name, "show", "room1") for d in (*push, *pull)),
        addresses=tuple(f"192.0.2.{i}" for i in range(domains)),
    )


def asked(dataset, domains=2, carriers=12, *, zone=SHANGHAI, day=DAY):
    return list(requests_for(dataset, day, zone, known(domains, carriers)))


def payloads(name, domains=2, carriers=12):
    return [walk.payload for walk in asked(DATASETS[name], domains, carriers)]


def names_of(dataset, domains):
    return {d.name for d in known(domains).domains if DomainRole.ANY in (dataset.role, d.role)} | {
        d.name for d in known(domains).domains if d.role is dataset.role
    }


# --- how many requests ---


def test_a_day_of_minutes_in_two_splits_is_eight_requests_of_three_hours():
    minutes = replace(DATASETS["edge_stat"], bucket_s=60)
    day = asked(minutes)
    assert [(walk.payload["StartTime"][11:19], walk.payload["EndTime"][11:19]) for walk in day] == [
        (f"{h:02}:00:00", f"{h + 2:02}:59:59") for h in range(0, 24, 3)
    ]


@pytest.mark.parametrize(
    ("name", "domains", "carriers", "requests"),
    [
        ("edge_stat", 0, 12, 0),
        ("edge_stat", 1, 12, 1),  # 1 push and 1 pull domain
        ("edge_stat", 25, 12, 1),
        ("edge_stat", 26, 12, 2),
        ("stream_session", 50, 12, 3),  # 3 ways of counting viewers
        ("stream_session", 51, 12, 6),
        ("stream_session", 120, 1, 9),
        ("edge_stat_by_protocol", 25, 12, 2),  # QUIC alone, and the others
        ("play_status_code", 25, 12, 2),  # Access and Source
        ("stream_count", 25, 12, 3),
        ("batch_stream_session", 50, 12, 2),
        ("batch_stream_traffic", 26, 12, 2),
        ("top_play", 120, 12, 6),  # a ranking cannot be cut by domain
        ("push_stream_info", 3, 12, 3),
        ("transcode_info", 3, 12, 6),
        ("batch_push_stream_metrics", 3, 12, 6),  # max and avg
        ("push_stream_metrics", 3, 12, 3),
        ("ip_info", 50, 12, 1),
        ("ip_info", 51, 12, 2),
    ],
)
def test_a_day_takes_so_many_requests(name, domains, carriers, requests):
    assert len(payloads(name, domains, carriers)) == requests


@daily
def test_without_domains_there_is_nothing_to_ask(dataset):
    whole = len(dataset.variants) if dataset.scope is Scope.WHOLE else 0  # these name no domain
    assert len(asked(dataset, domains=0)) == whole


@daily_in_windows
def test_a_day_with_summer_time_is_asked_whole(dataset):
    """25 hours: one request more where 24 h are the limit, no hour twice."""
    questions = {}
    for walk in asked(dataset, zone=NEW_YORK, day=date(2025, 11, 2)):
        question = {k: v for k, v in walk.payload.items() if k not in ("StartTime", "EndTime")}
        questions.setdefault(str(question), []).append(walk.window)
    for windows in questions.values():
        first = 1 if dataset.is_month_to_date else 2
        assert windows[0][0] == datetime(2025, 11, first, 4, tzinfo=UTC)
        assert windows[-1][1] == datetime(2025, 11, 3, 5, tzinfo=UTC)
        assert all(one[1] == two[0] for one, two in pairwise(windows))


@pytest.mark.parametrize("dataset", DIMENSIONS, ids=lambda d: d.name)
def test_the_present_state_is_one_request_whatever_is_known(dataset):
    (walk,) = asked(dataset, domains=0)
    assert walk.window is None
    assert walk.payload == dataset.parameters


# --- each cell once ---


@each(
    "dataset, domains, carriers",
    [*product((d for d in DAILY if d.scope is Scope.DOMAINS), [0, 1, 2, 50, 51, 120], [1, 12])],
    lambda dataset, domains, carriers: f"{dataset.name}, {domains} domains, {carriers} carriers",
)
def test_every_cell_of_the_day_is_in_exactly_one_request(dataset, domains, carriers):
    """Domain x carrier or protocol x variant, and in each of them every slot."""
    found = {}
    for walk in asked(dataset, domains, carriers):
        body = walk.payload
        cells = product(
            body["DomainList"],
            body.get("ISPList", [None]),
            body.get("ProtocolList", [None]),
            [json.dumps([body[name] for name in dataset.variant_columns])],
        )
        for cell in cells:
            found.setdefault(cell, []).append(walk.window)
    expected = product(
        names_of(dataset, domains),
        CARRIERS[:carriers] if "ISP" in dataset.split else [None],
        PROTOCOLS if "Protocol" in dataset.split else [None],
        [json.dumps([*variant.values()]) for variant in dataset.variants],
    )
    assert set(found) == set(expected)
    start = datetime(2025, 3, 1, tzinfo=SHANGHAI)
    for windows in found.values():
        edges = [start, *(end for _, end in windows)]
        assert [first for first, _ in windows] == edges[:-1]
        assert edges[-1] == start + timedelta(days=1)


@daily_by_one
def test_each_domain_or_stream_of_its_own_is_asked_once(dataset):
    subjects = [
        (walk.constants["domain"], *(walk.constants[c] for c in dataset.variant_columns.values()))
        for walk in asked(dataset, domains=3)
    ]
    variants = [tuple(str(v) for v in variant.values()) for variant in dataset.variants]
    assert sorted(subjects) == sorted(
        (name, *variant) for name in names_of(dataset, 3) for variant in variants
    )


@daily
def test_what_is_known_twice_is_asked_once(dataset):
    """A domain that pushes and pulls, a carrier or a stream that is listed again."""
    once = known(3)
    twice = Inventory(
        domains=once.domains * 2 + tuple(Domain(d.name, DomainRole.ANY) for d in once.domains),
        isps=once.isps * 2,
        streams=once.streams * 2,
        addresses=once.addresses * 2,
    )
    everywhere = replace(once, domains=tuple(Domain(d.name, DomainRole.ANY) for d in once.domains))
    assert list(requests_for(dataset, DAY, SHANGHAI, twice)) == list(
        requests_for(dataset, DAY, SHANGHAI, everywhere)
    )


@given(st.integers(0, 2000), st.integers(1, 100))
def test_chunks_are_few_full_and_equal(count, largest):
    chunks = even_chunks(range(count), largest)
    assert [item for chunk in chunks for item in chunk] == list(range(count))
    assert len(chunks) == -(-count // largest)
    sizes = {len(chunk) for chunk in chunks}
    assert not sizes or (min(sizes) > 0 and max(sizes) <= largest and max(sizes) - min(sizes) <= 1)


# --- splits ---


@pytest.mark.parametrize(
    ("name", "domains", "carriers", "details", "constants"),
    [
        ("stream_session", 2, 2, ["Domain", "ISP"], {}),
        ("stream_session", 1, 2, ["ISP"], {"domain": "pull000.example.com"}),
        ("stream_session", 2, 1, ["Domain"], {"isp": "isp00"}),
        ("stream_session", 1, 1, None, {"domain": "pull000.example.com", "isp": "isp00"}),
        ("source_traffic", 51, 1, ["Domain"], {"isp": "isp00"}),
        ("stream_session_by_domain", 1, 12, None, {"domain": "pull000.example.com"}),
    ],
)
def test_a_dimension_of_one_value_is_not_split_but_filled_in(
    name, domains, carriers, details, constants
):
    """The API splits only where the filter has two values or more; the table never shows it."""
    for walk in asked(DATASETS[name], domains, carriers):
        assert walk.payload.get("DetailField") == details
        assert walk.is_split is (details is not None)
        variants = DATASETS[name].variant_columns.values()
        assert {k: v for k, v in walk.constants.items() if k not in variants} == constants


def test_quic_is_asked_alone_and_is_a_constant():
    others, quic = asked(DATASETS["edge_stat_by_protocol"])
    assert others.payload["ProtocolList"] == [*PROTOCOLS[:-1]]
    assert others.payload["DetailField"] == ["Domain", "Protocol"]
    assert quic.payload["ProtocolList"] == ["QUIC"]
    assert quic.payload["DetailField"] == ["Domain"]
    assert quic.constants == {"protocol": "QUIC"}


def test_a_value_that_the_vendor_does_not_take_is_not_asked():
    absent = Inventory(domains=(Domain("a", DomainRole.ANY),), absent=absent_parameters(VOLCENGINE))
    others, _ = requests_for(DATASETS["edge_stat_by_protocol"], DAY, SHANGHAI, absent)
    assert others.payload["ProtocolList"] == ["HTTP-FLV", "HTTP-HLS", "RTMP", "RTM", "SRT"]
    each = tuple({"ProtocolList": [name]} for name in ("RTMP", "CMAF"))
    cut = replace(DATASETS["edge_stat"], variants=each)
    assert offered_variants(cut, absent_parameters(VOLCENGINE)) == [{"ProtocolList": ["RTMP"]}]
    assert offered_variants(cut, absent_parameters(BYTEPLUS)) == [*each]


def test_quic_of_a_single_domain_is_not_split_at_all():
    one = Inventory(domains=(Domain("a", DomainRole.PULL),))
    _, quic = requests_for(DATASETS["edge_stat_by_protocol"], DAY, SHANGHAI, one)
    assert not quic.is_split
    assert quic.constants == {"domain": "a", "protocol": "QUIC"}


def test_a_split_that_needs_no_filter_stays_when_there_is_one_domain():
    one = Inventory(domains=(Domain("a", DomainRole.PULL),))
    (walk,) = requests_for(DATASETS["edge_stat_by_region"], DAY, SHANGHAI, one)
    assert walk.payload["DetailField"] == ["UserArea", "UserCountry"]
    assert walk.constants == {"domain": "a"}


def test_a_split_by_carrier_without_carriers_says_what_to_do():
    with pytest.raises(ValueError, match="Capture the dataset isp first"):
        asked(DATASETS["edge_stat"], carriers=0)


@pytest.mark.parametrize("domains", [1, 2, 51])
@daily
def test_every_column_is_in_the_rows_or_in_the_request(dataset, domains):
    """What neither rows nor request tell would be a hole in the key."""
    labels = {"domain", "isp", "protocol"}
    for walk in asked(dataset, domains, carriers=1):
        for column in labels & set(dataset.key):
            split = [n.lower() for n in walk.payload.get("DetailField", [])]
            in_rows = any(
                f.column == column for lv in dataset.endpoint.rows.levels for f in lv.fields
            )
            assert column in walk.constants or column in split or in_rows


# --- what may come back ---


@daily
def test_what_was_asked_for_is_all_that_may_come_back(dataset):
    for walk in asked(dataset):
        for parameter, column in (
            ("DomainList", "domain"),
            ("ISPList", "isp"),
            ("ProtocolList", "protocol"),
            ("Ips", "ip"),
        ):
            asked_for = set(walk.payload.get(parameter, ())) if column in dataset.column else set()
            assert walk.within.get(column, frozenset()) == asked_for


@daily
def test_a_stored_request_tells_as_much_as_the_plan(dataset):
    """Through JSON and back, with the page numbers that were sent along."""
    paging = dataset.endpoint.paging
    for walk in asked(dataset):
        stored = json.loads(json.dumps(walk.payload))
        sent = {**stored, **(page_payload(paging, 2) if paging else {})}
        assert replace(request_of(dataset, sent), payload=stored) == walk


def test_streams_are_asked_for_only_under_domains_that_are_asked_for():
    """A stream of a pull domain has no push metrics; one of a domain left out has none at all."""
    facts = Inventory(
        domains=(Domain("push", DomainRole.PUSH), Domain("pull", DomainRole.PULL)),
        streams=tuple(Stream(d, "show", "room1") for d in ("push", "pull", "left out")),
    )
    for name, domain in (("push_stream_metrics", "push"), ("source_stream_metrics", "pull")):
        (walk,) = requests_for(DATASETS[name], DAY, SHANGHAI, facts)
        assert walk.constants == {"domain": domain, "app": "show", "stream": "room1"}


def test_a_domain_of_unknown_role_is_asked_everywhere():
    facts = Inventory(domains=(Domain("a", DomainRole.ANY),), isps=CARRIERS)
    for dataset in DAILY:
        if dataset.scope in (Scope.ACCOUNT, Scope.DOMAINS, Scope.DOMAIN):
            assert list(requests_for(dataset, DAY, SHANGHAI, facts)) != []


@pytest.mark.parametrize("role", [DomainRole.PUSH, DomainRole.PULL])
def test_an_account_without_a_role_is_asked_for_all_its_domains(role):
    """A day must not pass for empty only because no domain of the right kind was listed."""
    facts = Inventory(domains=(Domain("a", role),), isps=CARRIERS)
    for dataset in DAILY:
        if dataset.scope in (Scope.ACCOUNT, Scope.DOMAINS, Scope.DOMAIN):
            assert list(requests_for(dataset, DAY, SHANGHAI, facts)) != []


def test_addresses_are_asked_by_fifty():
    bodies = payloads("ip_info", domains=120)
    assert [len(body["Ips"]) for body in bodies] == [40, 40, 40]
    assert {ip for body in bodies for ip in body["Ips"]} == set(known(120).addresses)


@pytest.mark.parametrize(
    "name", ["", "a b", "'; DROP", "../x", "é😀", "\x00\n\u202e", "a,b", "[x]"]
)
def test_names_from_outside_pass_unchanged(name):
    facts = Inventory(
        domains=(Domain(name, DomainRole.ANY), Domain("other", DomainRole.ANY)),
        isps=(name, "other isp"),
        streams=(Stream(name, name, name),),
        addresses=(name,),
    )
    for dataset in (one for one in DAILY if one.scope is not Scope.WHOLE):
        named = next(
            walk
            for walk in requests_for(dataset, DAY, SHANGHAI, facts)
            if name in flat(walk.payload)
        )
        assert name in flat(json.loads(json.dumps(named.payload)))


def flat(payload):
    return [
        item
        for value in payload.values()
        for item in (value if isinstance(value, list) else [value])
    ]


def test_a_walk_says_what_it_is_about_without_flooding_a_log():
    text = str(asked(DATASETS["edge_stat"], domains=25)[0])
    assert "DomainList=[pull000.example.com, pull001.example.com, pull002.example.com, …" in text
    assert "50 in all" in text
    assert len(text) < 400


# --- halves ---


@pytest.mark.parametrize("bucket_s", [60, 300, 3600])
def test_halves_cover_the_window_on_the_slots_of_the_whole(bucket_s):
    dataset = replace(DATASETS["edge_stat"], bucket_s=bucket_s)
    for walk in asked(dataset, domains=1, carriers=1):
        first, second = cut = halves(dataset, walk)
        assert (first.window[0], second.window[1]) == walk.window
        assert first.window[1] == second.window[0]
        assert (first.window[1] - first.window[0]) % timedelta(seconds=bucket_s) == timedelta(0)
        about = [{k: v for k, v in w.payload.items() if "Time" not in k} for w in (walk, *cut)]
        assert about[0] == about[1] == about[2]


def test_figures_of_a_whole_day_are_never_halved():
    for name in ("batch_stream_session", "top_play", "transcode_info", "push_stream_info"):
        assert halves(DATASETS[name], asked(DATASETS[name])[0]) == ()


def test_halving_ends():
    dataset, most = DATASETS["edge_stat"], 0
    pieces = asked(dataset)
    while pieces:
        pieces = [half for piece in pieces for half in halves(dataset, piece)]
        most += 1
    assert most == 5  # 288 slots: 144, 72, 36, 18


# --- the API's own rules, from the vendor's documentation, not from the catalog ---

FILTER_OF = {"Domain": "DomainList", "ISP": "ISPList", "Protocol": "ProtocolList"}


def complaints(action, body):
    """What the documentation says against a request."""
    said = DOCUMENTED[action]
    yield from (
        f"{name} is no parameter" for name in body.keys() - {*said.required, *said.optional}
    )
    yield from (f"{name} is missing" for name in said.required if name not in body)
    for name, value in body.items():
        if isinstance(value, list) != said.is_list(name) or value == []:
            yield f"{name} has the wrong type or is empty"
        items, may_be = value if isinstance(value, list) else [value], said.values_of(name)
        if may_be is not None:
            yield from (f"{name} may not be {item}" for item in items if item not in may_be)
        if isinstance(value, list) and len(set(value)) < len(value):
            yield f"{name} repeats itself"
        if isinstance(value, list) and len(value) > said.most_items.get(name, len(value)):
            yield f"more than {said.most_items[name]} {name}"
    for names in said.together:
        if 0 < len(body.keys() & set(names)) < len(names):
            yield f"{names} belong together"
    for names in said.not_both:
        if set(names) <= body.keys():
            yield f"{names} exclude each other"
    if "QUIC" in body.get("ProtocolList", []) and len(body["ProtocolList"]) > 1:
        yield "QUIC is not alone"
    details = body.get("DetailField", [])
    for detail in details:
        if detail in FILTER_OF and len(body.get(FILTER_OF[detail], [])) < 2:
            yield f"{detail} would not be split: fewer than two values"
    if "StreamType" in body and "ISPList" in body and body["StreamType"] != ["push"]:
        yield "ISPList needs StreamType push"
    if said.page:
        kind, (smallest, largest, _) = str if said.page_is_text else int, said.page
        for name, low, high in (("PageNum", 1, 10**9), ("PageSize", smallest, largest)):
            if type(body[name]) is not kind or not low <= int(body[name]) <= high:
                yield f"{name} may not be {body[name]!r}"
    if said.is_timed:
        texts = [body[name] for name in said.times]
        start, end = map(datetime.fromisoformat, texts)
        asked_s = (end - start).total_seconds()
        if not ({len(text.replace("Z", "+00:00")) for text in texts} == {25} and asked_s > 0):
            yield "times are not RFC 3339 in whole seconds, or out of order"
        limit = said.longest(body.get("Aggregation"), len(details))
        if limit is not None and asked_s > limit:
            yield f"{asked_s} s are more than {limit} s"


@each(
    "dataset, domains, carriers, zone",
    [*product(DAILY, [1, 2, 51], [1, 2, 12], [SHANGHAI, NEW_YORK])],
    lambda dataset, domains, carriers, zone: f"{dataset.name}, {domains}, {carriers}, {zone}",
)
def test_no_request_breaks_a_rule_of_the_api(dataset, domains, carriers, zone):
    endpoint = dataset.endpoint
    buckets = sorted({span.bucket_s for span in endpoint.window_limits if span.bucket_s}) or [None]
    for bucket_s in buckets if dataset.bucket_s else [None]:
        narrow = replace(dataset, bucket_s=bucket_s)
        for walk in asked(narrow, domains, carriers, zone=zone, day=date(2025, 11, 2)):
            pages = page_payload(endpoint.paging, 1) if endpoint.paging else {}
            assert list(complaints(endpoint.action, {**walk.payload, **pages})) == []


@pytest.mark.parametrize(
    ("name", "change", "complaint"),
    [
        ("edge_stat", {"EndTime": "2025-03-02T00:00:01+08:00"}, "are more than 86400 s"),
        ("edge_stat", {"DomainList": ["a"]}, "would not be split"),
        ("edge_stat", {"ProtocolList": ["QUIC", "RTM"]}, "QUIC is not alone"),
        ("edge_stat", {"Aggregation": 30}, "Aggregation may not be 30"),
        ("edge_stat", {"Domain": "a"}, "Domain is no parameter"),
        ("stream_count", {"ISPList": ["a"], "StreamType": ["transcode"]}, "needs StreamType push"),
        ("top_play", {"PageNum": 1}, "PageNum may not be 1"),
        ("ip_info", {"Ips": [str(i) for i in range(51)]}, "more than 50 Ips"),
    ],
)
def test_the_rules_above_do_refuse(name, change, complaint):
    endpoint = DATASETS[name].endpoint
    pages = page_payload(endpoint.paging, 1) if endpoint.paging else {}
    body = {**payloads(name)[0], **pages, **change}
    assert any(complaint in text for text in complaints(endpoint.action, body))


def test_fifty_domains_share_a_request():
    sizes = {len(body["DomainList"]) for body in payloads("stream_session", domains=120)}
    assert max(sizes) <= DOMAINS_PER_REQUEST == 50


# --- series of the whole account ---

WHOLE = replace(
    DATASETS["play_status_code"],
    name="whole",
    scope=Scope.ACCOUNT,
    split=(),
    key=("request_type", "slot_start_at", "status_code"),
)


@pytest.mark.parametrize("domains", [1, 2, 120])
def test_the_account_is_asked_as_a_whole_in_one_list_and_without_a_split(domains):
    day = asked(WHOLE, domains)
    assert [walk.constants for walk in day] == [
        {"request_type": "Access"},
        {"request_type": "Source"},
    ]
    for walk in day:
        assert set(walk.payload["DomainList"]) == names_of(WHOLE, domains)
        assert "DetailField" not in walk.payload
        assert not walk.is_split
        assert walk.within == {}


@pytest.mark.parametrize("domains", [1, 2])
def test_a_request_with_a_split_is_read_as_a_whole_by_a_dataset_without_one(domains):
    for walk in asked(DATASETS["play_status_code"], domains):
        whole = request_of(WHOLE, walk.payload)
        assert not whole.is_split
        assert set(whole.constants) == {"request_type"}
        assert whole.within == {}
        assert whole.window == walk.window


def test_the_account_is_split_by_carriers_in_one_list_of_all_domains():
    carriers = replace(WHOLE, split=("ISP",), key=("isp", *WHOLE.key))
    for walk in asked(carriers, domains=60):
        assert len(walk.payload["DomainList"]) == 120
        assert walk.payload["DetailField"] == ["ISP"]
        assert walk.within == {"isp": frozenset(CARRIERS)}
        assert walk.is_split
