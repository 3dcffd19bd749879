"""What a large answer takes: the bytes of its rows, not those of its text. In a process of its own."""

import gzip
import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from benchmarks.large_answer import body, minutes_of
from resources.home.layout import Home
from tests.support.archives import lake_rows

METRICS = "batch_push_stream_metrics"
OF_0_1_0 = "a capture as of 0.1.0, of whole answers"
STEPS = {
    "capture": ("new", "capture()"),
    OF_0_1_0: ("old", "body.MAX_BYTES = 1 << 40; capture()"),
    "replay and verify": (
        "old",
        "print([*Verification(archive, (DATASET,), deep=True).findings()])",
    ),
}
"""What is done in turn, each in a process of its own: the home, and the code."""

PROGRAM = """
import os, sys
from datetime import date
from pathlib import Path
from resources.api import body
from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.verify.run import Verification

DATASET, DAY = DATASETS["batch_push_stream_metrics"], date(2026, 11, 21)
archive = Archive.open(os.environ)

def capture():
    with archive.capturing() as capturer:
        (result,) = capturer.capture(DATASET, [DAY])
    assert result.outcome.is_complete, result

exec(sys.argv[1])
said = Path("/proc/self/status").read_text()
print("peak", said.split("VmHWM:")[1].split()[0])
"""

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").is_file(), reason="the kernel tells no peak of memory here"
)


@contextmanager
def served(megabytes):
    """A server whose answers for a whole day have so many MB."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = body(megabytes, asked["AggType"], minutes_of(asked))
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            with suppress(OSError):  # the client reads no more than it can take
                self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def peaks(folder, megabytes):
    """The peak of each step in MB, where two answers are one day."""
    folder.mkdir()
    (folder / "livestats.toml").write_text('[domains]\npush = ["push.example.com"]\n')
    found = {}
    with served(megabytes) as url:
        environ = {
            "LIVESTATS_API_URL": url,
            "LIVESTATS_NOW": "2026-11-22T12:00:00+08:00",
            "LIVESTATS_FIRST_DAY": "2026-11-18",
            "LIVESTATS_WORKERS": "1",
            "LIVESTATS_CALLS_PER_SECOND": "none",
            "VOLC_ACCESSKEY": "AKTEST",
            "VOLC_SECRETKEY": "the-secret-key-of-this-test",
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        for name, (home, code) in STEPS.items():
            done = subprocess.run(
                [sys.executable, "-c", PROGRAM, code],
                env={**environ, "LIVESTATS_HOME": str(folder / home)},
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            found[name] = int(done.stdout.split()[-1]) / 1000
    return found


@pytest.mark.slow
def test_a_large_answer_is_read_piece_by_piece(tmp_path):
    """Two of 70 MB, in parts of less than 64 MB, and as earlier versions have stored them."""
    small, large = peaks(tmp_path / "small", 0.5), peaks(tmp_path / "large", 70)
    more = {name: round(large[name] - small[name]) for name in STEPS if name != OF_0_1_0}
    assert max(more.values()) < 270, (more, small)
    stored = [*manifests(tmp_path / "large")]
    assert {home: len(sizes) for home, sizes in stored} == {"new": 4, "old": 2}
    for home, sizes in stored:
        assert (max(sizes) < 64_000_000) == (home == "new")
    assert lake_rows(Home(tmp_path / "large" / "new")) == lake_rows(
        Home(tmp_path / "large" / "old")
    )


def manifests(folder):
    """Each home, and the sizes of its stored answers."""
    for path in folder.glob(f"*/raw/{METRICS}/*/*/manifest.json.gz"):
        requests = json.loads(gzip.decompress(path.read_bytes()))["requests"]
        yield path.parents[4].name, [request["size"] for request in requests]
