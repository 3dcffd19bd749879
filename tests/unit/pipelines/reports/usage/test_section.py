"""What a section declares, and its Chinese."""

import re

from pipelines.reports.usage import health, section, traffic, whole
from pipelines.reports.usage.section import Column, Figure, said
from resources.i18n import chinese


def test_a_declaration_has_all_its_words_in_the_language():
    found = said(health.SECTION, "zh")
    assert found.title == "流质量"
    assert found.tables[1].columns[1].figure.names[0] == "卡顿"
    assert found.headlines[0][1] == "{live} 个直播分钟中有 {good} 正常。"
    assert found.id == "health"
    assert found.figures["good"] == health.SECTION.figures["good"]
    assert said(traffic.SECTION, "en") is traffic.SECTION


def test_all_words_of_all_sections_have_their_chinese(monkeypatch):
    missing = set()

    def heard(text, _language):
        if text not in chinese() and re.search("[A-Za-z]{3}", text):
            missing.add(text)
        return text

    monkeypatch.setattr(section, "say", heard)
    for part in whole.SECTIONS:
        said(part.SECTION, "zh")
    assert missing == set()


def test_sentences_name_figures_that_there_are():
    for part in whole.SECTIONS:
        section = part.SECTION
        values = dict.fromkeys(section.figures, "x")
        for figure, sentence in section.headlines:
            assert not figure or figure in section.figures
            sentence.format(**values)
        if section.tile:
            section.tile.detail.format(**values)
            assert section.tile.figure in section.figures


def test_numbers_are_aligned_right_and_texts_and_bars_left():
    assert Column("n", Figure("sum", ("a",))).is_number
    assert not Column("n", Figure("sum", ("a",)), has_bar=True).is_number
    assert not Column("n", fact="domain").is_number
