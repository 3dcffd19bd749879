"""How livestats ui starts Dagster."""

import importlib.util

import pytest

from pipelines.cli import ui
from pipelines.cli.options import Refused


@pytest.mark.parametrize(
    ("words", "started"),
    [
        (
            ["web"],
            "dagster_webserver -w workspace.yaml --dagster-log-level warning "
            "--host 127.0.0.1 --port 3000",
        ),
        (["daemon"], "dagster._daemon run -w workspace.yaml --log-level warning"),
        (
            ["daemon", "code:4000"],
            "dagster._daemon run --grpc-host code --grpc-port 4000 --log-level warning",
        ),
        (
            ["code"],
            "dagster code-server start -f pipelines/definitions.py --working-directory . "
            "--host 127.0.0.1 --port 3000",
        ),
    ],
)
def test_ui_can_run_one_part_alone(words, started):
    _, _, _, dash_m, *found = ui.command("127.0.0.1", 3000, *words)
    assert (dash_m, " ".join(found)) == ("-m", started)
    (module, *_) = found
    assert importlib.util.find_spec(f"{module}.__main__")


@pytest.mark.parametrize("words", [("code", "code:4000"), (None, "code:4000"), ("web", "4000")])
def test_ui_refuses_parts_that_do_not_fit(words):
    with pytest.raises(Refused):
        ui.command("127.0.0.1", 3000, *words)
