"""`livestats erase` as a user calls it. What it does to an archive: tests/unit/pipelines/erase."""

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from tests.support.archives import contents


def erase(lab, *words):
    return CliRunner().invoke(main, ["erase", *words], env={**lab.archive.environ})


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--domain", "a", "--address", "b"], 2, "Give one of"),
        (["--stream", "no-slash"], 2, "DOMAIN/APP/STREAM"),
        (["--domain", "nobody.example"], 0, "Nothing in the archive names this domain"),
        ([], 0, "No erasure was broken off"),
    ],
)
def test_what_cannot_be_erased_is_said(past, words, code, said):
    result = erase(past, *words)
    assert result.exit_code == code, result.output
    assert said in result.output


def test_without_a_yes_it_says_what_would_go_and_erases_nothing(past):
    ((domain,),) = past.rows("SELECT min(domain) FROM push_stream_info")
    before = contents(past.archive.home.raw, past.archive.home.lake)
    result = erase(past, "--domain", domain)
    assert result.exit_code == 2
    assert "To be erased: " in result.output
    assert "Nothing was erased. Give --yes" in result.output
    assert contents(past.archive.home.raw, past.archive.home.lake) == before


def test_a_folder_without_an_archive_is_refused(past, tmp_path):
    result = erase(past.with_(LIVESTATS_HOME=str(tmp_path / "none")), "--domain", "a")
    assert result.exit_code == 2
    assert "There is no archive in" in result.output
