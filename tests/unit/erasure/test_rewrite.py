"""A capture without an item: what it shares with others stays shared, and the same input gives the same."""

import json
from datetime import timedelta

import pytest

from resources.erasure.rewrite import is_named, rewrite
from resources.home.layout import Home
from resources.raw import captures
from resources.raw.capture_writer import CaptureWriter
from resources.raw.captures import Response
from resources.raw.erasures import ItemKind, PlainItem
from tests.support.restated_captures import DAY, FIRST, TRAFFIC, answer, capture

ONE = {("a.example", "one"): (1.0, 2.0), ("b.example", "one"): (3.0, 4.0)}
OTHER = {("c.example", "one"): (1.0, 2.0)}


def item(text):
    return PlainItem.parse(ItemKind.DOMAIN, text)


@pytest.fixture
def supplement(tmp_path):
    """Carries the answer about two domains, and has one about a third."""
    home = Home(tmp_path)
    first = capture(home, FIRST, ONE, facts={"time_zone": "Asia/Shanghai"})
    writer = CaptureWriter(first.folder.parent, TRAFFIC, DAY)
    writer.carry(first)
    said = answer(OTHER)
    payload = {**first.manifest["requests"][0]["payload"], "DomainList": ["c.example"]}
    writer.add(Response(writer.next_request, 1, payload, "", len(said), captures.pack(said)))
    at = FIRST + timedelta(hours=1)
    return writer.commit(writer.seal(at, 3, first.name, {"time_zone": "Asia/Shanghai"}))


def test_answers_that_do_not_name_it_stay_one_file_with_those_of_others(supplement):
    made = rewrite(supplement, TRAFFIC, DAY, item("c.example"), "1")
    carried = made.folder / "carried-1.zst"
    assert carried.stat().st_ino == (supplement.folder / "carried-1.zst").stat().st_ino
    one = captures.Capture(made.folder, made.name)
    assert [entry["walk"] for entry in one.manifest["requests"]] == [0]
    assert made.name.rows == 2
    assert made.name.fetched_at == supplement.name.fetched_at
    assert len([*one.responses()]) == 1


def test_carried_answers_lose_it_as_well(supplement):
    made = rewrite(supplement, TRAFFIC, DAY, item("a.example"), "1")
    one = captures.Capture(made.folder, made.name)
    assert [json.loads(body)["Result"]["DomainList"] for *_, body in one.responses()] == [
        ["b.example"], ["c.example"],
    ]  # fmt: skip
    assert made.name.rows == 2
    assert one.manifest["erased"] == ["1"]
    assert not is_named(one, TRAFFIC, item("a.example"))


def test_the_same_again_gives_the_same(supplement):
    made = [rewrite(supplement, TRAFFIC, DAY, item("b.example"), "1") for _ in range(2)]
    assert made[0].name == made[1].name
    made[0].discard()
    assert not made[0].folder.exists()


def test_a_body_that_is_no_json_is_emptied(tmp_path):
    folder = tmp_path / "raw" / TRAFFIC.name / str(DAY)
    folder.mkdir(parents=True)
    writer = CaptureWriter(folder, TRAFFIC, DAY)
    said = b"<p>no route to a.example</p>"
    payload = {"DomainList": ["a.example", "b.example"]}
    writer.add(Response(0, 1, payload, "", len(said), captures.pack(said)))
    writer.commit_rejected(FIRST, {"rejected": [{"payload": payload}]})
    (kept,) = captures.rejected_in(folder)
    made = rewrite(kept, TRAFFIC, DAY, item("a.example"), "1")
    ((*_, body),) = captures.Capture(made.folder, made.name).responses()
    assert body == b""
