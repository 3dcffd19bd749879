"""The settings of an archive and the checks of their values. No secret is among them.

Each setting is one field of `Settings`. Its metadata has its place in the file, its variable and
its meaning; loader, writer and docs/settings.md are made from it. Next: dataset_overrides, loader.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from resources.api import windows
from resources.api.catalog import DATASETS, absent_parameters, dataset
from resources.api.catalog.cuts import Cut
from resources.api.catalog.datasets import CUT_PREFIX, Dataset
from resources.api.catalog.vendors import BYTEPLUS, VENDORS, VOLCENGINE
from resources.config import cut_settings
from resources.config import dataset_overrides as single
from resources.config.api_settings import ApiSettings
from resources.config.dataset_overrides import DatasetOverrides
from resources.config.errors import SettingsError
from resources.config.log_settings import LogSettings
from resources.config.publish_settings import PublishSettings
from resources.config.scale_settings import ScaleSettings

ENGLISH, CHINESE = "en", "zh"
LANGUAGES = (ENGLISH, CHINESE)
KEEP, MASK, OMIT = "keep", "mask", "omit"
PERSONAL_DATA = (KEEP, MASK, OMIT)
NEVER, DAILY = "never", "daily"


def _at(where: str, meaning: str, variable: str | None = None) -> dict[str, str | None]:
    return {"where": where, "meaning": meaning, "variable": variable}


_UNUSABLE_IN_PATHS = re.compile(r"[?*]|%[0-9A-Fa-f]{2}")
"""DuckDB reads the first two as patterns, Dagster's SQLite decodes the third."""


@dataclass(frozen=True, kw_only=True)
class Settings(ScaleSettings, PublishSettings, LogSettings, ApiSettings):
    """All settings of a run: immutable and checked, without secrets."""

    home: Path = field(
        default=Path("data"),
        metadata=_at("archive.home", "Folder of the archive and the warehouse.", "LIVESTATS_HOME"),
    )
    time_zone: str = field(
        default="Asia/Shanghai",
        metadata=_at(
            "archive.time_zone",
            "Zone of the calendar day. Fixed once the first day is captured.",
            "LIVESTATS_TIME_ZONE",
        ),
    )
    first_day: date | None = field(
        default=None,
        metadata=_at(
            "archive.first_day",
            "First day of the archive; unset: as far back as the API remembered at the first run.",
            "LIVESTATS_FIRST_DAY",
        ),
    )
    vendor: str = field(
        default=VOLCENGINE.name,
        metadata=_at(
            "api.vendor",
            "volcengine or byteplus (MediaLive), which lacks some actions and parameters.",
            "LIVESTATS_VENDOR",
        ),
    )
    api_url: str = field(
        default=VOLCENGINE.url,
        metadata=_at(
            "api.url",
            f"Address of the API. Unset: the vendor's own; byteplus: {BYTEPLUS.url}",
            "LIVESTATS_API_URL",
        ),
    )
    api_region: str = field(
        default="cn-north-1",
        metadata=_at("api.region", "Region that requests are signed for.", "LIVESTATS_API_REGION"),
    )
    push_domains: tuple[str, ...] = field(
        default=(),
        metadata=_at(
            "domains.push", "Push domains to capture; empty: all that the account ever had."
        ),
    )
    pull_domains: tuple[str, ...] = field(
        default=(),
        metadata=_at(
            "domains.pull", "Pull domains to capture; empty: all that the account ever had."
        ),
    )
    datasets_off: tuple[str, ...] = field(
        default=(), metadata=_at("datasets.off", "Datasets that are not captured.")
    )
    expiry_warning_days: int = field(
        default=7,
        metadata=_at(
            "archive.expiry_warning_days", "A missing day is called expiring this many days ahead."
        ),
    )
    language: str = field(
        default=ENGLISH,
        metadata=_at(
            "archive.language",
            "Of the comments on tables and columns, which BI tools show: en, or zh for Chinese. "
            "Values and names stay as they are.",
            "LIVESTATS_LANGUAGE",
        ),
    )
    personal_data: str = field(
        default=KEEP,
        metadata=_at(
            "archive.personal_data",
            "Addresses of persons in what is served: keep, mask (equal ones get equal pseudonyms) or "
            "omit. raw/ and lake/ keep them. Followed by the next `livestats publish`.",
            "LIVESTATS_PERSONAL_DATA",
        ),
    )
    send_fingerprint: str = field(
        default=NEVER,
        metadata=_at(
            "archive.send_fingerprint",
            "Whether the daemon, or `livestats alarms --send`, posts a fingerprint of all captures to "
            "the webhook of the alarms: never, or daily. See evidence.md.",
            "LIVESTATS_SEND_FINGERPRINT",
        ),
    )
    own: Mapping[str, DatasetOverrides] = field(default_factory=dict, hash=False)
    """Settings of single datasets by name: the sections [dataset.<name>] of the file."""
    cuts: Mapping[str, Cut] = field(default_factory=dict, hash=False)
    """Datasets that the settings define, by name: the sections [cut.<name>] of the file."""
    broken_cuts: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Cuts that were left out because they cannot be, each with the reason, for the alarm."""

    def __post_init__(self) -> None:
        """Check the values; opens no file. Raises SettingsError."""
        sign = _UNUSABLE_IN_PATHS.search(os.path.realpath(self.home))
        if sign:
            raise SettingsError(
                f"archive.home = {str(self.home)!r}: databases do not take {sign[0]!r} in the path of "
                "a folder as it is written. Name another folder (LIVESTATS_HOME)."
            )
        zone = _zone(self.time_zone)
        if not windows.has_constant_offset(zone):
            raise SettingsError(
                f"archive.time_zone = {self.time_zone!r} changes its offset in summer: days of 23 "
                "and 25 hours cannot be asked in one request. Use a zone with one offset, such as "
                "Asia/Shanghai, Asia/Singapore or UTC."
            )
        for place, value, possible in (
            ("api.vendor", self.vendor, [*VENDORS]),
            ("archive.language", self.language, LANGUAGES),
            ("archive.personal_data", self.personal_data, PERSONAL_DATA),
            ("archive.send_fingerprint", self.send_fingerprint, (NEVER, DAILY)),
        ):
            if value not in possible:
                raise SettingsError(
                    f"{place} = {value!r}: one of {', '.join(possible)} is possible."
                )
        if not 0 <= self.expiry_warning_days <= 366:
            raise SettingsError(
                f"archive.expiry_warning_days = {self.expiry_warning_days}: 0 to 366 is possible, "
                "for the API remembers 366 days."
            )
        self.check_api()
        self.check_publish()
        self.check_scale()
        self.check_logs(self.datasets_off)
        self._know_cuts()
        for name in self.datasets_off:
            if name.startswith(CUT_PREFIX):  # its section may be gone, or left out
                continue
            try:
                dataset(name)
            except ValueError as error:
                raise SettingsError(f"datasets.off: {error}") from error
        self._check_slots()

    def _know_cuts(self) -> None:
        """Check the cuts, and make their datasets known to this process."""
        offset = datetime(2026, 1, 1, tzinfo=self.zone).utcoffset() or timedelta(0)
        for name, one in self._cut_datasets.items():
            width = timedelta(seconds=one.bucket_s or 1)
            if width < timedelta(days=1) and offset % width:
                raise SettingsError(
                    f"cut.{name.removeprefix(CUT_PREFIX)}.width_s = {one.bucket_s}: in "
                    f"{self.time_zone}, {offset} from UTC, a day does not begin with such a slot. Use a "
                    "narrower one."
                )
            DATASETS.add(one)
        for cut in self.cuts.values():
            if problem := cut_settings.not_offered(cut, self.absent_parameters):
                raise SettingsError(f"cut.{cut.name}.{problem} Not with {self.vendor}.")

    @cached_property
    def _cut_datasets(self) -> dict[str, Dataset]:
        """The datasets that the cuts become, by the names of their tables."""
        made = [cut_settings.dataset(cut) for cut in self.cuts.values()]
        return {one.name: one for one in made}

    def _check_slots(self) -> None:
        """Check that a day begins with a whole slot in the time zone."""
        offset = datetime(2026, 1, 1, tzinfo=self.zone).utcoffset() or timedelta(0)
        for name, one in self._changed.items():
            is_set = one.bucket_s != dataset(name).bucket_s
            if one.bucket_s and is_set and offset % timedelta(seconds=one.bucket_s):
                raise SettingsError(
                    f"dataset.{name}.bucket_seconds = {one.bucket_s}: in {self.time_zone}, {offset} "
                    "from UTC, a day does not begin with such a slot. Use a narrower one."
                )

    @cached_property
    def _changed(self) -> dict[str, Dataset]:
        """The datasets that have settings of their own, with these applied."""
        try:
            return {name: single.apply(dataset(name), own) for name, own in self.own.items()}
        except SettingsError:
            raise
        except ValueError as error:
            raise SettingsError(f"dataset: {error}") from error

    def __getstate__(self) -> dict[str, object]:
        """For another process: what is made from the settings is made anew, from its own catalog."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def __setstate__(self, state: Mapping[str, object]) -> None:
        """In the other process, whose catalog does not know the cuts yet."""
        self.__dict__.update(state)
        self._know_cuts()

    def of(self, one: Dataset) -> Dataset:
        """A dataset of the catalog with its settings applied, or a cut of these settings."""
        return self._changed.get(one.name) or self._cut_datasets.get(one.name, one)

    def without_cuts(self, broken: Mapping[str, str]) -> Settings:
        """The same settings less some cuts, by name, each with the reason."""
        left = {name: cut for name, cut in self.cuts.items() if name not in broken}
        return replace(self, cuts=left, broken_cuts={**self.broken_cuts, **broken})

    def narrowed(self, name: str) -> str:
        """Which part of the account a dataset is limited to, in words; "" for all of it."""
        one = self.of(DATASETS[name])
        own = [
            f"{what} {', '.join(patterns)}"
            for what, patterns in (("domains", one.domains), ("streams", one.streams))
            if patterns
        ]
        # A dataset is also limited by those it depends on, unless one of them is not limited.
        above = {n: self.narrowed(n) for n in one.needs if n in self.datasets}
        if above and all(above.values()):
            own += [f"what {n} has ({limit})" for n, limit in above.items()]
        return "; ".join(own)

    @property
    def zone(self) -> ZoneInfo:
        """The business time zone."""
        return _zone(self.time_zone)

    @cached_property
    def datasets(self) -> tuple[str, ...]:
        """Names of the datasets that are captured. Looked up for every day, so found out once."""
        removed = {d.name for d in DATASETS.values() if d.is_cut} - {*self._cut_datasets}
        off = {*self.datasets_off, *self.not_offered, *removed}
        return tuple(name for name in DATASETS if name not in off)

    @property
    def not_offered(self) -> tuple[str, ...]:
        """Names of the datasets that the vendor has no action for."""
        vendor = VENDORS[self.vendor]
        return tuple(d.name for d in DATASETS.values() if vendor in d.endpoint.absent_on)

    @property
    def absent_parameters(self) -> frozenset[str]:
        """Parameters that the vendor does not take."""
        return absent_parameters(VENDORS[self.vendor])


def general() -> tuple[Field[Any], ...]:
    """The fields of all settings but those of single datasets, which are in `own`."""
    found = [known for known in fields(Settings) if known.metadata]
    beside = (ApiSettings, LogSettings, PublishSettings, ScaleSettings)
    apart = {known.name for room in beside for known in fields(room)}
    return tuple(sorted(found, key=lambda known: known.name in apart))  # those last


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(
            f"archive.time_zone = {name!r} is no known zone. Write it like Asia/Shanghai."
        ) from error
