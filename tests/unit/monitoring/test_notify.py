"""What is sent of the alarms: what is new, worse or over."""

from types import SimpleNamespace

import pytest

from resources.monitoring import notify
from resources.monitoring.model import Alarm, AlarmKind


def alarm(subject, mark=""):
    return Alarm(kind=AlarmKind.GAP, subject=subject, text="t", remedy="r", mark=mark)


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Says which alarms stand now; gives what is sent as (new, gone)."""
    archive = SimpleNamespace(home=SimpleNamespace(state=tmp_path / "state"))

    def tell(*standing, send=None):
        sent = []
        monkeypatch.setattr(notify, "active_alarms", lambda _: [*standing])
        notify.notify_changes(archive, send or sent.append)
        return [([a.subject for a in change.new], [*change.gone]) for change in sent]

    return tell


def test_an_alarm_is_sent_once_and_once_more_when_it_is_over(told):
    assert told(alarm("a")) == [(["a"], [])]
    assert told(alarm("a")) == []
    assert told() == [([], ["gap a"])]
    assert told() == []


def test_an_alarm_that_grows_is_sent_again_and_one_that_shrinks_is_not(told):
    told(alarm("a", "2"))
    assert told(alarm("a", "3")) == [(["a"], [])]
    assert told(alarm("a", "1")) == []


def test_what_could_not_be_sent_is_sent_the_next_time(told):
    def fail(_):
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - any will do
        told(alarm("a"), send=fail)
    assert told(alarm("a")) == [(["a"], [])]


def test_a_damaged_note_sends_again(told, tmp_path):
    told(alarm("a"))
    (tmp_path / "state" / notify.SENT).write_bytes(b"{")
    assert told(alarm("a")) == [(["a"], [])]
