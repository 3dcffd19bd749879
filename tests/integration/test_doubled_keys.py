"""Keys that the vendor lists twice in one answer: every push is kept, of a domain the living one."""

import pytest

from resources.capture.result import Outcome
from resources.raw import captures
from tests.support.archives import DAYS, SMALL, failures, lab
from tests.support.suites import slow

PUSHES = "push_stream_info"
NAMES = ("domain", PUSHES)
LIST = "ListDomainDetail"
TWICE = "doubled-key=2@action=DescribeLivePushStreamInfoData"
KEY = "domain, app, stream, push_started_at, client_ip"


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The pushes of both days from an account that lists each once."""
    with lab(tmp_path_factory.mktemp("plain") / "home", SMALL, names=NAMES) as one:
        one.capture(DAYS)
        one.load()
        yield one.rows(f"SELECT {KEY}, business_date FROM {PUSHES} ORDER BY ALL")


@pytest.mark.parametrize(("kind", "priorities"), [("other", {"", "backup"}), slow("equal", {""})])
def test_two_pushes_of_one_second_are_two_rows_and_asking_again_is_no_revision(
    tmp_path, plain, kind, priorities
):
    manners = [f"{TWICE}@kind={kind}"]
    with lab(tmp_path / "home", SMALL, names=NAMES, manners=manners) as one:
        assert failures(one.capture(DAYS)) == []
        one.load()
        assert one.rows(f"SELECT DISTINCT {KEY}, business_date FROM {PUSHES} ORDER BY ALL") == plain
        twice = one.rows(
            f"SELECT list(occurrence ORDER BY occurrence), list(DISTINCT stream_priority) "
            f"FROM {PUSHES} GROUP BY {KEY} HAVING count(*) > 1"
        )
        assert len(twice) >= len(DAYS)
        assert all(numbers == [1, 2] and {*found} == priorities for numbers, found in twice)
        ((pushes, sessions),) = one.rows(
            f"SELECT (SELECT count(*) FROM {PUSHES}), (SELECT count(*) FROM push_sessions)"
        )
        assert pushes == sessions == len(plain) + len(twice)
        again = one.capture(DAYS, [PUSHES], again=True)
        assert {result.outcome for result in again} == {Outcome.UNCHANGED}
        one.load()
        assert one.rows("SELECT count(*) FROM revisions") == [(0,)]


@pytest.mark.parametrize("kind", ["other", slow("equal")])
def test_a_domain_listed_twice_is_one_row_and_asking_again_is_no_revision(tmp_path, kind):
    manners = [f"doubled-key=2@action={LIST}@kind={kind}"]
    with lab(tmp_path / "home", SMALL, names=["domain"], manners=manners) as one:
        for again in (False, True):
            assert failures(one.capture([], ["domain"], again=again)) == []
        assert one.simulator.calls[LIST] == 2
        one.load()
        listed = one.rows("SELECT domain, status FROM domain ORDER BY domain")
        assert listed == [("pull-1.sim.example", 0), ("push-1.sim.example", 0)]
        (folder,) = captures.days_of(one.archive.home.raw, "domain").values()
        assert len(captures.captures_in(folder)) == 1
        assert one.rows("SELECT count(*) FROM revisions") == [(0,)]


@pytest.mark.parametrize(("most", "counts"), [(2, "given"), (2, "asked"), (5, "asked")])
def test_equal_rows_on_the_small_pages_of_a_server_are_no_page_that_comes_again(
    tmp_path, most, counts
):
    """Pages of other sizes are asked for as proof, down to one row: two of them are then equal."""
    manners = ["doubled-key=2@kind=equal", f"short-pages={most}@counts={counts}"]
    about = f"@action={LIST},DescribeLivePushStreamInfoData"
    manners = [f"{one}{about}" for one in manners]
    with lab(tmp_path / "home", SMALL, names=NAMES, manners=manners) as one:
        assert failures(one.capture(DAYS)) == []
        one.load()
        ((twice,),) = one.rows(f"SELECT count(*) FROM {PUSHES} WHERE occurrence = 2")
        assert twice >= len(DAYS)
