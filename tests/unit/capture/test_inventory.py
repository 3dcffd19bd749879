"""What is known of the account: domains for ever, carriers of now, streams and addresses of a day."""

from dataclasses import replace
from datetime import date

import pytest

from resources.api.catalog import DATASETS
from resources.api.catalog.cuts import Cut
from resources.api.catalog.model import DomainRole
from resources.api.request_plan import Domain, Stream
from resources.capture.inventory import InventoryReader, PrerequisiteMissing, snapshots
from resources.config import Settings
from resources.config.cut_settings import dataset as cut_dataset
from resources.lake import parquet
from resources.ledger.listed_values import listed_values
from tests.support.lake_files import store

DAY, NEXT, THIRD = date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 22)
DOMAIN, ISP = DATASETS["domain"], DATASETS["isp"]
PUSH, PULL, ANY = DomainRole.PUSH, DomainRole.PULL, DomainRole.ANY


@pytest.fixture
def root(tmp_path):
    return tmp_path / "lake"


@pytest.fixture
def account(root):
    def about(**settings):
        return InventoryReader(root, Settings(**settings))

    return about


def listed(root, day, **types):
    """A snapshot of the account's domains: name -> type."""
    rows = [{"domain": f"{name}.example", "domain_type": kind} for name, kind in types.items()]
    return store(root, DOMAIN, day, rows)


def names(found):
    return {d.name.removesuffix(".example"): d.role for d in found}


def not_yet(call, *args):
    with pytest.raises(PrerequisiteMissing) as caught:
        call(*args)
    return str(caught.value)


# Domains -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "role"),
    [("push", PUSH), ("pull-flv", PULL), ("pull", PULL), ("relay", ANY), ("", ANY), ("Push", ANY)],
)
def test_the_type_of_a_domain_tells_its_role_and_an_unknown_type_is_asked_everything(
    kind, role, root, account
):
    listed(root, DAY, a=kind)
    assert names(account().domains()) == {"a": role}


def test_a_domain_that_vanishes_from_the_list_is_remembered(root, account):
    """Its statistics of past days can still be asked, for as long as the API has them."""
    listed(root, DAY, a="push", b="pull-flv")
    listed(root, NEXT, b="pull-flv", c="pull-flv")
    listed(root, THIRD, c="pull-flv")
    assert names(account().domains()) == {"a": PUSH, "b": PULL, "c": PULL}


def test_the_newest_list_tells_the_role(root, account):
    listed(root, NEXT, a="pull-flv")
    listed(root, DAY, a="push")
    assert names(account().domains()) == {"a": PULL}


def test_a_push_domain_that_only_its_pull_domain_names_is_known(root, account):
    rows = [
        {"domain": "a.example", "domain_type": "pull-flv", "push_domain": "p.example"},
        {"domain": "b.example", "domain_type": "pull-flv", "push_domain": ""},
        {"domain": "c.example", "domain_type": "pull-flv", "push_domain": None},
        {"domain": "d.example", "domain_type": "pull-flv", "push_domain": "a.example"},
    ]
    store(root, DOMAIN, DAY, rows)
    assert names(account().domains()) == {"a": ANY, "b": PULL, "c": PULL, "d": PULL, "p": PUSH}


def test_domains_compare_as_in_dns_and_keep_the_first_spelling_listed(root, account):
    """So that no domain is asked twice, and rows of all days carry one name: be it that of a binding."""
    pull = {"domain_type": "pull-flv"}
    store(root, DOMAIN, DAY, [{"domain": "Pull.Example", **pull, "push_domain": "PUSH.example."}])
    store(
        root,
        DOMAIN,
        NEXT,
        [
            {"domain": "pull.example.", **pull, "push_domain": "push.example"},
            {"domain": "Push.example", "domain_type": "push"},
        ],
    )
    found = {domain.name: domain.role for domain in account().domains()}
    assert found == {"Pull.Example": PULL, "PUSH.example.": PUSH}


def test_domains_in_the_settings_compare_as_in_dns(account):
    found = account(push_domains=("X.example", "p.example"), pull_domains=("x.Example.",))
    assert found.domains() == (Domain("X.example", ANY), Domain("p.example", PUSH))


@pytest.mark.parametrize("pattern", ["a.example", "A.EXAMPLE.", "*.Example"])
def test_patterns_of_domains_compare_as_in_dns(pattern):
    assert replace(DATASETS["stream_session"], domains=(pattern,)).includes_domain("A.example")


def test_domains_in_the_settings_are_the_only_ones(root, account):
    listed(root, DAY, a="push", b="pull-flv")
    found = account(push_domains=("p.example",), pull_domains=("q.example", "q.example"))
    assert names(found.domains()) == {"p": PUSH, "q": PULL}


def test_a_domain_that_the_settings_name_for_both_is_asked_for_both(account):
    found = account(push_domains=("x.example", "p.example"), pull_domains=("x.example",))
    assert names(found.domains()) == {"p": PUSH, "x": ANY}


def test_domains_in_the_settings_need_no_list(account):
    assert account(pull_domains=("q.example",)).domains() == (Domain("q.example", PULL),)


def test_domains_come_in_one_order_however_they_were_listed(root, account):
    listed(root, DAY, c="push", a="pull", b="push")
    assert [d.name for d in account().domains()] == ["a.example", "b.example", "c.example"]


@pytest.mark.parametrize("captured", [False, True], ids=["never listed", "an empty list"])
def test_without_any_domain_nothing_is_planned_and_the_way_out_is_named(captured, root, account):
    if captured:
        listed(root, DAY)
    said = not_yet(account().domains)
    assert "no domain is known" in said
    assert "[domains]" in said


# Carriers ----------------------------------------------------------------------------------------


def test_carriers_are_those_of_the_newest_list_and_only_splits_need_them(root, account):
    store(root, ISP, DAY, [{"isp": "old"}])
    store(root, ISP, NEXT, [{"isp": "telecom"}, {"isp": "mobile"}])
    one = account(pull_domains=("q.example",))
    assert one.inventory_for(DATASETS["stream_session"], DAY).isps == ("mobile", "telecom")
    assert one.inventory_for(DATASETS["stream_count"], DAY).isps == ()


def test_carriers_and_regions_keep_the_first_spelling_listed(root, account):
    """So that rows of all days carry one code."""
    codes = ("area_code", "country_code", "province_code")
    for day, isp, place in (
        (DAY, "telecom", ("CN", "CN", "sh")),
        (NEXT, "Telecom", ("cn", "cn", "SH")),
    ):
        store(root, ISP, day, [{"isp": isp}])
        store(root, DATASETS["region"], day, [dict(zip(codes, place, strict=True))])
    one = account(pull_domains=("q.example",))
    assert one.isps() == ("telecom",)
    assert one.regions(3) == ("CN/CN/sh",)


def test_a_split_by_carrier_waits_for_the_list_of_carriers(account):
    one = account(pull_domains=("q.example",))
    said = not_yet(one.inventory_for, DATASETS["stream_session"], DAY)
    assert "capture the dataset isp first" in said


@pytest.mark.parametrize(
    "lists",
    [
        [()], [(), ()], [("",), (" ",)],
        [("telecom",), ()], [("telecom",), (), ()], [("telecom",), ("",)], [("telecom", "", " ")],
    ],
)  # fmt: skip
def test_an_empty_list_of_carriers_is_a_fault_that_passes(root, account, lists):
    """The last that had any counts; where none had, the message says to ask anew."""
    for day, names in zip((DAY, NEXT, THIRD), lists, strict=False):
        store(root, ISP, day, [{"isp": name} for name in names])
    one = account(pull_domains=("q.example",))
    if "telecom" in lists[0]:
        assert one.inventory_for(DATASETS["stream_session"], DAY).isps == ("telecom",)
        assert [*listed_values(root, "isps")] == ["carrier telecom"]
    else:
        said = not_yet(one.inventory_for, DATASETS["stream_session"], DAY)
        assert "listed no carriers so far: run the same again" in said


# Values that cuts draw from the account ----------------------------------------------------------


def drawing(source, key="user_regions"):
    cut = Cut(
        name="x",
        endpoint="DescribeLivePlayStatusCodeData",
        split=("Domain",),
        each=(key,),
        **{key: source},
    )
    return cut_dataset(cut)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("areas", ("AP", "CN")),
        ("countries", ("AP/SG", "CN/CN")),
        ("provinces", ("CN/CN/hebei",)),
    ],
)
def test_regions_are_those_of_the_newest_list(source, found, root, account):
    one = account(pull_domains=("q.example",))
    assert "capture the dataset region first" in not_yet(one.inventory_for, drawing(source), DAY)
    codes = ("area_code", "country_code", "province_code")
    places = [("CN", "CN", "hebei"), ("AP", "SG", None)]
    store(root, DATASETS["region"], DAY, [dict(zip(codes, place, strict=True)) for place in places])
    assert (
        getattr(account(pull_domains=("q.example",)).inventory_for(drawing(source), DAY), source)
        == found
    )


def test_carriers_can_be_drawn_without_a_split(root, account):
    store(root, ISP, DAY, [{"isp": "telecom"}])
    one = account(pull_domains=("q.example",))
    assert one.inventory_for(drawing("all", "isps"), DAY).isps == ("telecom",)


def test_patterns_of_a_cut_that_fit_no_domain_name_its_section(account):
    cut = Cut(name="x", endpoint="DescribeLivePlayStatusCodeData", domains=("a.*",))
    one = account(pull_domains=("q.example",))
    assert "cut.x.domains = ['a.*'] fits none" in not_yet(one.inventory_for, cut_dataset(cut), DAY)


# Streams -----------------------------------------------------------------------------------------

METRICS = DATASETS["source_stream_metrics"]
SOURCES = METRICS.streams_from


def live(root, source, day, *streams):
    rows = [dict(zip(("domain", "app", "stream"), s, strict=True)) for s in streams]
    return store(root, DATASETS[source], day, rows)


@pytest.fixture
def streams(account):
    def of(day=DAY, lost=frozenset(), **more):
        one = account(pull_domains=("q.example",), push_domains=("p.example",), **more)
        return {(s.domain, s.app, s.stream) for s in one.inventory_for(METRICS, day, lost).streams}

    return of


def test_streams_of_a_day_are_those_of_all_sources_together(root, streams):
    seen = [("q", "app", f"s{i}") for i in range(len(SOURCES))]
    for i, source in enumerate(SOURCES):
        live(root, source, DAY, seen[i], ("q", "app", "everywhere"), ("q", "app", "everywhere"))
        live(root, source, NEXT, ("q", "app", "tomorrow"))
    assert streams() == {*seen, ("q", "app", "everywhere")}


def test_names_of_streams_are_data(root, streams):
    hostile = ("q'; DROP TABLE x", "../..", "a\nb/<script>")
    live(root, SOURCES[0], DAY, hostile)
    for source in SOURCES[1:]:
        live(root, source, DAY)
    assert streams() == {hostile}


def test_known_streams_are_ready_for_planning(root, account):
    for source in SOURCES:
        live(root, source, DAY, ("q", "a", "s"))
    found = account(pull_domains=("q",)).inventory_for(METRICS, DAY).streams
    assert set(found) == {Stream("q", "a", "s")}


def test_a_day_waits_until_every_source_is_captured_and_names_those_that_are_not(root, streams):
    live(root, SOURCES[0], DAY, ("q", "a", "s"))
    said = not_yet(streams)
    assert all(source in said for source in SOURCES[1:])
    assert SOURCES[0] not in said
    assert f"{DAY} must be captured first" in said


def test_what_is_lost_or_switched_off_is_not_waited_for(root, streams):
    live(root, SOURCES[0], DAY, ("q", "a", "s"))
    assert streams(lost=frozenset(SOURCES[1:])) == {("q", "a", "s")}
    assert streams(datasets_off=SOURCES[1:]) == {("q", "a", "s")}


def test_a_source_that_is_switched_off_is_not_read(root, streams):
    for source in SOURCES:
        live(root, source, DAY, ("q", "a", source))
    assert streams(datasets_off=SOURCES[:1]) == {("q", "a", source) for source in SOURCES[1:]}


def test_without_any_source_it_is_said_what_to_switch(streams):
    said = not_yet(lambda: streams(datasets_off=SOURCES))
    assert METRICS.name in said
    assert "switch one of them on, or this dataset off" in said


# Addresses ---------------------------------------------------------------------------------------

IP_INFO = DATASETS["ip_info"]


@pytest.fixture
def addresses(account):
    def of(lost=frozenset()):
        return sorted(
            account(push_domains=("p.example",)).inventory_for(IP_INFO, DAY, lost).addresses
        )

    return of


def test_addresses_of_a_day_are_those_of_all_columns_that_hold_some(root, addresses):
    store(
        root,
        DATASETS["batch_push_stream_metrics"],
        DAY,
        [{"client_ip": "192.0.2.1", "server_ip": "192.0.2.2"}, {"client_ip": "192.0.2.1"}],
    )
    store(root, DATASETS["push_stream_info"], DAY, [{"client_ip": "2001:db8::1"}])
    assert set(addresses()) == {"192.0.2.1", "192.0.2.2", "2001:db8::1"}


@pytest.mark.parametrize(
    "text",
    ["", "-", "unknown", "192.0.2.256", "192.0.2", " 192.0.2.1", "192.0.2.1:80", "fe80::1%eth0"],
)
def test_what_is_no_address_is_not_asked_for(text, root, addresses):
    """One of them would make the API refuse the other 49 of its request."""
    metrics = DATASETS["batch_push_stream_metrics"]
    store(root, metrics, DAY, [{"client_ip": text, "server_ip": "192.0.2.2"}])
    store(root, DATASETS["push_stream_info"], DAY, [])
    assert addresses() == ["192.0.2.2"]


def test_addresses_wait_for_both_sources_unless_one_is_lost(root, addresses):
    store(root, DATASETS["push_stream_info"], DAY, [{"client_ip": "192.0.2.1"}])
    assert "batch_push_stream_metrics" in not_yet(addresses)
    assert addresses(lost=frozenset({"batch_push_stream_metrics"})) == ["192.0.2.1"]


# Files -------------------------------------------------------------------------------------------


def test_snapshots_are_oldest_first_and_foreign_folders_none_of_them(root):
    paths = [listed(root, day, a="push") for day in (THIRD, DAY, NEXT)]
    for name in ("day=2026-11-20.bak", "day=never", "2026-11-20", "day=20261123"):
        (root / "domain" / name).mkdir()
        (root / "domain" / name / parquet.FILE).write_bytes(paths[0].read_bytes())
    assert snapshots(root, "domain") == sorted(paths)
    assert snapshots(root, "isp") == []


def test_a_damaged_file_is_named_with_the_way_to_mend_it(root, account):
    path = listed(root, DAY, a="push")
    whole = path.read_bytes()
    for damaged in (b"", b"PAR1", whole[:-9], whole.replace(b"a.example", b"z.example")):
        path.write_bytes(damaged)
        said = not_yet(account().domains)
        assert str(path) in said
        assert "livestats replay" in said
