"""Drawings inside of a page."""

import re
from xml.etree import ElementTree as ET

import pytest

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


def elements(text):
    """The drawing for screens and paper, and the one for phones."""
    root = ET.fromstring(f"<div>{text}</div>")
    return root.findall("svg")


def test_a_phone_gets_a_drawing_of_its_own_with_text_of_the_same_size():
    wide, narrow = elements(drawn())
    widths = [float(one.get("viewBox").split()[2]) for one in (wide, narrow)]
    assert widths[1] < widths[0] / 2
    assert (wide.get("class"), narrow.get("class")) == (None, "narrow")
    assert not {e.get("id") for e in wide.iter()} & {e.get("id") for e in narrow.iter()} - {None}
    sizes = [{t.get("style") for t in one.iter("text")} for one in (wide, narrow)]
    assert sizes[1] <= sizes[0]


def test_a_phone_has_fewer_labels_of_time_and_a_legend_that_fits():
    with made_up({}, captured("edge_stat")) as source, svg.drawing():
        figure, (axes,) = svg.figure(2)
        for number in range(6):
            axes.plot([svg.at(source.start)], [1.0], label=f"pull-{number}.example.com")
        axes.set_xticks([*range(20)], [f"day {n}" for n in range(20)])
        svg.legend(axes, 6)
        wide, narrow = elements(svg.svg(figure, "chart", "Lines"))
    texts = ["".join(t.itertext()) for t in narrow.iter("text")]
    assert len([text for text in texts if text.startswith("day")]) <= 4
    assert len([text for text in texts if text.startswith("pull-")]) == 6
    assert len([t for t in wide.iter("text") if "".join(t.itertext()).startswith("day")]) == 20


@pytest.mark.parametrize("values", [{}, {DAYS.first: 0.0}], ids=["nothing", "zero"])
def test_a_chart_without_a_value_has_no_axis_and_says_so(values):
    with made_up({}, captured("edge_stat")) as source, svg.drawing():
        figure, (axes,) = svg.figure(2)
        svg.day_bars(axes, source, values, svg.SERIES[0])
        svg.time_axis(axes, source)
        for one in elements(svg.svg(figure, "chart", "Bars")):
            texts = ["".join(t.itertext()) for t in one.iter("text")]
            assert "none in these days" in texts
            assert "0.05" not in texts
            assert "1.0" not in texts
