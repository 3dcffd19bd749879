"""The same figures for every variant: the server did not look at what was asked."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from resources.api.catalog import DATASETS
from resources.lake.variant_figures import FIGURES, VariantFigures

ONE, TWO = "one.example", "two.example"


def said(name, values, variants=None):
    """What is contradicted; `values` are (domain, figure of each variant), one row each."""
    dataset, figure = DATASETS[name], FIGURES[name]
    if variants is not None:
        dataset = replace(dataset, variants=dataset.variants[:variants])
    kinds = [str(number) for number, _ in enumerate(dataset.variants)]
    found = VariantFigures(dataset)
    for domain, figures in values:
        rows = {figure.variant: kinds, figure.column: figures, "domain": [domain] * len(kinds)}
        if "domain" not in dataset.column:
            del rows["domain"]
        found.add(pa.table(rows))
    return found.contradictions


@pytest.mark.parametrize("name", FIGURES)
def test_plenty_that_is_the_same_for_all_is_told(name):
    number, plenty = len(DATASETS[name].variants), FIGURES[name].plenty
    same = [(ONE, [plenty] * number), (TWO, [plenty - 1] * number)]
    (text,) = said(name, same)
    assert FIGURES[name].variant in text
    other = [plenty] * (number - 1) + [plenty + 1]
    assert said(name, [*same, (ONE, other)]) == []


@pytest.mark.parametrize("name", FIGURES)
def test_a_little_may_be_the_same_by_chance(name):
    number, plenty = len(DATASETS[name].variants), FIGURES[name].plenty
    assert said(name, [(ONE, [plenty - 1] * number)] * 200) == []
    assert said(name, []) == []


def test_the_sum_over_domains_does_not_hide_a_difference():
    assert said("batch_stream_session", [(ONE, [60, 70]), (TWO, [70, 60])]) == []


def test_a_single_variant_is_compared_with_nothing():
    assert said("batch_stream_session", [(ONE, [60])], variants=1) == []


def test_all_pushes_may_be_transcoded():
    assert said("stream_count", [(ONE, [60, 60])], variants=2) == []


def test_a_variant_without_any_row_is_another_answer():
    found = VariantFigures(DATASETS["stream_count"])
    rows = {"stream_type": ["push", "transcode"], "peak_streams": [9, 9], "domain": [ONE, ONE]}
    found.add(pa.table(rows))
    assert found.contradictions == []


def test_figures_are_columns_and_variants_of_their_datasets():
    for name, figure in FIGURES.items():
        assert figure.column in DATASETS[name].column
        assert figure.variant in DATASETS[name].variant_columns.values()
