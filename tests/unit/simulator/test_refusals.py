"""Refusals of the simulated API."""

import pytest

from resources.simulator.refusals import CODES, Refused, invalid_parameter


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_its_status_and_its_number_if_one_is_known(code):
    error = Refused(code, "why")
    assert 400 <= error.http_status <= 504
    told = error.as_error()
    assert (told["Code"], told["Message"]) == (code, "why")
    assert told.get("CodeN") == CODES[code][0]


def test_a_value_that_is_not_allowed_is_an_invalid_parameter():
    assert invalid_parameter("why").code == "InvalidParam"
