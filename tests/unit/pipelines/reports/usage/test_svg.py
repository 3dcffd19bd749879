"""Drawings inside of a page."""

import re

from pipelines.reports.usage import svg
from tests.support.report_source import DAYS, captured, made_up


def drawn(name="chart"):
    with made_up({}, captured("edge_stat")) as source, svg.drawing():
        figure, (axes,) = svg.figure(2)
        svg.day_bars(axes, source, {DAYS.first: 5.0}, svg.SERIES[0])
        svg.shade(axes, source, [DAYS.last])
        svg.time_axis(axes, source)
        svg.label(axes, "Mbps")
        return svg.svg(figure, name, 'Bars of "Mbps"')


def test_equal_data_gives_equal_bytes_and_colours_are_those_of_the_page():
    text = drawn()
    assert text == drawn()
    assert "var(--s1)" in text
    assert "#00fe" not in text
    assert "font-family" not in text
    assert 'aria-label="Bars of &quot;Mbps&quot;"' in text


def test_what_a_drawing_refers_to_is_its_own():
    text = drawn("other")
    referred = {*re.findall(r"url\(#([^)]*)\)", text), *re.findall(r'href="#([^"]*)"', text)}
    assert referred
    assert {name for name in referred if not name.startswith("other-")} == set()
    assert referred <= {*re.findall(r' id="([^"]*)"', text)}


def test_a_day_that_is_missing_is_labelled():
    assert "not captured" in drawn()


def test_a_foreign_name_is_cut_and_holds_nothing_that_xml_refuses():
    assert svg.clean("a\x00b") != "a\x00b"
    assert len(svg.clean("x" * 500)) <= 49
