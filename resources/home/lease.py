"""The lease of an account, so that one host at a time works on it: a lock in PostgreSQL.

File locks keep processes of one host apart; homes of one account on several hosts share none. The lock
lives as long as a connection, so it is free when its holder or its host is gone. All processes on one home
of one host hold it together. A process that has lost it ends at once, as if it were killed: nothing is
committed after that. Without the setting nothing of this is imported. Not here: file locks
(fs/locks.py), the server (lease_server.py).
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from resources.config import Settings
from resources.home.layout import Home
from resources.home.lease_server import LeaseRefused, connected, place_of_home, said, server_name

log = logging.getLogger("livestats.lease")

CHECK_S = 0.5
"""The holder looks this often whether it still has the lease."""

ANSWER_S = 10.0
"""A holder that has no answer for so long ends, whatever the network says of the connection."""

TAKEOVER_S = 15.0
"""A new host waits so long if the one before did not end cleanly: longer than that one can go on."""

WINDOW_S = 2.0
"""A new host waits so long in any case: the API counts the calls of the one before for a second."""

_SERVER = (
    # The server gives up a host that is cut off after a minute: later than that host itself.
    "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3; "
    "SET idle_session_timeout = 0; SET statement_timeout = 0; SET lock_timeout = '10s'"
)
_TABLE = """
CREATE TABLE IF NOT EXISTS livestats_lease (
    account text PRIMARY KEY, place text NOT NULL, host text NOT NULL, process integer NOT NULL,
    command text NOT NULL, since timestamptz NOT NULL, ended boolean NOT NULL)
"""
_OTHERS = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND pid <> pg_backend_pid()
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND classid::bigint = %s AND objid::bigint = %s
"""


@dataclass
class _Lease:
    """The lease that this process holds."""

    connection: Any  # of psycopg2, in use by the watching thread once it is held
    account: str
    where: str
    server_process: int
    fence: int  # grows with each taking of any lease in this database
    users: int = 1
    answered_s: float = field(default_factory=time.monotonic)
    stop: threading.Event = field(default_factory=threading.Event)
    watchers: list[threading.Thread] = field(default_factory=list)

    def watch(self) -> None:
        """Have two threads look after it until `stop`: one asks the server, one looks at the clock."""
        for work in (_ask, _look_at_the_clock):
            thread = threading.Thread(target=work, args=[self], name="lease", daemon=True)
            thread.start()
            self.watchers.append(thread)


_held: dict[tuple[str, str, Path], _Lease] = {}
_guard = threading.Lock()


@contextmanager
def held(
    home: Home, settings: Settings, sleep: Callable[[float], None] = time.sleep
) -> Iterator[int]:
    """Hold the lease of the account for the block, if `scale.lease` is set; else do nothing.

    Yields a number that is greater than that of every holder before. Blocks inside of each other, and of
    several threads, share it. The folder of `home` is there. Raises LeaseRefused. If it is lost within
    the block, the process ends with code 2.
    """
    if not settings.scale_lease:
        yield 0
        return
    if not settings.scale_account:
        raise LeaseRefused(
            "scale.lease is set and scale.account is not. Set it to a name of this account, the same on "
            "each of its hosts: livestats.toml, or LIVESTATS_SCALE_ACCOUNT."
        )
    key = (settings.scale_lease, settings.scale_account, home.root)
    with _guard:
        lease = _held.get(key)
        if lease is None:
            lease = _held[key] = _taken(home, settings, sleep)
        else:
            lease.users += 1
    try:
        yield lease.fence
    finally:
        with _guard:
            lease.users -= 1
            if not lease.users:
                del _held[key]
                _give_back(lease)


def _taken(home: Home, settings: Settings, sleep: Callable[[float], None]) -> _Lease:
    account, where = settings.scale_account, server_name(settings.scale_lease)
    connection = connected(settings)
    try:
        with connection, connection.cursor() as cursor:
            before, has_ended = _take(cursor, account, place_of_home(home))
            cursor.execute("SELECT pg_backend_pid(), txid_current()")
            ((process, fence),) = cursor.fetchall()
        connection.autocommit = True
    except connection.Error as error:
        connection.close()
        raise LeaseRefused(f"The lease of {account}, {where}: {said(error)}.") from None
    except BaseException:
        connection.close()
        raise
    lease = _Lease(connection, account, where, process, fence)
    lease.watch()
    if before and has_ended:
        sleep(WINDOW_S)
    elif before:
        log.warning(
            "The lease of %s was held by %s, which did not say that it ended. Waiting %.0f s for it.",
            account, before, TAKEOVER_S,
        )  # fmt: skip
        sleep(TAKEOVER_S)
    return lease


def _take(cursor: Any, account: str, place: str) -> tuple[str, bool]:
    """Take the lease in one transaction; the holder before, "" if it was here, and whether it ended."""
    cursor.execute(_SERVER)
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_number("any lease")])
    cursor.execute(_TABLE)
    cursor.execute(
        "SELECT place, host, process, command, to_char(since AT TIME ZONE 'UTC', "
        "'YYYY-MM-DD HH24:MI:SS'), ended FROM livestats_lease WHERE account = %s",
        [account],
    )
    found = cursor.fetchone()
    is_held = _is_held_by_others(cursor, account)
    is_ours = bool(found) and found[0] == place
    holder = (
        f"{found[1]} (process {found[2]}, {found[3]!r}) since {found[4]} UTC"
        if found
        else "another host"
    )
    if is_held and not is_ours:
        raise LeaseRefused(
            f"{holder} works on the account {account}. One host at a time may: wait until it ends, or "
            "end it there; then run again."
        )
    cursor.execute("SELECT pg_advisory_lock_shared(%s)", [_number(account)])
    if not is_held:
        command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]])[:80]
        cursor.execute(
            "INSERT INTO livestats_lease VALUES (%s, %s, %s, %s, %s, now(), false) ON CONFLICT (account) "
            "DO UPDATE SET place = excluded.place, host = excluded.host, process = excluded.process, "
            "command = excluded.command, since = excluded.since, ended = false",
            [account, place, socket.gethostname(), os.getpid(), command],
        )
    return (holder, bool(found[5])) if found and not is_ours else ("", True)


def _give_back(lease: _Lease) -> None:
    """Free the lease. What fails here fails after all was done: the server frees it by itself."""
    import psycopg2

    lease.stop.set()
    for thread in lease.watchers:
        thread.join(ANSWER_S)
        if thread.is_alive():  # it waits for an answer; the connection ends with the process
            return
    with suppress(psycopg2.Error):
        lease.connection.autocommit = False
        with lease.connection, lease.connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_number("any lease")])
            if not _is_held_by_others(cursor, lease.account):
                cursor.execute(
                    "UPDATE livestats_lease SET ended = true WHERE account = %s", [lease.account]
                )
            cursor.execute("SELECT pg_advisory_unlock_shared(%s)", [_number(lease.account)])
    lease.connection.close()


def _is_held_by_others(cursor: Any, account: str) -> bool:
    number = _number(account) & (1 << 64) - 1
    cursor.execute(_OTHERS, [number >> 32, number & (1 << 32) - 1])
    return bool(cursor.fetchone()[0])


def _ask(lease: _Lease) -> None:
    """End the process when the connection that holds the lease is gone."""
    import psycopg2

    while not lease.stop.wait(CHECK_S):
        try:
            with lease.connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                if cursor.fetchone()[0] == lease.server_process:
                    lease.answered_s = time.monotonic()
                    continue
            problem = "each statement has another connection. A pool must be one of sessions"
        except psycopg2.Error as error:
            problem = said(error)
        _end(lease, problem)


def _look_at_the_clock(lease: _Lease) -> None:
    """End the process when the server has not answered for long, or the process was stopped."""
    while not lease.stop.wait(CHECK_S):
        silent_s = time.monotonic() - lease.answered_s
        if silent_s > ANSWER_S:
            _end(lease, f"no answer for {silent_s:.0f} s")


def _end(lease: _Lease, problem: str) -> None:
    sys.stderr.write(
        f"\nThe lease of {lease.account}, {lease.where}, is lost: {problem}. Another host may work on the "
        "account from now on, so this process ends at once. What is captured stays; run again.\n"
    )
    sys.stderr.flush()
    os._exit(2)


def _number(name: str) -> int:
    """The key of the lock: 64 bits with a sign."""
    digest = hashlib.sha256(f"livestats lease {name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
