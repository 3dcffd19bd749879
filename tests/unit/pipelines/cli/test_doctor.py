"""The command that shows what the doctor found."""

from pipelines.cli.doctor import ending
from pipelines.doctor.findings import ok, problem, warning


def test_the_last_line_says_what_to_do_first():
    good = ok("clock", "it is noon")
    little, lot = warning("disk", "half full", "make room"), problem("key", "none", "set it")
    assert ending([good]).startswith("Everything is in place")
    assert ending([good, little, little]) == "No problem, 2 warnings; start with disk: make room"
    assert ending([little, lot, good]) == "1 problem; start with key: set it"
