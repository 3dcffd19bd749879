"""Rejected answers become captures without the API, once a version can read them."""

import json
import re
from datetime import timedelta

import pytest

from pipelines.backfill import replay
from resources.api.catalog import DATASETS
from resources.capture.result import Outcome
from resources.lake import parquet
from resources.ledger.states import State
from resources.raw import captures
from resources.simulator import Account
from resources.verify.run import Verification
from tests.support import unquoting
from tests.support.archives import DAYS, NOW, lab

DAY = max(DAYS)
NAME = "source_traffic"
PUSHES = "push_stream_info"
TRAFFIC = "@action=DescribeLiveSourceTrafficData"
PUSHED, PULLED = "push-2.sim.example", "pull-2.sim.example"
ACCOUNT = Account(domains=2, streams_per_domain=2, deleted=0, audience=0.02)


@pytest.fixture
def of(tmp_path):
    """An archive of a day that was asked while the API behaved in `manners`."""
    opened = []

    def make(*manners, name=NAME, home="home", account=ACCOUNT):
        found = lab(tmp_path / home, account, manners=[*manners])
        opened.append(found)
        lone = found.__enter__().only("domain", "isp", name)
        lone.capture((DAY,))
        return lone

    yield make
    for found in opened:
        found.__exit__(None, None, None)


def folder_of(lone, name=NAME):
    return captures.folder_of(lone.archive.home.raw, name, DAY)


def replayed(lone, name=NAME):
    before = lone.requests
    days = replay.captured(lone.archive, [DATASETS[name]], None, None)
    found = [*replay.replay(lone.archive, days)]
    assert lone.requests == before  # nothing is asked
    assert [one.problem for one in found if one.problem] == []
    return found


def rows(lone, name=NAME):
    return parquet.pq.ParquetFile(parquet.path_of(lone.archive.home.lake, name, DAY)).read()


def entry(lone, name=NAME):
    (line,) = lone.archive.ledger(DATASETS[name], DAY, DAY)
    return line.state, line.lacking


def test_a_day_in_quotes_is_captured_by_the_version_that_reads_quotes(of, monkeypatch):
    lone, good = of("quoted-numbers" + TRAFFIC), of(home="good")
    assert entry(lone)[0] is State.PARTIAL
    assert replayed(lone) == []
    assert entry(lone)[0] is State.PARTIAL
    unquoting.install(monkeypatch)
    (found,) = replayed(lone)
    assert found.is_recovered
    assert rows(lone).equals(rows(good))
    assert entry(lone) == (State.CAPTURED, ())
    (rejected,) = captures.rejected_in(folder_of(lone))
    made = captures.newest(folder_of(lone))
    assert made.name.fetched_at == rejected.name.fetched_at
    assert [one["fetched_at"] for one in made.manifest["requests"]] == [
        one["fetched_at"] for one in rejected.manifest["requests"]
    ]
    (again,) = replayed(lone)
    assert not again.is_recovered
    assert len(captures.captures_in(folder_of(lone))) == 1
    lone.load()
    assert [*Verification(lone.archive, [DATASETS[NAME]], deep=True).findings()] == []


def test_the_answer_of_one_domain_completes_its_day(of, monkeypatch):
    lone, good = of(f"quoted-numbers@domain={PULLED}{TRAFFIC}"), of(home="good")
    assert entry(lone) == (State.INCOMPLETE, (PULLED,))
    unquoting.install(monkeypatch)
    (found,) = replayed(lone)
    assert found.is_recovered
    assert entry(lone) == (State.CAPTURED, ())
    key = [(name, "ascending") for name in DATASETS[NAME].key if name in rows(good).column_names]
    assert rows(lone).sort_by(key).equals(rows(good).sort_by(key))


def test_what_was_never_answered_lacks_in_the_capture(of, monkeypatch):
    # One domain is refused, the other one's answer is not readable: no answer of the day is good.
    action = "@action=DescribeLivePushStreamInfoData"
    lone = of("quoted-numbers" + action, f"refuse-domain={PUSHED}{action}", name=PUSHES)
    assert entry(lone, PUSHES)[0] is State.PARTIAL
    unquoting.install(monkeypatch)
    assert [one.is_recovered for one in replayed(lone, PUSHES)] == [True]
    assert entry(lone, PUSHES) == (State.INCOMPLETE, (PUSHED,))
    (lacking,) = captures.newest(folder_of(lone, PUSHES)).lacking
    assert lacking["items"] == [PUSHED]


@pytest.mark.parametrize("where", ["", f"@domain={PULLED}"])
def test_a_page_of_html_is_never_made_a_capture(of, monkeypatch, where):
    lone = of(f"html-200{where}{TRAFFIC}")
    before = entry(lone), captures.captures_in(folder_of(lone))
    assert captures.rejected_in(folder_of(lone))
    unquoting.install(monkeypatch)
    assert not any(one.is_recovered for one in replayed(lone))
    assert (entry(lone), captures.captures_in(folder_of(lone))) == before


def test_a_day_whose_requests_are_not_all_known_is_not_made_a_capture(of, monkeypatch):
    lone = of("quoted-numbers" + TRAFFIC)
    (rejected,) = captures.rejected_in(folder_of(lone))
    manifest = {k: v for k, v in rejected.manifest.items() if k != "unanswered"}
    monkeypatch.setattr(captures.Capture, "manifest", manifest)
    unquoting.install(monkeypatch)
    assert replayed(lone) == []


def test_pages_are_proven_again(of, monkeypatch):
    lone = of("quoted-numbers@action=DescribeLivePushStreamInfoData", name=PUSHES)
    (rejected,) = captures.rejected_in(folder_of(lone, PUSHES))
    dataset = DATASETS[PUSHES]
    assert dataset.endpoint.paging is not None
    unquoting.install(monkeypatch)
    responses = [*rejected.responses()]
    more = [
        (walk, page, payload, re.sub(rb'("Total\w*":)(\d+)', rb"\g<1>9999", body))
        for walk, page, payload, body in responses
    ]
    assert more != responses
    with monkeypatch.context() as patched:  # the total says that further pages are missing
        patched.setattr(captures.Capture, "responses", lambda _: iter(more))
        assert replayed(lone, PUSHES) == []
    assert [one.is_recovered for one in replayed(lone, PUSHES)] == [True]
    good = of(name=PUSHES, home="good")
    assert rows(lone, PUSHES).equals(rows(good, PUSHES))


def test_equal_rejected_answers_are_kept_once(of):
    lone = of("quoted-numbers" + TRAFFIC)
    later = lone.with_(LIVESTATS_NOW=(NOW + timedelta(days=1)).isoformat())
    later = later.set(datasets_off=lone.archive.settings.datasets_off)
    by_name = {r.dataset: r.outcome for r in later.capture((DAY,))}
    assert by_name[NAME] is Outcome.FAILED
    assert len(captures.rejected_in(folder_of(lone))) == 1
    lone.simulator.manners = []
    later.capture((DAY,))
    assert entry(later) == (State.CAPTURED, ())
    bodies = [
        json.loads(bytes(b)) for *_, b in captures.rejected_in(folder_of(lone))[0].responses()
    ]
    assert bodies  # they stay


def test_what_contradicts_itself_is_suspect_as_if_it_were_captured(of, monkeypatch):
    """One of three questions about the same viewers was answered with nothing, the others in quotes."""
    name, action = "stream_session_by_domain", "DescribeLiveStreamSessionData"
    manners = (f"false-empty={action}@until-call=1", f"quoted-numbers@action={action}")
    account = Account(domains=1, streams_per_domain=2, deleted=0)
    lone = of(*manners, name=name, account=account)
    unquoting.install(monkeypatch)
    (found,) = replayed(lone, name)
    assert found.is_recovered
    (line,) = lone.archive.ledger(DATASETS[name], DAY, DAY)
    assert line.rows
    assert line.is_suspect
