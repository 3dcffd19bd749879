"""An archive whose vendor serves log files, and downloads of them."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date

from click.testing import CliRunner

from pipelines.cli import main
from resources.logs import keep, notes
from resources.simulator import Account
from resources.simulator.log_files import ACTION
from tests.support.archives import lab

DAY, NEXT = date(2026, 11, 19), date(2026, 11, 20)
"""Days whose files are final at the usual moment of tests."""

SECRET = b"simulated-secret-"
TINY = Account(domains=1, streams_per_domain=1, deleted=0, audience=0.02)


@contextmanager
def log_lab(tmp_path, files="keep", account=TINY, **options):
    """An archive with the list of DAY captured, whose files are wanted."""
    with lab(tmp_path / "home", account, serves_files=True, **options) as found:
        made = found.only("domain", "log_file").set(log_files=files)
        made.capture([DAY], ["domain", "log_file"])
        yield made


def kept(account, days=(DAY,), **options):
    """What a run did for days."""
    with account.capturing(**options) as capturer:
        return [*keep.keep(capturer, days)]


def files_of(account, day=DAY):
    """Every kept file of a day."""
    return [*notes.files_in(notes.folder_of(account.archive.home, day))]


def downloads(account):
    """Downloads that were asked for by now."""
    return account.simulator.calls[ACTION]


def call(account, *words, **environ):
    """A command line with the settings of the archive, and changes to its environment."""
    off = ",".join(f'"{name}"' for name in account.archive.settings.datasets_off)
    file = account.root.parent / "livestats.toml"
    file.write_text(f"[datasets]\noff = [{off}]\n[logs]\nfiles = 'keep'\n")
    asked = {**account.archive.environ, "LIVESTATS_SETTINGS": str(file), **environ}
    return CliRunner().invoke(main, words, env=asked)
