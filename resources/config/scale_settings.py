"""Settings of what other machines do: engine of marts, lease, shared home, Dagster's history, cold answers.

Checked here; what they name is imported only where they are set. No password is among them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from resources.api import redaction
from resources.config import publish_settings
from resources.config.errors import SettingsError
from resources.fs.object_store import Place

SPARK_CONNECT = "sc"
LEAST_COLD_DAYS = 31
"""Complete days are asked again for late data for some days, suspect ones for 30."""

MOST_COLD_DAYS = 36_500


@dataclass(frozen=True, kw_only=True)
class ScaleSettings:
    """What is done by other machines; by default nothing."""

    scale_engine: str = field(
        default="",
        metadata={
            "where": "scale.engine",
            "meaning": "sc://HOST:PORT of a server that speaks Spark Connect: with `publish.to` iceberg "
            "marts are made there, of the published tables. Unset: in DuckDB. See scale.md.",
            "variable": "LIVESTATS_SCALE_ENGINE",
        },
    )

    scale_lease: str = field(
        default="",
        metadata={
            "where": "scale.lease",
            "meaning": "postgresql://USER@HOST/DATABASE, without a password: where hosts that have homes of "
            "one account agree on which of them works on it. Unset: files keep processes of this host "
            "apart, and nothing else does. See scale.md.",
            "variable": "LIVESTATS_SCALE_LEASE",
        },
    )
    scale_account: str = field(
        default="",
        metadata={
            "where": "scale.account",
            "meaning": "Name of the account for `scale.lease`: the same on each of its hosts, and no other's.",
            "variable": "LIVESTATS_SCALE_ACCOUNT",
        },
    )

    scale_home: str = field(
        default="",
        metadata={
            "where": "scale.home",
            "meaning": "s3://BUCKET/PREFIX, without a key: an S3-compatible store that has the account's archive. "
            "Each host's home is then a copy of it, and any of them can take the account. Needs "
            "`scale.lease`. Unset: the home of one host is all there is. See scale.md.",
            "variable": "LIVESTATS_SCALE_HOME",
        },
    )

    scale_dagster: str = field(
        default="",
        metadata={
            "where": "scale.dagster",
            "meaning": "postgresql://USER@HOST/DATABASE, without a password: where Dagster keeps its run history; "
            "a database for each home. Unset: in files of the home. See scale.md.",
            "variable": "LIVESTATS_SCALE_DAGSTER",
        },
    )

    scale_cold: str = field(
        default="",
        metadata={
            "where": "scale.cold",
            "meaning": "s3://BUCKET/PREFIX, without a key: an S3-compatible store where `livestats cold` moves the "
            "stored answers of old days. Unset: they stay in the home. See scale.md.",
            "variable": "LIVESTATS_SCALE_COLD",
        },
    )
    scale_cold_after_days: int = field(
        default=90,
        metadata={
            "where": "scale.cold_after_days",
            "meaning": "How old, in days, a complete day is when its answers are moved to `scale.cold`.",
            "variable": "LIVESTATS_SCALE_COLD_AFTER_DAYS",
        },
    )

    def check_scale(self) -> None:
        """Check the values. Raises SettingsError."""
        if self.scale_engine and (problem := _fault_of_engine(self.scale_engine)):
            raise SettingsError(f"scale.engine: {problem}")
        for place, address in (
            ("scale.lease", self.scale_lease),
            ("scale.dagster", self.scale_dagster),
        ):
            if address and (problem := _fault_of_database(address)):
                raise SettingsError(f"{place}: {problem}")
        for place, address in (("scale.cold", self.scale_cold), ("scale.home", self.scale_home)):
            try:
                if address:
                    Place.parse(address)
            except ValueError as error:
                raise SettingsError(f"{place}: {error}") from error
        if not LEAST_COLD_DAYS <= self.scale_cold_after_days <= MOST_COLD_DAYS:
            raise SettingsError(
                f"scale.cold_after_days = {self.scale_cold_after_days}: {LEAST_COLD_DAYS} to "
                f"{MOST_COLD_DAYS:,} is possible. Younger days may still be asked again."
            )


def _fault_of_database(address: str) -> str:
    """Why it is no address of a database; "" if it is one. Does not quote it."""
    fault = publish_settings.fault_of(address)
    if address == publish_settings.ICEBERG or fault.startswith("write iceberg"):
        return "write an address like postgresql://USER@HOST:5432/DATABASE."
    return fault


def _fault_of_engine(address: str) -> str:
    """Why it is no address of an engine; "" if it is one. Does not quote it: it may hold a secret."""
    redaction.hold_url(address)
    if "token=" in address.lower():
        return (
            "the address holds a token, which would stand in files and in the list of processes. "
            "Take it out: it comes from SPARK_CONNECT_AUTHENTICATE_TOKEN."
        )
    try:
        parts = urlsplit(address)
        is_one = parts.scheme == SPARK_CONNECT and bool(parts.hostname and parts.port)
        is_one &= parts.username is None and parts.password is None
    except ValueError:  # a port that is no number
        is_one = False
    return "" if is_one else "write it like sc://engine.example.com:15002."
