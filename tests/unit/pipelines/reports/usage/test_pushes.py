"""The section on interrupted pushes."""

from tests.support.report_source import DAYS, captured, made_up, plain, rows_of, shown

STATES = captured("push_stream_info")


def row(stream, number, broken, off, reason=None):
    return {
        "business_date": DAYS.first, "domain": "push", "app": "live", "stream": stream,
        "pushes": number, "interruptions": broken, "interrupted_s": off,
        "longest_interruption_s": off, "interruption_reason": reason,
    }  # fmt: skip


def test_interruptions_are_counted_with_their_reasons_and_streams():
    rows = [row("a", 10, 2, 30.0, "timeout"), row("a", 1, 1, 5.0), row("b", 9, 0, None)]
    with made_up({"push_interruptions_daily": rows}, STATES) as source:
        found = shown(source, "pushes")
        assert plain(found.headline).startswith("3 of 20 pushes were reconnects")
        assert [line[0] for line in rows_of(found, "reasons")] == ["timeout", "none given"]
        assert [line[0] for line in rows_of(found, "streams-pushes")] == ["live/a"]


def test_pushes_without_an_interruption_have_no_tables():
    with made_up({"push_interruptions_daily": [row("b", 9, 0, 0.0)]}, STATES) as source:
        found = shown(source, "pushes")
        assert found.headline == "No interruptions in 9 pushes."
        assert rows_of(found, "reasons") == rows_of(found, "streams-pushes") == []
