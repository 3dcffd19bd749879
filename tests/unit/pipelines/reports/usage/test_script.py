"""The script of the page in a real browser: it says what the page said without it.

So every sentence, tile and table is reckoned twice, in Python and in JavaScript, and is the same.
"""

import re

import pytest

from pipelines.reports.usage import whole
from pipelines.reports.usage.scope import Range
from tests.support.html_pages import CHROMIUM, Page, after_script
from tests.unit.pipelines.reports.usage.test_page import ALL, CAPTURED, PULL, archive, made

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium (Debian: apt-get install chromium)"),
]
__all__ = ["archive", "made"]  # fixtures


@pytest.fixture
def opened(tmp_path):
    """The text of a page after its script has run, and how many charts it drew."""

    def run(text, address=""):
        path = tmp_path / "report.html"
        path.write_text(text, "utf-8")
        shown = after_script(path, tmp_path / "profile", address=address)
        return shown, shown.count('class="u-wrap"')

    return run


def said(text):
    """What stands in cards, headlines and tables, without what only the script has."""
    without = re.sub(r'<form id="choice".*?</form>|<figure.*?</figure>|<p id="back".*?</p>', "", text, flags=re.DOTALL)  # fmt: skip
    return Page(without).text.split()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("domain", [None, PULL])
def test_it_says_the_same_as_the_page_without_it(archive, opened, domain, language):
    text = whole.report(archive.archive, ALL, domain, language)
    shown, charts = opened(text)
    assert charts == 6
    assert said(shown) == said(text)


@pytest.mark.parametrize(("first", "last"), [(CAPTURED[2], CAPTURED[3]), (CAPTURED[0], CAPTURED[1])])  # fmt: skip
def test_a_choice_of_days_says_what_a_report_of_these_days_says(archive, made, opened, first, last):
    """But for the comparison, which a page can make only with days that it has."""
    shown, _ = opened(made(), f"#first={first}&last={last}")
    alone = whole.report(archive.archive, Range(first, last), None)

    def comparable(text):
        found = re.findall(r'<p class="headline">.*?</p>|<strong>.*?</strong>', text)
        return [Page(one).text for one in found]

    assert comparable(shown) == comparable(alone)


def test_the_page_of_a_domain_says_what_its_report_says(made, opened):
    shown, charts = opened(made(), f"#domain={PULL}")
    alone = Page(made(domain=PULL)).text
    assert charts == 6
    for headline in re.findall(r'<p class="headline">(.*?)</p>', shown)[1:5]:
        assert Page(headline).text in alone


def test_times_are_of_the_zone_of_the_archive_wherever_the_browser_is(made, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(made(), "utf-8")
    pages = [
        Page(after_script(path, tmp_path / f"profile{n}", zone=zone)).text
        for n, zone in enumerate(("America/New_York", "Pacific/Kiritimati"))
    ]
    assert pages[0] == pages[1]


def test_names_are_text_wherever_the_script_writes_them(archive, opened):
    text = whole.report(archive.archive, ALL, None)
    evil = "<img src=x onerror=alert(1)>"
    shown, charts = opened(text.replace("live/", evil.replace("<", "\\u003c").replace(">", "\\u003e")))  # fmt: skip
    assert charts == 6
    assert "<img" not in shown
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown
