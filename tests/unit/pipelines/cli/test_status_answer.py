"""The facts of `livestats status` for programs; what each says of days of all kinds: test_status.py."""

import json
from collections import Counter
from datetime import date

from pipelines.cli.status_answer import answer
from pipelines.reports.coverage import report as coverage_report
from resources.api.catalog import DATASETS
from tests.support.archives import lab

FIRST, LAST = date(2026, 11, 18), date(2026, 11, 21)


def test_every_day_of_every_dataset_is_there_and_counted(tmp_path):
    with lab(tmp_path / "home", names=("domain", "isp", "region", "stream_count")) as one:
        one.capture([LAST])
        datasets = [DATASETS[name] for name in ("stream_count", "edge_stat")]
        found = answer(coverage_report.read(one.archive, datasets, FIRST, LAST))
    assert json.loads(json.dumps(found)) == found
    lines = {line["dataset"]: line for line in found["datasets"]}
    for name, captured in (("stream_count", 1), ("edge_stat", 0)):
        states = Counter(day["state"] for day in lines[name]["days"])
        assert (states["captured"], sum(states.values())) == (captured, 4)
        assert {state: n for state, n in lines[name]["counts"].items() if n} == states
    assert found["newest_capture"] == lines["stream_count"]["days"][-1]["captured_at"]
    assert "log_files" in found
