"""Pages made of templates."""

import pytest
from jinja2 import UndefinedError

from pipelines.reports import templates


def test_dates_stay_on_one_line_and_foreign_text_is_escaped():
    marked = templates.mark_dates("<b> 2026-11-01 20:05 to 2026-11-02")
    assert marked == ("&lt;b&gt; <time>2026-11-01 20:05</time> to <time>2026-11-02</time>")


def test_a_name_that_nothing_defines_is_an_error():
    with pytest.raises(UndefinedError):
        templates.render("usage/page.html.j2", [])
