"""What livestats uses of Dagster beyond its public names is still where it was.

Nothing is imported from the module under test: after an upgrade of Dagster that import may fail.
"""

import ast
import importlib
import importlib.util
import logging
from pathlib import Path

import dagster as dg

FILE = Path(__file__).parents[4] / "pipelines" / "orchestration" / "dagster_internals.py"
TREE = ast.parse(FILE.read_text("utf-8"))


def moved() -> list[str]:
    """Modules and names of the file that the installed Dagster does not have."""
    found = []
    for node in TREE.body:
        if isinstance(node, ast.ImportFrom):
            try:
                module = importlib.import_module(node.module)
            except ImportError:
                found.append(node.module)
                continue
            found += [f"{node.module}.{n.name}" for n in node.names if not hasattr(module, n.name)]
    return found


def advice(what: object) -> str:
    return (
        f"Dagster {dg.__version__} has no {what} any more. Find in its source what its own launcher, "
        f"web server and `dagster dev` use instead, and change {FILE.name}; or stay with the "
        "Dagster that pyproject.toml had before."
    )


def test_every_private_name_is_where_it_was():
    assert moved() == [], advice(moved())


def test_the_daemon_can_be_run_as_a_module():
    (name,) = (
        ast.literal_eval(node.value)
        for node in TREE.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DAEMON_MODULE"
    )
    assert importlib.util.find_spec(f"{name}.__main__"), advice(f"{name} to run as a daemon")


def test_the_default_launcher_still_has_what_ours_overrides():
    methods = ("launch_run", "supports_check_run_worker_health", "check_run_worker_health")
    gone = [name for name in (*methods, "_instance") if not hasattr(dg.DefaultRunLauncher, name)]
    assert gone == [], advice(f"DefaultRunLauncher.{gone}")


def test_runs_and_sensors_log_through_the_root_logger_if_it_is_asked_for(monkeypatch, caplog):
    internals = importlib.import_module("pipelines.orchestration.dagster_internals")
    sensors = importlib.import_module("dagster._core.definitions.instigation_logger")
    runs = importlib.import_module("dagster._loggers")
    for module in (sensors, runs):
        monkeypatch.setattr(module, "create_console_logger", module.create_console_logger)
    monkeypatch.setattr(logging.getLogger("dagster"), "handlers", [])
    internals.log_to_root()
    sensors.InstigationLogger(None, None).warning("an alarm")
    logger = dg.build_init_logger_context(logger_config={"name": "dagster", "log_level": "INFO"})
    dg.colored_console_logger(logger).info("a run")
    assert caplog.messages == ["an alarm", "a run"]
