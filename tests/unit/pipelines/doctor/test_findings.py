"""The three kinds of findings of the doctor."""

from pipelines.doctor.findings import ok, problem, warning


def test_each_finding_has_its_severity_and_only_what_is_not_well_has_a_remedy():
    found = [ok("key", "found"), warning("disk", "half full", "Free."), problem("api", "x", "Do.")]
    assert [f.severity.value for f in found] == ["ok", "warning", "problem"]
    assert [f.remedy for f in found] == ["", "Free.", "Do."]
    assert [f.subject for f in found] == ["key", "disk", "api"]
