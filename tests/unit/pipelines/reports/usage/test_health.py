"""The section on stream health."""

from pipelines.reports.usage.scope import Domain
from tests.support.report_source import DAYS, captured, made_up, plain, rows_of, shown


def minutes(stream, live, good, **reasons):
    counts = dict.fromkeys(("stall", "audio_gap", "bitrate_dip", "framerate_drop", "av_offset"), 0)
    return {
        "business_date": DAYS.first, "domain": "push", "app": "live", "stream": stream,
        "live_slots": live, "good_slots": good,
        **{f"{reason}_slots": n for reason, n in (counts | reasons).items()},
    }  # fmt: skip


TABLES = {"stream_health_daily": [minutes("a", 60, 60), minutes("b", 40, 30, audio_gap=8, stall=3)]}
STATES = captured("batch_push_stream_metrics")


def test_the_worst_stream_is_named_with_its_main_reason():
    with made_up(TABLES, STATES) as source:
        found = shown(source, "health")
        assert plain(found.headline) == (
            "90.0 % of 100 live minutes were good. The worst stream is live/b: 25.0 % of its live "
            "minutes were not good."
        )
        assert rows_of(found, "streams-health") == [["live/b", "push", "Audio gap", "25.0 %", "40"]]


def test_a_domain_has_the_health_of_where_it_is_pushed():
    with made_up(TABLES, STATES, Domain("pull", "push")) as source:
        found = shown(source, "health")
        assert plain(found.headline).startswith("90.0 % of 100 live minutes")
        assert found.via == "Measured on push, where it is pushed."
