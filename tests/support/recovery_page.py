"""What docs/recovery.md says, and doing it: paragraphs, their commands, and running these."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from click.testing import CliRunner, Result

from pipelines.cli import main
from resources.api.catalog import DATASETS
from tests.support.archives import DAYS, NOW, SMALL, Lab, lab, moving

NAMES = ("domain", "isp", "edge_stat", "top_play")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "recovery.md"
_BY_OTHERS = {"systemctl"}  # what no test can run


class _Clock:
    """The vendor's, that goes along with the archive's."""

    span = timedelta(0)

    def __init__(self) -> None:
        self._begun = moving(NOW)

    def __call__(self) -> datetime:
        return self._begun() + self.span


_CLOCK = _Clock()


@contextmanager
def served_account(folder: Path) -> Iterator[Lab]:
    """Two days of two datasets, captured and served; the archive begins with them."""
    environ = {"LIVESTATS_FIRST_DAY": str(DAYS[0])}
    with lab(folder / "home", SMALL, environ=environ, clock=_CLOCK) as found:
        account = keeping(found, *NAMES)
        account.backfill(DAYS)
        yield account


def copied(account: Lab, folder: Path) -> Lab:
    """The same account with a copy of its home in `folder`, to harm; it is the day of the copy."""
    _CLOCK.span = timedelta(0)
    shutil.copytree(account.root, folder / "home", symlinks=True)
    return keeping(account.with_(LIVESTATS_HOME=str(folder / "home")), *NAMES)


def later(account: Lab, **span: float) -> Lab:
    """The same archive after some time; the vendor's clock goes along."""
    _CLOCK.span += timedelta(**span)
    return account.with_(LIVESTATS_NOW=(account.archive.now() + timedelta(**span)).isoformat())


def headings(chapter: str) -> list[str]:
    """The paragraphs of a chapter of docs/recovery.md, in their order."""
    text = PAGE.read_text("utf-8").split(f"\n## {chapter}\n")[1].split("\n## ")[0]
    return re.findall(r"^### (.*)$", text, re.MULTILINE)


def commands(heading: str, page: Path = PAGE) -> list[str]:
    """The indented command lines of a paragraph, without their comments."""
    (_, text) = re.split(rf"^#+ {heading}$", page.read_text("utf-8"), flags=re.MULTILINE)
    text = re.split(r"^##", text, maxsplit=1, flags=re.MULTILINE)[0]
    lines = re.findall(r"^ {4}(\S.*)$", text, re.MULTILINE)
    return [line.split("  #")[0].strip() for line in lines]


def keeping(account: Lab, *names: str) -> Lab:
    """The same account with all other datasets switched off, for commands too."""
    off = sorted(set(DATASETS) - set(names))
    path = account.root.parent / "livestats.toml"
    path.write_text(f"[datasets]\noff = {off}\n")
    return account.with_(LIVESTATS_SETTINGS=str(path))


def run(account: Lab, line: str, **environ: str) -> Result:
    """One command line, as a person types it into a shell with this environment."""
    name, *words = shlex.split(line)
    assert name == "livestats", line
    environ = {**account.archive.environ, **environ}
    return CliRunner().invoke(main, words, env=environ, prog_name="livestats")


def follow(account: Lab, heading: str, places: Mapping[str, str] | None = None) -> str:
    """Do what the paragraph says; what all of it printed. `places` are put in for NAME, DAY, ..."""
    return "\n".join(_do(account, _filled(line, places or {})) for line in commands(heading))


def _filled(line: str, places: Mapping[str, str]) -> str:
    for place, value in places.items():
        line = re.sub(rf"\b{place}\b", value, line)
    return line


def _do(account: Lab, line: str) -> str:
    name = line.split(maxsplit=1)[0]
    if name in _BY_OTHERS:
        return ""
    if name != "livestats":
        environ = {**account.archive.environ, "LIVESTATS_HOME": str(account.root)}
        subprocess.run(["sh", "-c", line], env=environ, check=True)
        return ""
    result = run(account, line)
    # 1: something is missing or wrong, and was said.
    assert result.exit_code in (0, 1), f"{line}: {result.output}"
    assert result.exception is None or isinstance(result.exception, SystemExit), line
    return result.output
