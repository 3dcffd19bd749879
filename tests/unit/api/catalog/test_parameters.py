"""Parameters and the rules between them, over the whole catalog: none contradicts another."""

from resources.api.catalog import ENDPOINTS
from resources.api.catalog.parameters import ExclusiveValue, RequiresValue, WireType
from tests.support.each import each

LISTS = (WireType.TEXTS, WireType.INTEGERS, WireType.REGIONS)
NUMBERS = (WireType.INTEGER, WireType.INTEGER_TEXT, WireType.INTEGERS)
parameters = [(e.action, p) for e in ENDPOINTS.values() for p in e.parameters]


def failing(is_right):
    return [f"{action} {p.name}" for action, p in parameters if not is_right(p)]


def test_names_are_used_once():
    for endpoint in ENDPOINTS.values():
        names = [p.name for p in endpoint.parameters]
        assert len(names) == len(set(names)), endpoint.action


def test_a_default_is_a_value_that_is_allowed():
    assert failing(lambda p: p.default is None or not p.allowed or p.default in p.allowed) == []


def test_limits_are_those_of_numbers_and_lists():
    assert failing(lambda p: p.max_items is None or p.wire_type in LISTS) == []
    assert failing(lambda p: (p.minimum, p.maximum) == (None, None) or p.wire_type in NUMBERS) == []
    assert failing(lambda p: p.minimum is None or p.maximum is None or p.minimum <= p.maximum) == []
    assert failing(lambda p: not p.rounding_s or p.wire_type is WireType.TIME) == []


@each("endpoint", ENDPOINTS.values(), lambda e: e.action)
def test_rules_are_about_parameters_that_there_are(endpoint):
    for rule in endpoint.constraints:
        if isinstance(rule, ExclusiveValue):
            assert endpoint.parameter[rule.name].wire_type in LISTS
            continue
        assert len(rule.names) > (0 if isinstance(rule, RequiresValue) else 1)
        found = [endpoint.parameter[name] for name in rule.names]
        assert not any(p.required for p in found), "a rule about what is always there says nothing"
        if isinstance(rule, RequiresValue):
            assert rule.other not in rule.names
            assert rule.other in endpoint.parameter
