"""Topics and their words."""

from string import Formatter

from pipelines.probe.topics import TOPICS, sure

DETAILS = {
    "action",
    "actions",
    "code",
    "status",
    "count",
    "seconds",
    "days",
    "times",
    "echo",
    "least",
}
DETAILS |= {"most", "counts", "fields", "parameter", "per_s", "documented"}


def test_every_topic_says_what_was_found():
    for topic in TOPICS.values():
        assert topic.title
        assert all(words for words, _ in topic.answers.values())


def test_words_name_known_details_only():
    texts = [w for topic in TOPICS.values() for pair in topic.answers.values() for w in pair]
    names = {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}
    assert names <= DETAILS


def test_the_words_of_a_finding_have_its_details():
    found = sure("sums", "times", times=3, actions=("A", "B"))
    assert found.words == "3 times the rows: A, B"
    assert sure("action", "timed out", action="A").title == "A"
