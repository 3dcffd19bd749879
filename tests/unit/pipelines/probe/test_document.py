"""The file of a probe: shapes only."""

import json

import pytest

from pipelines.probe.document import NotAProbe, document, read, write
from pipelines.probe.topics import likely, sure
from tests.support.probes import probed

FINDINGS = [
    sure("end", "inclusive"),
    likely("list limit", "few", least=20, code="InvalidParam.*", status=400),
    sure("echo", "shorter", parameter="DomainList", actions=("DescribeLiveEdgeStatData",)),
]


def made(findings=FINDINGS, shapes=None):
    return document(findings, shapes or {}, version="1", vendor="volcengine")


def test_what_is_written_is_read(tmp_path):
    write(tmp_path / "probe.json", made())
    assert read(tmp_path / "probe.json") == FINDINGS


def test_the_shapes_of_a_probe_can_be_written(tmp_path):
    found = probed(tmp_path)
    write(tmp_path / "probe.json", made(found.findings, found.shapes))
    assert read(tmp_path / "probe.json") == found.findings
    assert (
        found.shapes["DescribeLiveEdgeStatData"]["lists"]["EdgeStatDataList"]["rows"]
        == "100 to 999"
    )


@pytest.mark.parametrize(
    "finding",
    [
        sure("echo", "shorter", parameter="pull-1.sim.example", actions=()),
        sure("list limit", "few", least=987_654_321, code="InvalidParam", status=400),
        sure("action", "denied", action="DescribeLiveEdgeStatData", code="AKLTkey", status=403),
        sure("end", "inclusive", name="room-101"),
    ],
)
def test_a_word_or_a_figure_that_is_not_ours_is_never_written(finding):
    with pytest.raises(ValueError, match="no probe writes|no small number"):
        made([finding])


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"format": "another"}', "no JSON"])
def test_another_file_is_refused(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(NotAProbe, match="is no file of `livestats probe`"):
        read(tmp_path / "x.json")


def test_a_file_with_a_name_added_is_refused(tmp_path):
    changed = made()
    changed["findings"][0]["details"]["action"] = "pull-1.sim.example"
    (tmp_path / "x.json").write_text(json.dumps(changed))
    with pytest.raises(NotAProbe):
        read(tmp_path / "x.json")
