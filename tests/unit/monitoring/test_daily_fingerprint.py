"""The fingerprint leaves the machine once a day, if the settings say so, and again if it did not arrive."""

import shutil
from datetime import datetime, timedelta

import pytest

from resources.config import SettingsError
from resources.digest.compare import compare
from resources.digest.fingerprint import Fingerprint
from resources.monitoring import webhook
from resources.monitoring.daily_fingerprint import send_daily
from resources.monitoring.webhook import WebhookError
from tests.support.aged_archive import TOMORROW

URL = "https://hooks.example/robot"


@pytest.fixture
def lab(past, tmp_path):
    shutil.copytree(past.root, tmp_path / "home", symlinks=True)
    return past.with_(LIVESTATS_HOME=str(tmp_path / "home"), **later(2))


def later(hours):
    return {"LIVESTATS_NOW": (TOMORROW + timedelta(hours=hours)).isoformat()}


def daily(lab, **environ):
    words = {"LIVESTATS_SEND_FINGERPRINT": "daily", webhook.VARIABLE: URL, **environ}
    return lab.with_(**words).archive


def test_it_is_sent_once_a_day_and_proves_the_archive(lab):
    sent = []
    for hours in (2, 3, 30):
        send_daily(daily(lab, **later(hours)), lambda *words: sent.append(words))
    assert [url for url, _ in sent] == [URL, URL]
    head, line = sent[0][1].splitlines()
    assert head == f"livestats {lab.root}"
    made = Fingerprint.parse(line.removeprefix("fingerprint: "))
    now = datetime.fromisoformat(later(2)["LIVESTATS_NOW"])
    assert abs(now - made.until - timedelta(hours=1)) < timedelta(minutes=5)
    assert compare(lab.archive.home, made).is_proven


@pytest.mark.parametrize(
    "environ", [{"LIVESTATS_SEND_FINGERPRINT": "never"}, {"LIVESTATS_SEND_FINGERPRINT": ""}, {webhook.VARIABLE: ""}]
)  # fmt: skip
def test_nothing_is_sent_unasked_or_without_an_address(lab, environ):
    assert send_daily(daily(lab, **environ), lambda *_: pytest.fail("sent")) is None


def test_one_that_did_not_arrive_is_sent_again(lab):
    def fails(*_):
        raise WebhookError("HTTP 500")

    with pytest.raises(WebhookError):
        send_daily(daily(lab), fails)
    sent = []
    assert send_daily(daily(lab), lambda *words: sent.append(words)) is not None
    assert len(sent) == 1


def test_another_word_is_refused(lab):
    with pytest.raises(SettingsError, match="never, daily"):
        daily(lab, LIVESTATS_SEND_FINGERPRINT="hourly")
