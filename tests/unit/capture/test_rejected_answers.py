"""Rejected answers matter until a capture holds what they are about; status names their days."""

import json
from dataclasses import dataclass

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.reports.coverage import page
from pipelines.reports.coverage import report as coverage_report
from resources.api.catalog import DATASETS
from resources.api.retry import RetryPolicy
from resources.capture.rejected_answers import has_relevant_rejected, payload_key
from resources.raw import captures
from resources.simulator import Account
from resources.simulator.exchange import Answer
from resources.simulator.manners.manner import Manner
from resources.simulator.manners.refusing import refused
from tests.support.archives import DAYS, lab

DAY = max(DAYS)
NAME = "source_traffic"
ACCOUNT = Account(domains=2, streams_per_domain=1, deleted=0, audience=0.02)
QUOTED = "quoted-numbers@action=DescribeLiveSourceTrafficData"


def test_status_names_days_with_rejected_answers_until_they_are_captured(tmp_path):
    with lab(tmp_path / "home", ACCOUNT, manners=[QUOTED]) as lone:
        found = lone.only("domain", "isp", NAME)
        found.capture((DAY,))
        read = coverage_report.read(found.archive, [DATASETS[NAME]], DAY, DAY)
        assert read.rejected == {NAME: [DAY]}
        assert "Kept, but not readable" in page.page(read)
        environ = {**found.archive.environ}
        asked = ["status", "--from", str(DAY), "--to", str(DAY), "--dataset", NAME]
        text = CliRunner().invoke(main, asked, env=environ).output
        assert "Kept, but not readable: answers of 1 dataset-day" in " ".join(text.split())
        assert "After an upgrade: livestats replay" in " ".join(text.split())
        answer = json.loads(CliRunner().invoke(main, [*asked, "--json"], env=environ).stdout)
        assert answer["rejected"] == {NAME: [str(DAY)]}
        lone.simulator.manners = []
        found.capture((DAY,))
        folder = captures.folder_of(found.archive.home.raw, NAME, DAY)
        assert captures.rejected_in(folder)
        assert not has_relevant_rejected(folder, found.archive.settings.time_zone)
        assert coverage_report.read(found.archive, [DATASETS[NAME]], DAY, DAY).rejected == {}


def test_an_incomplete_day_counts_as_long_as_it_lacks_what_was_rejected(tmp_path):
    with lab(tmp_path / "home", ACCOUNT, manners=[f"{QUOTED}@domain=pull-2.sim.example"]) as lone:
        found = lone.only("domain", "isp", NAME)
        found.capture((DAY,))
        folder = captures.folder_of(found.archive.home.raw, NAME, DAY)
        assert captures.newest(folder) is not None
        assert has_relevant_rejected(folder, found.archive.settings.time_zone)


@dataclass
class RefuseInSuccess(Manner):
    """Refuses a domain with HTTP 200 and an Error in the answer."""

    name = "refuse-in-success"
    example = "refuse-in-success"

    def before(self, request):
        is_about = "pull-2.sim.example" in request.parameters.get("DomainList", ())
        return refused(request, 200, "RequestForbidden", "No.") if is_about else None


def test_a_refusal_with_http_200_was_read_and_is_not_kept(tmp_path):
    with lab(tmp_path / "home", ACCOUNT) as lone:
        lone.simulator.manners = [RefuseInSuccess()]
        found = lone.only("domain", "isp", NAME)
        found.capture((DAY,))
        folder = captures.folder_of(found.archive.home.raw, NAME, DAY)
        assert captures.newest(folder) is not None
        assert captures.rejected_in(folder) == []


def test_equal_requests_have_equal_keys():
    assert payload_key({"a": ("x",), "b": 1}) == payload_key({"b": 1, "a": ["x"]})


def test_bodies_of_single_items_are_kept_where_the_list_was_refused_without_one(tmp_path):
    """All items are answered with what nobody can read, and their list with 400."""
    limit = "list-limit=1@parameter=DomainList@action=DescribeLiveSourceTrafficData"
    with lab(tmp_path / "home", ACCOUNT, manners=[limit, QUOTED]) as lone:
        found = lone.only("domain", "isp", NAME)
        found.capture((DAY,))
        folder = captures.folder_of(found.archive.home.raw, NAME, DAY)
        (kept,) = captures.rejected_in(folder)
        asked = [payload["DomainList"] for _, _, payload, _ in kept.responses()]
        assert asked == [["pull-1.sim.example"], ["pull-2.sim.example"]]
        assert all(b'"Result"' in bytes(body) for *_, body in kept.responses())


@dataclass
class Numbered(Manner):
    """Answers 200 with a text that has a number of its own each time."""

    name = "numbered"
    example = "numbered"

    template: str
    number: int = 0

    def before(self, request):
        if request.action != DATASETS[NAME].endpoint.action:
            return None
        self.number += 1
        return Answer(request.action, raw=self.template.replace("#", str(self.number)).encode())


@pytest.mark.parametrize(
    ("template", "folders"),
    [
        ("<html>Login, please. Nonce #</html>", 1),
        ('{"ResponseMetadata": {"Nonce": "#"}}', 1),
        ('{"Result": {"Traffic": "#"}}', 3),
    ],
    ids=["a page", "an envelope without data", "data"],
)
def test_what_can_hold_no_data_is_kept_once(tmp_path, template, folders):
    with lab(tmp_path / "home", ACCOUNT, manners=[Numbered(template)]) as lone:
        found = lone.only("domain", "isp", NAME)
        for _ in range(3):
            found.capture((DAY,), retries=RetryPolicy(fault_attempts=1))
        folder = captures.folder_of(found.archive.home.raw, NAME, DAY)
        assert len(captures.rejected_in(folder)) == folders
