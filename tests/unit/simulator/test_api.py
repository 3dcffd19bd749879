"""The simulated API without a network."""

import pytest

from resources.api.catalog import ENDPOINTS
from resources.simulator.api import ANSWERERS, Api
from resources.simulator.refusals import Refused
from resources.simulator.settings import AnswerOptions
from tests.support.small_world import NOW, world

api = Api(world, AnswerOptions())


def test_what_is_answered_from_the_world_is_in_the_catalog():
    """A new entry is answered by made-up figures until somebody writes its own."""
    assert {*ANSWERERS} <= {*ENDPOINTS}


def test_an_action_that_does_not_exist_is_refused():
    with pytest.raises(Refused, match="InvalidActionOrVersion"):
        api.answer("DescribeNothing", {}, NOW)


def test_the_same_question_has_the_same_answer():
    assert api.answer("DescribeLiveISPData", {}, NOW) == api.answer("DescribeLiveISPData", {}, NOW)
