"""The home: the folder of one account's archive, its paths, and its identity file.

What lies below raw/ and lake/ is in resources/raw and resources/lake. Settings that an archive
fixes: pinned_settings.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from resources.api.catalog.spelling import domain_key
from resources.api.windows import day_of
from resources.config import Settings, SettingsError, cut_settings
from resources.fs import atomic, locks, sealed
from resources.home import pinned_settings, unreadable
from resources.raw import owner

FORMAT = 4
"""Of the identity file. Each tells an older version what it would misread.

2: datasets may mean something else than usual. 3: captured days may be incomplete. 4: answers may be
cold, and are then not damaged.
"""

FOLDER_MODE = 0o750
"""Of a home and its folders: the owner's, and readable by a group that he may choose."""

_COLD = 4
_INCOMPLETE = 3
_PINNED = 2
_PLAIN = 1  # neither
_MAY_BE_BY_HAND = unreadable.BY_HAND | {"homes", "id"}
API_HISTORY = timedelta(days=366)  # the longest history that the API keeps


@dataclass(frozen=True)
class Home:
    """The paths of a home. Nothing is created before `prepare`."""

    root: Path

    @property
    def raw(self) -> Path:
        """Responses of the API: raw/<dataset>/<day>/<capture>/."""
        return self.root / "raw"

    @property
    def lake(self) -> Path:
        """Typed rows: lake/<dataset>/day=<day>/rows.parquet."""
        return self.root / "lake"

    @property
    def logs(self) -> Path:
        """Log files of the vendor: logs/<day>/<type>/<domain>/<file>. See resources/logs."""
        return self.root / "logs"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that loads write to; BI reads the served copy instead."""
        return self.root / "warehouse" / "warehouse.duckdb"

    @property
    def served(self) -> Path:
        """The file that queries and BI open: a link to the newest complete copy."""
        return self.root / "served" / "livestats.duckdb"

    @property
    def state(self) -> Path:
        """Notes that may be deleted: the next scan is slower, or an alarm is sent a second time."""
        return self.root / "state"

    @property
    def budget(self) -> Path:
        """State of the rate limiters, shared by all processes."""
        return self.state / "budget"

    @property
    def file_index(self) -> Path:
        """Cached scans of raw/ and lake/: see resources/ledger/file_index. May be deleted."""
        return self.state / "remembered"

    @property
    def last_alarm_check(self) -> Path:
        """An empty file; its modification time is when a daemon last checked for alarms."""
        return self.state / "looked"

    @property
    def keys(self) -> Path:
        """Fingerprints of the keys of this account: see capture/account_guard. May be deleted."""
        return self.state / "keys"

    @property
    def learned(self) -> Path:
        """Refused items and list limits of the API: see capture/learned. May be deleted."""
        return self.state / "learned.json"

    @property
    def locks(self) -> Path:
        """Files that processes lock, for the owner alone. Empty while nothing is at work."""
        return self.root / "locks"

    def lock_file(self, name: str) -> Path:
        """The lock of one part of the home: `archive`, `warehouse`, ... Days: see day_lock.py."""
        return self.locks / name

    @property
    def dagster(self) -> Path:
        """Dagster's run history; nothing else depends on it."""
        return self.root / "dagster"

    @property
    def digests(self) -> Path:
        """What `livestats digest` needs to compare with its fingerprints: see resources/digest."""
        return self.root / "digests"

    @property
    def iceberg(self) -> Path:
        """The tables of `livestats publish --to iceberg`, unless they go into another catalog."""
        return self.root / "iceberg"

    @property
    def identity_file(self) -> Path:
        """The file of what cannot change: time zone, first day, pinned settings."""
        return self.root / owner.IDENTITY_FILE

    @cached_property
    def identity(self) -> dict[str, object] | None:
        """Content of the identity file, or None before the first run.

        Raises UnreadableIdentity if it is there and cannot be read, SettingsError if it is of a newer
        format.
        """
        try:
            data = self.identity_file.read_bytes()
            found = dict(json.loads(data))
            if not _is_by_hand(found):
                found = sealed.unseal(data)
            made_by = int(found["format"])
            if made_by <= FORMAT:  # a newer one may tell the rest in another way
                date.fromisoformat(found["first_day"])
                ZoneInfo(found["time_zone"])
                dict(found.get("datasets", {}))
        except (FileNotFoundError, NotADirectoryError):  # nothing, or a file in the home's place
            return None
        except (OSError, ArithmeticError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise unreadable.of(self.identity_file, error) from error
        if made_by > FORMAT:
            raise SettingsError(
                f"{self.root} was made by a newer livestats (format {made_by}, this one knows "
                f"{FORMAT}). Update livestats."
            )
        return found

    def read_again(self) -> None:
        """Forget what was read of the identity file: another may have written it."""
        self.__dict__.pop("identity", None)

    @property
    def id(self) -> str:
        """Random, drawn by its first run; its databases hold it. "" before that."""
        return str((self.identity or {}).get("id", ""))

    @property
    def time_zone(self) -> str | None:
        """Name of the time zone of its days; None before the first run."""
        return None if self.identity is None else str(self.identity["time_zone"])

    def prepare(self, settings: Settings, now: datetime) -> None:
        """Create what is missing, and refuse a home that does not fit the settings.

        Raises SettingsError for another time zone, datasets whose days would mean something else,
        or a newer format, before anything is created, or if the home cannot be written.
        """
        self.check(settings)
        try:
            for folder, mode in self.folders().items():
                folder.mkdir(mode=mode, parents=True, exist_ok=True)
            if not self._is_identified(self.identity, settings):
                self._identify(settings, now)
        except OSError as error:
            raise SettingsError(
                f"The home {self.root} cannot be written: {error.strerror or error}. Free space or "
                "fix its permissions, or name another folder with LIVESTATS_HOME."
            ) from error
        self.check(settings)

    def folders(self) -> dict[Path, int]:
        """The folders of a home, the outer ones first, each with the mode that it is made with."""
        shared = (self.root, self.raw, self.lake, self.warehouse.parent, self.served.parent)
        return {
            **dict.fromkeys((*shared, self.dagster, self.state), FOLDER_MODE),
            **dict.fromkeys((self.budget, self.locks), locks.FOLDER_MODE),
        }

    def _identify(self, settings: Settings, now: datetime) -> None:
        """Write the identity file, unless another process has just done so."""
        with locks.lock(self.lock_file("archive")):
            del self.__dict__["identity"]
            found = self.identity
            if self._is_identified(found, settings):
                return
            self.check(settings)  # another process may have been first, with other settings
            first = settings.first_day or first_day(settings, now)
            pinned = pinned_settings.to_pin(self.pinned, settings)
            least = _PINNED if pinned else _PLAIN
            identity = {
                "time_zone": settings.time_zone,
                "id": pinned_settings.home_in(self.raw) or secrets.token_hex(12),
                "first_day": first.isoformat(),
                "created_at": now.isoformat(timespec="seconds"),
                **{k: v for k, v in (found or {}).items() if k not in ("datasets", "sha256")},
                "format": max(_format_of(found), least),
                **({"datasets": pinned} if pinned else {}),
            }
            atomic.write_atomically(self.identity_file, sealed.seal(identity))
            del self.__dict__["identity"]

    def _is_identified(self, found: dict[str, object] | None, settings: Settings) -> bool:
        """True if an identity file of this content is complete, and sealed."""
        if found is None or "id" not in found:
            return False
        if _is_by_hand(json.loads(self.identity_file.read_bytes())):
            return False
        return pinned_settings.to_pin(self.pinned, settings) == self.pinned

    @property
    def pinned(self) -> pinned_settings.PinnedSettings:
        """The pinned settings of single datasets."""
        found: Any = (self.identity or {}).get("datasets", {})
        return dict(found)

    def know_removed_cuts(self) -> None:
        """Make the cuts known that were captured here. A home that cannot be read has none."""
        with suppress(SettingsError):  # whoever uses the home is told
            cut_settings.know_removed(self.pinned)
            if not self.id:  # the home is not made yet, or by 0.1.0: it is to be read again
                del self.__dict__["identity"]

    def changed_cuts(self, settings: Settings) -> dict[str, str]:
        """The cuts whose captured days mean something else than the settings say, with the reason."""
        return pinned_settings.changed_cuts(self.root, self.raw, self.pinned, settings)

    @property
    def gone_domains(self) -> frozenset[str]:
        """Domains that a person called gone, in the form that `domain_key` gives them."""
        found: Any = (self.identity or {}).get("gone_domains", ())
        return frozenset(
            domain_key(str(one)) for one in found
        )  # an earlier version had other forms

    def set_gone_domains(self, domains: Collection[str]) -> None:
        """Replace the list of domains that are gone. The identity file must exist."""
        self._note(gone_domains=sorted(domains))

    @property
    def gone_streams(self) -> frozenset[str]:
        """Streams that a person said not to ask about, in the form that `stream_key` gives them."""
        found: Any = (self.identity or {}).get("gone_streams", ())
        return frozenset(map(str, found))

    def set_gone_streams(self, streams: Collection[str]) -> None:
        """Replace the list of streams that are not asked about. The identity file must exist."""
        self._note(gone_streams=sorted(streams))

    @property
    def mask_key(self) -> str:
        """Secret of the pseudonyms in the served copy: see serving/masks. "" before the first one."""
        return str((self.identity or {}).get("mask_key", ""))

    def draw_mask_key(self) -> None:
        """Draw the secret of the pseudonyms, once for all. The identity file must exist."""
        if not self.mask_key:
            self._note(mask_key=secrets.token_hex(32))

    def raise_format(self) -> None:
        """Make versions before incomplete days refuse this home. Call before a capture is committed.

        The identity file must exist. A home that only was opened keeps its format.
        """
        if _format_of(self.identity) < _INCOMPLETE:
            self._note(format=_INCOMPLETE)

    def set_cold_place(self, place: str) -> None:
        """Note where cold answers lie, as `scale.cold` has it. The identity file must exist."""
        if self.cold_place != place:
            self._note(cold=place, format=_COLD)

    @property
    def cold_place(self) -> str:
        """Where cold answers lie; "" if there never were any."""
        return str((self.identity or {}).get("cold", ""))

    def _note(self, **facts: object) -> None:
        """Replace facts of the identity file."""
        with locks.lock(self.lock_file("archive")):
            self.__dict__.pop("identity", None)
            identity = {k: v for k, v in (self.identity or {}).items() if k != "sha256"}
            sealed_facts = sealed.seal({**identity, **facts})
            atomic.write_atomically(self.identity_file, sealed_facts)
            self.__dict__["identity"] = sealed.unseal(sealed_facts)

    def check(self, settings: Settings) -> None:
        """Raise SettingsError if this archive was made under settings that cannot be changed."""
        identity = self.identity
        if identity is None:
            pinned_settings.refuse_distorting_widths(self.raw, {}, settings)
            return
        if identity["time_zone"] != settings.time_zone:
            raise SettingsError(
                f"{self.root} keeps days of {identity['time_zone']}, and the settings say "
                f"{settings.time_zone}. A day means something else in another zone: set "
                "archive.time_zone back, or name another home."
            )
        pinned_settings.check(self.root, self.raw, self.pinned, settings)

    def first_day(self, settings: Settings, now: datetime) -> date:
        """The first day of the archive: the one in the settings, else as at its first run."""
        if settings.first_day is not None:
            return settings.first_day
        if self.identity is not None:
            return date.fromisoformat(str(self.identity["first_day"]))
        return first_day(settings, now)


def _is_by_hand(found: Collection[str]) -> bool:
    """True for an identity file that a person has written or edited: the next run seals it."""
    return unreadable.BY_HAND <= {*found} <= _MAY_BE_BY_HAND


def _format_of(identity: dict[str, object] | None) -> int:
    found: Any = (identity or {}).get("format", _PLAIN)
    return int(found)


def first_day(settings: Settings, now: datetime) -> date:
    """The earliest day that the API can still answer completely at `now`."""
    return day_of(now - API_HISTORY, settings.zone) + timedelta(days=1)
