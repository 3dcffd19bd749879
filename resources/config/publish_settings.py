"""Settings of publications beside the served copy: where to, under which name, which datasets.

Checked here, and used by resources/publish_to. No password is among them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from resources.api import redaction
from resources.config.errors import SettingsError

ICEBERG = "iceberg"
"""The target that pyiceberg's own settings describe."""


POSTGRESQL = ("postgresql", "postgres")
"""Schemes of the address of a PostgreSQL database."""

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_SECRET = ("password", "sslpassword", "oauth_client_secret")


def _at(where: str, meaning: str, variable: str | None = None) -> Mapping[str, str | None]:
    return {"where": where, "meaning": meaning, "variable": variable}


@dataclass(frozen=True, kw_only=True)
class PublishSettings:
    """What is published beside the served copy; by default nothing."""

    publish_to: str = field(
        default="",
        metadata=_at(
            "publish.to",
            "Where `livestats publish`, each `livestats backfill` and the schedule publish as well: "
            "postgresql://USER@HOST/DATABASE, without a password, or iceberg. See scale.md.",
            "LIVESTATS_PUBLISH_TO",
        ),
    )
    publish_schema: str = field(
        default="livestats",
        metadata=_at(
            "publish.schema",
            "Name of the schema, or namespace, there. Each archive needs one of its own.",
            "LIVESTATS_PUBLISH_SCHEMA",
        ),
    )
    publish_datasets: tuple[str, ...] = field(
        default=(),
        metadata=_at(
            "publish.datasets",
            "Datasets that are published there beside marts and dimensions; * stands for any text.",
        ),
    )

    def check_publish(self) -> None:
        """Check the values. Raises SettingsError."""
        if self.publish_to and (problem := fault_of(self.publish_to)):
            raise SettingsError(f"publish.to: {problem}")
        if problem := fault_of_schema(self.publish_schema):
            raise SettingsError(f"publish.schema: {problem}")


def fault_of(target: str) -> str:
    """Why nothing can be published to `target`; "" if it can be. Does not quote it: it may hold a secret."""
    redaction.hold_url(target)
    if target == ICEBERG:
        return ""
    try:
        parts = urlsplit(target)
        has_secret = parts.password is not None or bool(
            {name.lower() for name, _ in parse_qsl(parts.query)} & {*_SECRET}
        )
    except ValueError:
        return "this is no address. Write it like postgresql://USER@HOST:5432/DATABASE."
    if parts.scheme not in POSTGRESQL:
        return "write iceberg, or an address like postgresql://USER@HOST:5432/DATABASE."
    if has_secret:
        return (
            "the address holds a password, which would stand in files and in the list of processes. "
            "Take it out: it comes from PGPASSWORD, from the file that PGPASSFILE names, or from "
            "~/.pgpass."
        )
    return ""


def fault_of_schema(name: str) -> str:
    """Why a schema cannot have this name; "" if it can."""
    if _NAME.fullmatch(name) and not name.startswith("pg_") and name != "information_schema":
        return ""
    return f"{name!r} is no name for it: small letters, digits and _, up to 63, such as livestats_acme."
