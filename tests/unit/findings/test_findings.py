"""Findings of doctor, verify and alarms."""

import json

from resources.findings import Finding, Severity


def test_a_finding_is_a_problem_unless_it_says_otherwise():
    finding = Finding(subject="home", text="cannot be written")
    assert finding.severity is Severity.PROBLEM
    assert (finding.kind, finding.remedy) == ("", "")


def test_severities_are_plain_words_in_json():
    assert json.dumps([*Severity]) == '["ok", "warning", "problem"]'
