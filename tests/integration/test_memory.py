"""What a large answer takes: the bytes of its rows, not those of its text. In a process of its own."""

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from benchmarks.large_answer import body

METRICS = "batch_push_stream_metrics"
STEPS = {
    "capture": "capture(again=False)",
    "replay and verify": "print([*Verification(archive, (DATASET,), deep=True).findings()])",
}
"""What is done in turn, each in a process of its own."""

PROGRAM = """
import os, sys
from datetime import date
from pathlib import Path
from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.verify.run import Verification

DATASET, DAY = DATASETS["batch_push_stream_metrics"], date(2026, 11, 21)
archive = Archive.open(os.environ)

def capture(again):
    with archive.capturing() as capturer:
        (result,) = capturer.capture(DATASET, [DAY], again=again)
    assert result.outcome.is_complete, result

exec(sys.argv[1])
said = Path("/proc/self/status").read_text()
print("peak", said.split("VmHWM:")[1].split()[0])
"""

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").is_file(), reason="the kernel tells no peak of memory here"
)


@contextmanager
def served(said):
    """A server that answers each AggType with one body."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", str(len(said[asked["AggType"]])))
            self.end_headers()
            self.wfile.write(said[asked["AggType"]])

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
    with served({name: body(megabytes, name) for name in ("max", "avg")}) as url:
        environ = {
            "LIVESTATS_API_URL": url,
            "LIVESTATS_HOME": str(folder / "home"),
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
        for name, code in STEPS.items():
            done = subprocess.run(
                [sys.executable, "-c", PROGRAM, code],
                env=environ,
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            found[name] = int(done.stdout.split()[-1]) / 1000
    return found


def test_a_large_answer_is_read_piece_by_piece(tmp_path):
    """Two of 60 MB take 135 MB more than small ones; read whole, 270."""
    small, large = peaks(tmp_path / "small", 0.5), peaks(tmp_path / "large", 60)
    more = {name: round(large[name] - small[name]) for name in STEPS}
    assert max(more.values()) < 190, (more, small)
