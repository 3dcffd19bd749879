"""Alarms as they are shown."""

from resources.monitoring.model import Alarm, AlarmKind, grouped


def alarm(subject, text="a day is missing", kind=AlarmKind.GAP):
    return Alarm(kind=kind, subject=subject, text=text, remedy="Run it.")


def test_alarms_that_say_the_same_are_one_line_that_names_all():
    found = grouped([alarm("a"), alarm("b"), alarm("a", kind=AlarmKind.LOST), alarm("c", "other")])
    assert [(one.kind, one.subject) for one in found] == [
        ("gap", "a, b"),
        ("lost", "a"),
        ("gap", "c"),
    ]


def test_an_alarm_is_the_same_whatever_its_text():
    assert alarm("a").key == alarm("a", "two days are missing").key == "gap a"
    assert alarm("a").key != alarm("a", kind=AlarmKind.LOST).key
