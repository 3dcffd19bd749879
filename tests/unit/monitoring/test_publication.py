"""The alarm of a place that could not be published to."""

from resources import monitoring
from resources.monitoring import AlarmKind, publication
from resources.publish_to import run
from tests.support.archives import DAYS, lab

PLACE = "postgresql://livestats@127.0.0.1:1/bi"


def test_it_stands_until_the_place_is_published_to(tmp_path):
    with lab(tmp_path / "home") as found:
        account = found.only("domain", "isp", "top_play")
        account.backfill(DAYS)
        with_place = account.set(publish_to=PLACE).archive
        assert publication.alarms(with_place) == [], "never tried"
        run._note(with_place.home, run.Outcome(place=run.place_of(PLACE), problem="it is down"))
        (alarm,) = [a for a in monitoring.active_alarms(with_place) if a.kind is AlarmKind.BEHIND]
        assert alarm.subject == "postgresql://127.0.0.1:1/bi"
        assert "it is down" in alarm.text
        assert publication.alarms(account.archive) == [], "no place is set any more"
        assert publication.alarms(account.set(publish_to="iceberg").archive) == [], "another place"
        run._note(with_place.home, run.Outcome(place=run.place_of(PLACE), problem=""))
        assert publication.alarms(with_place) == []
