"""What a publication did."""

from resources.publish_to.result import Result


def test_by_default_a_publication_is_new_and_has_changed_nothing():
    done = Result(where="there", schema="stats", tables=2)
    assert done.is_new
    assert (done.changed, done.removed, done.rows) == ((), (), 0)
