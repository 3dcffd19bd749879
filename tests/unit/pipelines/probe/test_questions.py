"""What a probe asks about."""

from pipelines.probe.calls import Reply
from pipelines.probe.questions import EDGE, Questions
from resources.config import Settings
from tests.support.archives import NOW


class Listing:
    """Answers each question with the same list of domains."""

    def __init__(self, *rows):
        self.rows, self.asked = rows, []

    def ask(self, action, payload, again=0):  # noqa: ARG002
        self.asked.append((action, payload))
        return Reply(action, payload, {"Result": {"DomainList": list(self.rows)}})


def questions(tmp_path, *rows, **settings):
    return Questions(Listing(*rows), Settings(home=tmp_path, **settings), NOW)


def test_domains_that_are_not_deleted_are_asked_first(tmp_path):
    rows = [
        {"Domain": "gone.example", "Type": "pull-flv", "Status": 3},
        {"Domain": "b.example", "Type": "pull-flv", "Status": 0},
        {"Domain": "push.example", "Type": "push", "Status": 0},
        {"Domain": None},
    ]
    found = questions(tmp_path, *rows)
    assert (found.pulls, found.pushes, found.deleted) == (
        ["b.example"],
        ["push.example"],
        ["gone.example"],
    )
    assert questions(tmp_path, rows[0]).pulls == ["gone.example"]


def test_domains_of_the_settings_stand_in_for_the_list(tmp_path):
    assert questions(tmp_path, pull_domains=("a.example",)).pulls == ["a.example"]


def test_a_split_is_asked_for_two_domains_only(tmp_path):
    found = questions(tmp_path)
    one = found.series(EDGE, ["a"], found.start, found.edge, split=True)
    two = found.series(EDGE, ["a", "b"], found.start, found.edge, split=True)
    assert "DetailField" not in one.payload
    assert two.payload["DetailField"] == ["Domain"]
