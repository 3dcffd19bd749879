"""A proof is checked by the script of the docs, which has nothing of livestats."""

import base64
import json
import subprocess
import sys
from datetime import timedelta

import pytest

from resources.digest.fingerprint import DigestError, digest
from resources.digest.proof import write_proof
from resources.home.layout import Home
from resources.raw.captures import DamagedCapture
from tests.support.doc_pages import ROOT
from tests.support.restated_captures import DAY, FIRST, SECOND, THIRD, TRAFFIC, capture

SCRIPT = ROOT / "docs" / "check_proof.py"
DAYS = [DAY + timedelta(days=n) for n in range(5)]
ROWS = {("a.example", "one"): (1.0, 2.0)}


@pytest.fixture
def home(tmp_path):
    """Seven captures: two of the first day and of the last."""
    found = Home(tmp_path / "home")
    for day in DAYS:
        capture(found, FIRST, ROWS, day=day)
    for day in (DAYS[0], DAYS[-1]):
        capture(found, SECOND, {("a.example", "one"): (1.0, 3.0)}, day=day)
    return found


def check(path, fingerprint, dataset=TRAFFIC.name, day=DAY):
    done = subprocess.run(
        [sys.executable, "-I", SCRIPT, path, fingerprint, dataset, str(day)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def test_the_script_accepts_the_proof_of_each_day_in_trees_of_every_size(home, tmp_path):
    path = tmp_path / "proof.json"
    for until, last in ((THIRD, DAYS[-1]), (FIRST, DAYS[-1]), (FIRST, DAYS[2]), (FIRST, DAY)):
        made, leaves = digest(home, until, DAY, last)
        for day in {DAY, last}:
            write_proof(home, made, leaves, TRAFFIC.name, day, path)
            assert check(path, made.text, day=day)[0] == 0


def forged(proof, kind):
    """A proof with one lie in it."""
    files = dict(proof["files"])
    match kind:
        case "changed answer":
            data = bytearray(base64.b64decode(files["responses.zst"]))
            data[-1] ^= 1
            files["responses.zst"] = base64.b64encode(data).decode()
        case "no answer":
            del files["responses.zst"]
        case "other position":
            return {**proof, "position": proof["position"] + 1}
        case "position outside":
            return {**proof, "position": 7}
        case "shorter path":
            return {**proof, "path": proof["path"][:-1]}
        case "longer path":
            return {**proof, "path": [*proof["path"], "0" * 64]}
        case "other capture":
            return {**proof, "capture": "20261121T002000000000Z-1-0000000000000000"}
    return {**proof, "files": files}


@pytest.mark.parametrize(
    "kind",
    ["changed answer", "no answer", "other position", "position outside", "shorter path", "longer path",
     "other capture"],
)  # fmt: skip
def test_the_script_refuses_a_forged_proof(home, tmp_path, kind):
    path = tmp_path / "proof.json"
    made, leaves = digest(home, THIRD)
    write_proof(home, made, leaves, TRAFFIC.name, DAY, path)
    path.write_text(json.dumps(forged(json.loads(path.read_text()), kind)))
    code, said = check(path, made.text)
    assert (code, said.startswith("NOT PROVEN")) == (1, True)


def test_the_script_refuses_another_day_and_another_fingerprint(home, tmp_path):
    path = tmp_path / "proof.json"
    made, leaves = digest(home, THIRD)
    write_proof(home, made, leaves, TRAFFIC.name, DAY, path)
    assert check(path, made.text, day=DAYS[1])[0] == 1
    assert check(path, made.text, dataset="edge_stat")[0] == 1
    assert check(path, digest(home, FIRST)[0].text)[0] == 1


def test_a_day_that_is_not_covered_or_is_damaged_has_no_proof(home, tmp_path):
    path = tmp_path / "proof.json"
    made, leaves = digest(home, FIRST - timedelta(days=1))
    with pytest.raises(DigestError, match="has no capture"):
        write_proof(home, made, leaves, TRAFFIC.name, DAY, path)
    made, leaves = digest(home, THIRD)
    for answers in home.raw.rglob("responses.zst"):
        answers.write_bytes(answers.read_bytes()[:-1] + b"x")
    with pytest.raises(DamagedCapture):
        write_proof(home, made, leaves, TRAFFIC.name, DAY, path)
    assert not path.exists()
