"""`livestats digest` as a user calls it."""

import json
import shutil
from datetime import timedelta

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources.digest.fingerprint import Fingerprint
from resources.monitoring import webhook
from tests.support.aged_archive import TOMORROW
from tests.support.archives import DAYS, contents

TRAFFIC = "batch_stream_traffic"


@pytest.fixture(scope="module")
def lab(past, tmp_path_factory):
    """A copy of the archive an hour later: lists of digests come to it."""
    home = tmp_path_factory.mktemp("digest") / "home"
    shutil.copytree(past.root, home, symlinks=True)
    later = (TOMORROW + timedelta(hours=1)).isoformat()
    return past.with_(LIVESTATS_HOME=str(home), LIVESTATS_NOW=later)


def digest(lab, *words):
    return CliRunner().invoke(main, ["digest", *words], env={**lab.archive.environ})


def test_the_line_alone_is_on_the_screen_and_raw_stays_as_it_is(lab):
    before = contents(lab.archive.home.raw)
    result = digest(lab)
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    made = Fingerprint.parse(line)
    assert (made.first, made.count) == (None, 12)
    assert contents(lab.archive.home.raw) == before
    assert (lab.root / "digests" / f"{made.root}.json.gz").is_file()


def test_a_line_is_made_again_from_its_days_and_its_time(lab):
    days = f"{DAYS[0]}..{DAYS[0]}"
    until = "2026-11-22T13:00:00+08:00"
    first = json.loads(digest(lab, "--days", days, "--until", until, "--json").stdout)
    assert (
        digest(lab, "--days", str(DAYS[0]), "--until", until).stdout.strip() == first["fingerprint"]
    )
    assert first["fingerprint"].startswith(f"livestats1:{days}:20261122T050000000000Z:")


def test_a_proof_is_written(lab, tmp_path):
    out = tmp_path / "proof.json"
    result = digest(lab, "--prove", TRAFFIC, str(DAYS[0]), "--out", str(out))
    assert result.exit_code == 0, result.output
    assert json.loads(out.read_text())["fingerprint"] == result.stdout.strip()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--until", "2026-11-22"], "no time with its zone"),
        (["--until", "2099-01-01T00:00:00+08:00"], "is not over yet"),
        (["--days", "2026-11-22..2026-11-21"], "ends before it begins"),
        (["--days", "tomorrow"], "is not a day"),
        (["--prove", TRAFFIC, "2026-11-20"], "belong together"),
        (["--prove", "trafic", "2026-11-20", "--out", "x"], "trafic"),
    ],
)
def test_what_cannot_be_done_is_refused(lab, words, said):
    result = digest(lab, *words)
    assert result.exit_code == 2
    assert said in result.output


def test_the_line_is_posted_to_the_webhook(lab, monkeypatch):
    posted = []
    monkeypatch.setattr(webhook, "post", lambda *words: posted.append(words))
    other = lab.with_(**{webhook.VARIABLE: "https://robot.example/1"})
    result = digest(other, "--send")
    assert result.exit_code == 0, result.output
    ((url, text),) = posted
    assert url == "https://robot.example/1"
    assert text.splitlines()[1] == f"fingerprint: {result.stdout.strip()}"
    assert digest(lab, "--send").exit_code == 2  # nobody would get it


def test_verify_compares_with_a_fingerprint(lab, tmp_path):
    shutil.copytree(lab.root, tmp_path / "home", symlinks=True)
    other = lab.with_(LIVESTATS_HOME=str(tmp_path / "home"))
    line = digest(other).stdout.strip()

    def verify(*words):
        return CliRunner().invoke(main, ["verify", *words], env={**other.archive.environ})

    result = verify("--against", line)
    assert result.exit_code == 0, result.output
    assert "12 of 12 captures have the manifest that it covers" in result.stderr
    folder = other.archive.home.raw / TRAFFIC / str(DAYS[1])
    shutil.rmtree(folder)
    result = verify("--against", line)
    assert result.exit_code == 1
    assert "the fingerprint covers it" in result.stdout
    assert verify("--against", line, "--dataset", TRAFFIC).exit_code == 2
    assert verify("--against", "livestats1").exit_code == 2
