"""The section on stream health."""

from pipelines.reports.usage import health
from pipelines.reports.usage.scope import Domain
from tests.support.report_source import DAYS, captured, made_up

NEEDS = "batch_push_stream_metrics"


def minutes(stream, live, good, **reasons):
    counts = dict.fromkeys(("stall", "audio_gap", "bitrate_dip", "framerate_drop", "av_offset"), 0)
    return {
        "business_date": DAYS.first, "domain": "push", "app": "live", "stream": stream,
        "live_slots": live, "good_slots": good,
        **{f"{reason}_slots": n for reason, n in (counts | reasons).items()},
    }  # fmt: skip


ROWS = [minutes("good", 100, 100), minutes("bad", 100, 50, audio_gap=40, stall=20)]


def test_the_worst_stream_is_named_with_its_main_reason():
    with made_up({"stream_health_daily": ROWS}, captured(NEEDS)) as source:
        found = health.section(source)
    assert found.headline.replace("\xa0", " ") == (
        "75.0 % of 200 live minutes were good. The worst stream is bad with 50.0 %, mostly because "
        "of: audio gap."
    )
    (row,) = found.tables[0].rows
    assert row[0] == "live/bad"


def test_a_domain_without_a_known_push_domain_has_no_health():
    domain = Domain("pull", None)
    with made_up({"stream_health_daily": ROWS}, captured(NEEDS), domain) as source:
        assert health.section(source).headline == "No push domain is known for pull."
