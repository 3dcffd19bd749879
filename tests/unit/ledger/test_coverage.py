"""What a captured day lacks: compared by names as DNS has them, and with captures in their place."""

import shutil
from datetime import UTC, date, datetime, timedelta

import pytest

from resources.api.catalog import DATASETS
from resources.api.parsing.parse import Rows
from resources.capture import supplement
from resources.config import Settings
from resources.home.layout import Home
from resources.lake import parquet
from resources.ledger.coverage import Coverage
from resources.raw import captures
from resources.raw.capture_writer import CaptureWriter
from tests.support.lake_files import store, table

DOMAIN, BATCH, EACH, PUSHES = (
    DATASETS[name]
    for name in ("domain", "batch_push_stream_metrics", "push_stream_metrics", "push_stream_info")
)
DAY = date(2026, 11, 20)
AT = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def home(tmp_path):
    """An account with one push domain."""
    found = Home(tmp_path)
    store(found.lake, DOMAIN, DAY, [{"domain": "Push.Example", "domain_type": "push"}])
    return found


def sealed(home, dataset, payloads, day=DAY, **facts):
    """A capture with these requests, whose answers nobody reads."""
    folder = captures.folder_of(home.raw, dataset.name, day)
    folder.mkdir(parents=True, exist_ok=True)
    writer = CaptureWriter(folder, dataset, day)
    for number, payload in enumerate(payloads):
        writer.add(captures.Response(number, 1, payload, AT.isoformat(), 2, captures.pack(b"{}")))
    return writer.commit(writer.seal(AT, 1, None, {"time_zone": "Asia/Shanghai", **facts}))


def listing(home, *streams):
    """A day's list of streams: domain and name."""
    rows = [{"domain": domain, "app": "live", "stream": name} for domain, name in streams]
    made = sealed(home, BATCH, [{"Domain": "Push.Example"}])
    writer = parquet.LakeWriter(parquet.path_of(home.lake, BATCH.name, DAY), BATCH, DAY)
    slot = {"slot_start_at": datetime(2026, 11, 20, 4, tzinfo=UTC)}
    writer.add(Rows(table(BATCH, [{**slot, **row} for row in rows]), 0, (), ()))
    writer.seal(made.name, 1)
    writer.commit()
    return made


def asking(home, *streams):
    """A capture that asked for these streams."""
    return sealed(
        home, EACH, [{"Domain": domain, "App": "live", "Stream": name} for domain, name in streams]
    )


def coverage(home, **settings):
    return Coverage(home.raw, home.lake, Settings(home=home.root, **settings))


@pytest.mark.parametrize(
    ("listed", "asked", "lacking"),
    [
        (("push.example", "a"), ("Push.Example", "a"), ()),
        (("PUSH.EXAMPLE.", "a"), ("push.example", "a"), ()),
        (("push.example", "A"), ("Push.Example", "a"), ("Push.Example/live/A",)),
    ],
    ids=["case of a domain", "a dot at its end", "case of a stream"],
)
def test_domains_of_streams_compare_as_in_dns_and_streams_exactly(home, listed, asked, lacking):
    listing(home, listed)
    made = asking(home, asked)
    assert coverage(home).lacking(EACH, DAY, made.name) == lacking


def test_a_stream_that_differs_in_case_alone_is_asked_by_the_supplement(home):
    made = asking(home, ("Push.Example", "room"))
    plan = [
        supplement.request_of(EACH, {"Domain": "push.example", "App": "live", "Stream": name})
        for name in ("room", "Room")
    ]
    lacking = ["push.example/live/Room"]
    (found,) = supplement.requests_for(EACH, plan, lacking, made)
    assert found.payload["Stream"] == "Room"


@pytest.mark.parametrize("what", ["another day", "another dataset", "another zone"])
def test_a_source_in_the_wrong_place_does_not_count(home, what):
    """Neither for what is expected, nor as the source that a new capture notes."""
    folder = captures.folder_of(home.raw, BATCH.name, DAY)
    if what == "another zone":
        sealed(home, BATCH, [{"Domain": "Push.Example"}], time_zone="Europe/Berlin")
    else:
        named = BATCH if what == "another day" else DATASETS["push_stream_info"]
        wrong = sealed(home, named, [{"Domain": "Push.Example"}], DAY + timedelta(days=1))
        folder.mkdir(parents=True)
        shutil.move(wrong.folder, folder)
    assert captures.captures_in(folder)
    assert coverage(home).sources(EACH, DAY) == {}
    shutil.rmtree(folder)
    placed = listing(home, ("push.example", "a"))
    assert coverage(home).sources(EACH, DAY) == {BATCH.name: placed.name.text}


# Domains whose role no other has -------------------------------------------------------------------


PULL = ["pull.example"]


@pytest.mark.parametrize(
    ("asked", "known", "facts", "now", "lacking"),
    [
        (["push.example"], ["push.example", *PULL], {}, PULL, ()),  # gone, or out of the settings
        ([], PULL, {"erased": ["1"]}, PULL, ()),
        ([], PULL, {"erased": ["1"]}, [*PULL, "new.example"], ()),
        (PULL, PULL, {}, [*PULL, "new.example"], ("new.example",)),  # none was a push domain
    ],
    ids=["gone", "erased", "erased, and one is new", "without roles"],
)
def test_a_day_does_not_lack_domains_of_another_role(tmp_path, asked, known, facts, now, lacking):
    """When the only push domain is erased, or called gone, nobody asked the pull domains for pushes."""
    home = Home(tmp_path)
    payloads = [{"Domain": one} for one in asked]
    made = sealed(home, PUSHES, payloads, domains=known, **facts)
    assert coverage(home, pull_domains=tuple(now)).lacking(PUSHES, DAY, made.name) == lacking


@pytest.mark.parametrize(
    ("asked", "facts", "lacking"),
    [
        ([("push.example", "a")], {}, ()),  # gone since
        ([], {"erased": ["1"]}, ()),
        ([("pull.example", "a")], {"erased": ["1"]}, ("pull.example/live/b",)),
        ([("pull.example", "a")], {}, ("pull.example/live/b",)),
        ([], {}, ("pull.example/live/a", "pull.example/live/b")),
    ],
    ids=["gone", "erased", "erased beside it", "without roles", "nothing listed then"],
)
def test_a_day_does_not_lack_streams_of_another_role(tmp_path, asked, facts, lacking):
    home = Home(tmp_path)
    listing(home, ("pull.example", "a"), ("pull.example", "b"))
    made = sealed(
        home, EACH, [{"Domain": domain, "App": "live", "Stream": name} for domain, name in asked],
        domains=PULL, **facts,
    )  # fmt: skip
    found = coverage(home, pull_domains=tuple(PULL)).lacking(EACH, DAY, made.name)
    assert tuple(one for one in found if "/" in one) == lacking
