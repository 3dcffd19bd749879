"""Two versions of a note: lists are joined, of all else the store's counts."""

from resources.fs import sealed
from resources.raw import erasures, seen_notes, tombstones
from resources.shared.merge import merged


def facts(name, here, there):
    return sealed.unseal(merged(name, sealed.seal(here), sealed.seal(there)))


def test_lists_have_what_both_say_once_in_order():
    one, two, three = ({"capture": "x", "seen_at": f"2026-11-2{n}"} for n in range(3))
    joined = facts(seen_notes.SEEN, {"seen": [one, three]}, {"seen": [one, two]})
    assert joined == {"seen": [one, two, three]}


def test_a_tombstone_is_one_of_an_erasure_and_a_capture():
    ours = {"erasure": "e", "capture": "a", "became": "b", "at": "1"}
    theirs = ours | {"became": "c"}
    assert facts(tombstones.ERASED, {"erased": [ours]}, {"erased": [theirs]}) == {
        "erased": [theirs]
    }


def test_an_erasure_is_finished_if_either_says_so():
    begun = {"id": "e", "at": "1", "is_finished": False}
    done = begun | {"is_finished": True, "rows": 3}
    for here, there in ((begun, done), (done, begun)):
        assert facts(erasures.FILE, {"erasures": [here]}, {"erasures": [there]}) == {
            "erasures": [done]
        }


def test_what_a_person_called_gone_stays_gone_in_one_archive():
    theirs = {"id": "a", "format": 3, "gone_domains": ["x.example"]}
    ours = {"id": "a", "format": 2, "gone_domains": ["y.example"], "cold": "s3://b/p"}
    joined = theirs | {"gone_domains": ["x.example", "y.example"]}
    assert facts("archive.json", ours, theirs) == joined
    assert facts("archive.json", ours | {"id": "b"}, theirs) == theirs


def test_of_other_and_damaged_notes_the_one_of_the_store_counts():
    assert merged("partial.json", b"ours", b"theirs") == b"theirs"
    assert merged(seen_notes.SEEN, b"damaged", b"theirs") == b"theirs"
