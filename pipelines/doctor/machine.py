"""Checks of the machine: versions, settings, clock, home, disk, warehouse, Dagster's home."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import duckdb
from packaging.requirements import Requirement

from pipelines.doctor.findings import ok, problem, warning
from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.clock import VARIABLE as CLOCK_VARIABLE
from resources.config import FILE, ResolvedSettings, SettingsError, general
from resources.config.cut_settings import in_words
from resources.config.dataset_overrides import distortion
from resources.findings import Finding
from resources.fs.locks import try_lock
from resources.monitoring import disk_space
from resources.sql import failures
from resources.version import VERSION

_GB = 10**9


def versions() -> Iterator[Finding]:
    """Versions of livestats, Python, DuckDB and Dagster, and packages that differ from the lock."""
    python = platform.python_version()
    yield ok("versions", f"livestats {VERSION}, Python {python}, DuckDB {duckdb.__version__}")
    installed = {name: _installed(name) for name in ("dagster", "dagster-webserver")}
    if None in installed.values() or len(set(installed.values())) > 1:
        text = ", ".join(f"{name} {number or 'missing'}" for name, number in installed.items())
        yield problem("dagster", text, "Run `make venv`: it installs the pinned versions.")
    else:
        yield ok("dagster", f"{installed['dagster']}, library and web server")
    others = {name: _installed(name) for name in tested() if _installed(name) != tested()[name]}
    if others:
        text = ", ".join(
            f"{n} {have or 'missing'} (tested: {tested()[n]})" for n, have in others.items()
        )
        yield warning("versions", text, "Run `make venv`: it installs the versions of the lock.")


@cache
def tested() -> Mapping[str, str]:
    """Package -> version that livestats was tested with here, from the lock file of the checkout."""
    path = Path(__file__).resolve().parents[2] / "requirements.lock"
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    pins = [Requirement(line.rstrip(" \\")) for line in lines if line[:1].isalnum()]
    return {
        pin.name: next(iter(pin.specifier)).version
        for pin in pins
        if pin.marker is None or pin.marker.evaluate()
    }


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def settings_found(found: ResolvedSettings) -> Iterator[Finding]:
    """The settings file, and values that differ from the defaults."""
    yield ok("settings", str(found.file or f"no {FILE} here: defaults and environment"))
    for known in general():
        value = getattr(found.settings, known.name)
        if value != known.default:
            origin = found.origins.get(known.name, "default")
            yield ok("", f"{known.metadata['where']} = {_shown(value)} (from {origin})")
    for name, own in found.settings.own.items():
        said = {key: value for key, value in asdict(own).items() if value is not None}
        shown = ", ".join(f"{key} = {_shown(value)}" for key, value in said.items())
        yield ok("", f"dataset.{name}: {shown} (from {found.file})")
    for name, cut in found.settings.cuts.items():
        words = ", ".join(f"{key} = {_shown(value)}" for key, value in in_words(cut))
        yield ok("", f"cut.{name}: {words} (from {found.file})")
    for name in found.settings.datasets:
        told = distortion(found.settings.of(DATASETS[name]))
        if told:
            yield warning(
                "",
                told,
                "Captured days cannot change. For right figures from now on: another home without the "
                "setting, and a cut where the wide slots are wanted (docs/cuts.md).",
            )
    absent = found.settings.not_offered
    if absent:
        yield ok("", f"{found.settings.vendor} does not offer, so never captured: {_shown(absent)}")


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def clock_set(archive: Archive) -> Finding:
    """The time, and whether a variable overrides the clock."""
    local = archive.now().astimezone(archive.settings.zone)
    text = f"{local:%Y-%m-%d %H:%M} in {archive.settings.time_zone}"
    if archive.environ.get(CLOCK_VARIABLE):
        return warning(
            "clock",
            f"{text}, set by {CLOCK_VARIABLE}",
            f"Unset {CLOCK_VARIABLE} unless this is a drill.",
        )
    return ok("clock", text)


def home_found(archive: Archive) -> Finding:
    """Whether the home can be used; does not create it."""
    home = archive.home.root
    try:
        archive.home.check(archive.settings)
    except SettingsError as error:
        return problem("home", str(error), "")
    existing = home if home.exists() else disk_space.nearest(home)
    if not existing.is_dir() or not can_write(existing):
        return problem(
            "home",
            f"{home} cannot be written",
            "Fix the permissions, or name another folder with LIVESTATS_HOME.",
        )
    if archive.home.identity is None:
        return ok("home", f"{home} is new: the first backfill creates it")
    return ok("home", f"{home}, days since {archive.first_day}")


def can_write(folder: Path) -> bool:
    """Whether a file can be created; permissions alone do not show a read-only disk."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def space(archive: Archive) -> Finding:
    """Free space on the disk of the home, and how much a load and a month need."""
    found = disk_space.look(archive)
    held = held_by_layer(archive.home.root)
    layers = ", ".join(f"{name} {size / _GB:,.2f}" for name, size in held.items())
    text = f"{found.free / _GB:,.1f} GB free of {found.total / _GB:,.0f} GB"
    text += f"; the home holds, in GB: {layers}" if layers else ""
    text += f"; captures take {found.month / _GB:,.2f} a month" if found.month else ""
    if found.is_too_little:
        return problem(
            "disk",
            text,
            f"Free some space before you capture: a load needs {found.load / _GB:,.1f} GB.",
        )
    if found.is_tight:
        return warning("disk", text, "Free some space, or put the home on a larger disk.")
    return ok("disk", text)


def held_by_layer(home: Path) -> dict[str, int]:
    """Folder of the home -> bytes on disk."""
    layers = sorted(p for p in home.iterdir() if p.is_dir()) if home.is_dir() else ()
    return {layer.name: disk_space.disk_usage(layer) for layer in layers}


def warehouse_free(archive: Archive) -> Finding:
    """Whether the warehouse can be written."""
    path = archive.home.warehouse
    if not path.is_file():
        return ok("warehouse", "none yet: the first load creates it")
    held = try_lock(archive.home.lock_file("warehouse"))
    if held is None:
        return ok("warehouse", f"{path} is being loaded by livestats now")
    try:
        duckdb.connect(str(path), read_only=True).close()
    except duckdb.Error as error:
        if "could not set lock" not in str(error).lower():
            return _unreadable(path, error) if failures.is_local(error) else _damaged(path, error)
        return problem(
            "warehouse",
            f"{path} is open in another program: {_first_line(error)}",
            "Close it there: queries and BI belong on the served copy, which is never locked.",
        )
    finally:
        held.release()
    return ok("warehouse", f"{path}, not in use")


def _unreadable(path: Path, error: Exception) -> Finding:
    return problem(
        "warehouse",
        f"{path} cannot be opened: {_first_line(error)}",
        "Mend that, such as its permissions, its disk or too little memory; nothing says that it is "
        "damaged.",
    )


def _damaged(path: Path, error: Exception) -> Finding:
    return problem(
        "warehouse",
        f"{path} cannot be opened: {_first_line(error)}",
        "Move the file away and run `livestats publish`: it is rebuilt from the lake.",
    )


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def dagster_found(archive: Archive) -> Finding:
    """The folder of Dagster's run history."""
    folder = archive.home.dagster
    elsewhere = archive.environ.get("DAGSTER_HOME")
    if elsewhere and Path(elsewhere).resolve() != folder.resolve():
        return warning(
            "dagster home",
            f"DAGSTER_HOME is {elsewhere}, the home has {folder}",
            "`livestats ui` and `livestats backfill` use the one in the home; unset DAGSTER_HOME "
            "unless you start Dagster yourself.",
        )
    if not (folder / "dagster.yaml").is_file():
        return ok("dagster home", f"{folder} is created by the first backfill or by `livestats ui`")
    return ok("dagster home", str(folder))
