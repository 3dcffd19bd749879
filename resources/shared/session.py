"""Work on a home that a store has: under the lease, between a pull and a push.

A pull that fails refuses all work before anything is asked. A push that fails ends nothing: the work stays here,
the note of it raises an alarm, and the next session puts it there. Imported only where `scale.home` is set.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from resources.config import Settings
from resources.config.log_settings import LIST
from resources.errors import LivestatsError
from resources.fs import access, atomic, locks
from resources.fs.object_store import ObjectStore, Place, StoreError
from resources.home import lease
from resources.home.layout import FOLDER_MODE, Home
from resources.raw import cold
from resources.shared import push as pushing
from resources.shared.base import Base, folder_of
from resources.shared.pull import pull
from resources.shared.push import Pushed
from resources.shared.transfer import Moved

log = logging.getLogger("livestats.shared")

LOCK = "shared"
LONGEST_S = 24 * 3600.0
"""The first pull or push of a year of a large account takes hours; other processes of the host wait."""

_open: Counter[Path] = Counter()
_guard = threading.RLock()


class NotShared(LivestatsError):
    """The shared home cannot be used, so nothing is begun; the message says why."""


@contextmanager
def held(
    home: Home,
    settings: Settings,
    now: Callable[[], datetime],
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """The lease of the account and its shared home for the block.

    The outermost block of a process pulls before it begins; each pushes at its end, also after an error.
    Raises NotShared, LeaseRefused, SettingsError.
    """
    _check(settings)
    home.root.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    key = home.root.resolve()
    with lease.held(home, settings, sleep) as fence:
        with _guard:
            if not _open[key]:
                bring(home, settings)
            home.prepare(settings, now())
            _open[key] += 1
        try:
            yield
        finally:
            with _guard:
                _open[key] -= 1
                _put_or_note(home, settings, fence)


def _check(settings: Settings) -> None:
    if not settings.scale_lease:
        raise NotShared(
            "scale.home is set and scale.lease is not. Without a lease two hosts could work on the account "
            "at the same time: set scale.lease and scale.account, the same on each host."
        )
    if settings.scale_cold:
        raise NotShared(
            "scale.home and scale.cold are both set, which is not possible yet. Take scale.cold out, after "
            "`livestats cold --back` if answers are cold."
        )
    if settings.log_files != LIST:
        raise NotShared(
            "scale.home is set and logs.files is not 'list': log files are not shared yet. Set it to 'list'."
        )


def store_of(settings: Settings) -> ObjectStore:
    """The store of the settings. Raises StoreError."""
    return cold.open_store(Place.parse(settings.scale_home))


def bring(home: Home, settings: Settings) -> Moved:
    """Pull; what was fetched. The caller holds the lease. Raises NotShared, and what a pull raises."""
    with locks.lock(home.lock_file(LOCK), LONGEST_S):
        try:
            store = store_of(settings)
            _, moved = pull(home, store, Base.of(home, store.place.text))
        except StoreError as error:
            raise NotShared(
                f"The shared home of {settings.scale_account} cannot be read: {error} Without it this host does "
                "not know what others have done, so nothing was begun. Run again when it is there."
            ) from error
        finally:
            home.read_again()
    return moved


def put(home: Home, settings: Settings, fence: int, *, whole: bool = False) -> Pushed:
    """Push; what was put. The caller holds the lease, and has pulled. Raises what a push raises.

    `whole`: every object anew.
    """
    with locks.lock(home.lock_file(LOCK), LONGEST_S):
        store = store_of(settings)
        base = Base.of(home, store.place.text)
        _, done = pushing.push(home, store, base, fence, again=whole)
        _note(home, store.place.text, done.problems[0] if done.problems else "")
    return done


def sync(
    home: Home, settings: Settings, now: datetime, *, whole: bool = False
) -> tuple[Moved, Pushed]:
    """Bring home and store level, and delete objects that nothing names; what was fetched, and put.

    Raises as `held`, and StoreError for a push that failed.
    """
    _check(settings)
    home.root.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    with lease.held(home, settings) as fence:
        moved = bring(home, settings)
        home.prepare(settings, now)
        done = put(home, settings, fence, whole=whole)
        store = store_of(settings)
        pushing.sweep(store, Base.of(home, store.place.text))
    return moved, done


def _put_or_note(home: Home, settings: Settings, fence: int) -> None:
    try:
        put(home, settings, fence)
    except (LivestatsError, OSError) as error:
        problem = access.reason(error) if isinstance(error, OSError) else str(error)
        place = Place.parse(settings.scale_home).text
        log.warning(
            "What was done stays in %s and is not in %s yet: %s The next run puts it there, or `livestats sync`.",
            home.root, place, problem,
        )  # fmt: skip
        _note(home, place, problem)


def _note(home: Home, place: str, problem: str) -> None:
    """Note what became of the last push, for alarms."""
    path = _note_of(home)
    if not problem:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_atomically(path, json.dumps({"place": place, "problem": problem}).encode())


def _note_of(home: Home) -> Path:
    return folder_of(home) / "not-put.json"


def problem_of(home: Home, settings: Settings) -> str:
    """Why the last push to the place of the settings failed; "" if it did not."""
    try:
        noted = json.loads(_note_of(home).read_bytes())
        is_ours = noted["place"] == Place.parse(settings.scale_home).text
        return str(noted["problem"]) if is_ours else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""
