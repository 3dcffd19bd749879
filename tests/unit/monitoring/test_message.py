"""The text that people read in the chat group, and who gets it."""

from resources.monitoring import Alarm, AlarmChange, AlarmKind, webhook
from resources.monitoring import message as texts

GAP = Alarm(kind=AlarmKind.GAP, subject="edge_stat", text="2026-11-01 is missing", remedy="Run it.")


def test_a_message_names_the_home_what_is_new_and_what_is_over():
    change = AlarmChange(new=[GAP], gone=["disk /srv", "gap top_play", "gap isp"])
    assert texts.message(change, "/srv/livestats").splitlines() == [
        "livestats /srv/livestats",
        "[gap] edge_stat: 2026-11-01 is missing",
        "  -> Run it.",
        "[over] disk /srv",
        "[over] gap top_play, isp",
    ]


def test_it_is_sent_to_the_webhook_of_the_environment(monkeypatch):
    sent = []
    monkeypatch.setattr(webhook, "post", lambda *words: sent.append(words))
    send = texts.sender({webhook.VARIABLE: "https://robot.example/1"}, "home")
    send(AlarmChange(new=[GAP], gone=[]))
    ((url, text),) = sent
    assert url == "https://robot.example/1"
    assert "edge_stat" in text


def test_without_a_webhook_nothing_is_sent(monkeypatch):
    monkeypatch.delattr(webhook, "post")
    texts.sender({}, "home")(AlarmChange(new=[GAP], gone=[]))
