"""Which refusals of the key are of one action, and which are of all."""

import pytest

from resources.api.errors import FixAction, FixRequest, FixSetup, TryLater
from resources.api.witness import QUESTIONS, REMEMBERED_S, Witness

FIRST, SECOND = (action for action, _ in QUESTIONS)
ACTION = "DescribeLiveEdgeStatData"
WRONG_KEY = FixSetup("refused", "Check the key.", code="SignatureDoesNotMatch", code_n=100010)
NOT_OFFERED = FixAction("refused", code="InvalidActionOrVersion")


class World:
    def __init__(self, **answers):
        self.now_s, self.asked, self.answers = 0.0, [], answers
        self.witness = Witness(self.ask, lambda: self.now_s)

    def ask(self, action, _):
        self.asked.append(action)
        if (error := self.answers.get(action)) is not None:
            raise error

    def judge(self, action=ACTION):
        return self.witness.judge(action, WRONG_KEY)


@pytest.mark.parametrize(
    ("answer", "is_final"),
    [
        (None, False),
        (WRONG_KEY, True),
        (FixSetup("refused", code="InvalidSecretToken"), True),
        (FixAction("refused", code="LackPolicy"), False),
        (FixRequest("refused", code="InvalidParam"), False),
    ],
    ids=["answered", "refused too", "token refused", "no permission", "odd parameter"],
)
def test_the_second_action_decides(answer, is_final):
    world = World(**{FIRST: answer})
    found = world.judge()
    assert (found is WRONG_KEY) is is_final
    assert is_final or (type(found) is FixAction and found.advice == "Check the key.")
    assert world.asked == [FIRST]


@pytest.mark.parametrize(
    "vague",
    [NOT_OFFERED, FixRequest("a page"), TryLater("later")],
    ids=["not offered", "a page of a gateway", "throttled"],
)
def test_an_answer_that_does_not_say_is_followed_by_another_question(vague):
    assert type(World(**{FIRST: vague}).judge()) is FixAction
    assert World(**{FIRST: vague, SECOND: WRONG_KEY}).judge() is WRONG_KEY
    nobody = World(**{FIRST: vague, SECOND: vague}).judge()
    assert type(nobody) is FixAction
    assert "no other action could be asked" in nobody.what


def test_an_action_is_no_witness_of_itself():
    world = World(**{FIRST: WRONG_KEY})
    assert type(world.judge(FIRST)) is FixAction
    assert world.asked == [SECOND]


def test_a_network_that_is_gone_is_told_as_that():
    world = World(**{FIRST: FixSetup("a name does not resolve")})
    with pytest.raises(FixSetup, match="does not resolve"):
        world.judge()


def test_what_was_found_is_remembered_for_a_while():
    for answers, kind in (({}, FixAction), ({FIRST: WRONG_KEY}, FixSetup)):
        world = World(**answers)
        for now_s, asked in ((0, 1), (REMEMBERED_S - 1, 1), (REMEMBERED_S, 2)):
            world.now_s = now_s
            assert type(world.judge()) is kind
            assert len(world.asked) == asked


def test_a_second_action_that_is_refused_is_looked_at_anew():
    """The key was revoked after the first was found to be alone."""
    world = World()
    assert type(world.judge()) is FixAction
    world.answers[FIRST] = WRONG_KEY
    assert world.judge("DescribeLiveTopPlayData") is WRONG_KEY


def test_any_success_ends_what_was_remembered():
    world = World(**{FIRST: WRONG_KEY})
    assert world.judge() is WRONG_KEY
    world.answers.clear()
    world.witness.accepted("DescribeLiveTopPlayData", -1.0)
    assert type(world.judge()) is FixAction


@pytest.mark.parametrize(("began_s", "is_proof"), [(5.0, False), (7.0, True)])
def test_only_a_success_that_began_after_the_refusal_counts(began_s, is_proof):
    """A call that began before it may have been admitted before the key was revoked."""
    world = World(**{FIRST: WRONG_KEY})
    world.now_s = 6.0
    world.witness.accepted(SECOND, began_s)
    assert (type(world.judge()) is FixAction) is is_proof
    assert world.asked == ([] if is_proof else [FIRST])
