"""The PostgreSQL server of leases: how it is reached, and who took a lease last.

psycopg2 is not in the default install, and is imported where a lease is asked for. Read next: lease.py.
"""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from resources.api import redaction
from resources.config import Settings
from resources.errors import LivestatsError
from resources.home.layout import Home

_CLIENT = {
    "application_name": "livestats lease",
    "connect_timeout": "10",
    "tcp_user_timeout": "10000",  # ms, of what is sent and not acknowledged
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}

_PASSWORD = {"PGPASSWORD": "password", "PGPASSFILE": "passfile"}
"""Variables of libpq, and what it calls them in an address."""


class LeaseRefused(LivestatsError):
    """Another host works on the account, or the lease cannot be had; the message says why."""


@dataclass(frozen=True)
class Holder:
    """Who took the lease last; it need not hold it any more."""

    host: str
    is_here: bool  # with this home, in this running system
    age_s: float  # since it was taken, by the server's clock


def last_holder(home: Home, settings: Settings, environ: Mapping[str, str]) -> Holder | None:
    """Who took the lease of the account last; None if nobody did, or `scale.lease` is not set.

    `environ` has the account's password. Raises LeaseRefused if the server does not say.
    """
    if not settings.scale_lease:
        return None
    given = {option: environ[name] for name, option in _PASSWORD.items() if environ.get(name)}
    connection = connected(settings, **given)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('livestats_lease') IS NOT NULL")
            if cursor.fetchone()[0]:
                cursor.execute(
                    "SELECT host, place, extract(epoch FROM now() - since) FROM livestats_lease "
                    "WHERE account = %s",
                    [settings.scale_account],
                )
                for host, place, age_s in cursor.fetchall():
                    is_here = home.root.is_dir() and place == place_of_home(home)
                    return Holder(host, is_here, float(age_s))
        return None
    except connection.Error as error:
        raise LeaseRefused(f"The lease of {settings.scale_account}: {said(error)}.") from None
    finally:
        connection.close()


def connected(settings: Settings, **given: str) -> Any:
    """A connection of psycopg2 to where leases are; `given` goes before this process's environment.

    Raises LeaseRefused.
    """
    try:
        import psycopg2
    except ImportError as error:
        raise LeaseRefused(
            "scale.lease needs a driver that the default install does not have. In the checkout: "
            ".venv/bin/python -m pip install --no-build-isolation --editable '.[scale]'"
        ) from error
    try:
        return psycopg2.connect(_address(settings.scale_lease), **given)
    except psycopg2.Error as error:
        raise LeaseRefused(
            f"The lease of {settings.scale_account} cannot be had from "
            f"{server_name(settings.scale_lease)}: {said(error)}. Without it another "
            "host could work on the account at the same time, so nothing is begun."
        ) from None


def place_of_home(home: Home) -> str:
    """Equal for processes that file locks keep apart: on one folder, in one running system.

    Homes of one account that are kept in a store have one id, and in containers one path as well.
    """
    try:
        system = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        system = socket.gethostname()
    folder = home.root.stat()
    name = f"{system} {folder.st_dev} {folder.st_ino}"
    return hashlib.sha256(name.encode()).hexdigest()[:24]


def _address(url: str) -> str:
    parts = urlsplit(url)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    return parts._replace(query=urlencode({**_CLIENT, **given}, quote_via=quote)).geturl()


def server_name(url: str) -> str:
    """The server and database of an address, without user and options."""
    parts = urlsplit(url)
    return f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}"


def said(error: Exception) -> str:
    """What an error says, in one line and without secrets."""
    return " ".join(redaction.redact(str(error)).split()).rstrip(".")
