"""What `livestats plan` tells of cuts, and that those which are too large are not captured."""

import json
from datetime import date

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.planning.cuts import costs
from pipelines.planning.estimate import Source, requests_of
from resources.api import cut_cost
from resources.api.catalog import DATASETS
from resources.api.catalog.cuts import Cut
from resources.api.catalog.model import DomainRole
from resources.api.request_plan import Domain
from resources.capture.inventory import InventoryReader
from resources.config import FILE, Settings
from tests.support.archives import DAYS, SMALL, lab

EDGE, BATCH = "DescribeLiveEdgeStatData", "DescribeLiveBatchStreamTrafficData"
DOMAINS = (Domain("a.example", DomainRole.PUSH), Domain("b.example", DomainRole.PULL))
CUTS = {
    "hours": Cut(name="hours", endpoint=EDGE, split=("Domain", "ISP"), width_s=3600),
    "carriers": Cut(name="carriers", endpoint=BATCH, isps="all", each=("isps",)),
}


def told(tmp_path, domains=DOMAINS):
    settings = Settings(cuts=CUTS)
    source = Source.of(InventoryReader(tmp_path, settings), domains)
    return costs(settings.datasets, DAYS[-1], source, settings), source


def test_a_day_is_told_before_anything_is_captured(tmp_path):
    found, source = told(tmp_path)
    hours, carriers = found["cut_hours"][0], found["cut_carriers"][0]
    assert (hours.requests, hours.rows) == (1, 2 * 12 * 24)
    assert (carriers.requests, carriers.rows) == (12, None)
    assert requests_of(DATASETS["cut_carriers"], [date(2026, 11, 1)], source)[0] == 12
    assert "edge_stat" not in found


def test_nothing_is_told_without_domains(tmp_path):
    assert told(tmp_path, ())[0] == {}


@pytest.fixture
def small(tmp_path):
    with lab(tmp_path / "home", SMALL) as plain:
        (tmp_path / FILE).write_text(
            f'[cut.hours]\nendpoint = "{EDGE}"\nsplit = ["Domain", "ISP"]\nwidth_s = 3600\n'
        )
        yield plain.with_()
    DATASETS.forget_cuts()


def test_a_cut_that_is_too_large_is_told_and_not_captured(small, monkeypatch):
    monkeypatch.setattr(cut_cost, "MOST_ROWS", 100)
    day = [DAYS[-1]]
    results = small.capture(day, ["domain", "isp", "cut_hours", "edge_stat"])
    by_name = {result.dataset: result for result in results}
    assert by_name["edge_stat"].outcome.is_complete
    assert not by_name["cut_hours"].outcome.is_complete
    assert "allow = true under [cut.hours]" in by_name["cut_hours"].message

    range_ = ["--from", str(day[0]), "--to", str(day[0]), "--dataset", "cut_hours"]
    environ = {**small.archive.environ, "LIVESTATS_SETTINGS": str(small.root.parent / FILE)}
    shown = CliRunner().invoke(main, ["plan", *range_], env=environ)
    assert shown.exit_code == 1
    text = " ".join(shown.output.split())
    assert "A day of cut_hours: 1 request, at most 576 rows in about " in text
    assert "Not captured: a day of cut_hours takes 1 request" in text
    (cut,) = json.loads(CliRunner().invoke(main, ["plan", *range_, "--json"], env=environ).output)[
        "cuts"
    ]
    assert (cut["dataset"], cut["rows"]) == ("cut_hours", 576)
    assert "allow = true" in cut["problem"]
