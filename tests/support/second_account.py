"""The second server with an archive that is pointed at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from resources.api.credentials import Credentials
from resources.archive import Archive
from tests.second_server.choices import Choices
from tests.second_server.server import SecondServer, running
from tests.support.archives import NOW, Lab, environment, moving
from tests.support.mart_answers import rows_of
from tests.support.second_series import Series
from tests.support.second_truth import SecondTruth, differences


@dataclass(frozen=True)
class Account:
    """What `environment` asks of an account: where it is and its key."""

    server: SecondServer

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def credentials(self) -> Credentials:
        return Credentials(self.server.key, self.server.secret)


@contextmanager
def second_lab(
    home: Path, choices: Choices | None = None, *, now: datetime = NOW, **environ: str
) -> Iterator[tuple[Lab, SecondServer]]:
    """A second server whose data ends `now`, and an archive in `home` that asks it."""
    clock = moving(now)
    server = SecondServer(choices=choices or Choices(), now=lambda: clock().timestamp())
    if server.choices.edition == "byteplus":
        environ["LIVESTATS_VENDOR"] = "byteplus"
    with running(server):
        account: Any = Account(server)
        given = {**environment(account, home, now), **environ}
        yield Lab(account, Archive.open(given, home.parent)), server


def wrong_tables(
    lab: Lab,
    server: SecondServer,
    days: Sequence[date],
    names: Sequence[str],
    cuts: Mapping[str, Series] | None = None,
) -> dict[str, list[str]]:
    """Tables whose rows or columns differ from the server's truth, with a few of the differences.

    `cuts` are the truths of tables that the catalog does not have.
    """
    truth = SecondTruth(days, server.choices, int(NOW.timestamp()), server.url)
    wrong: dict[str, list[str]] = {}
    with lab.archive.reading() as connection:
        for name in names:
            found, expected = rows_of(connection, name), truth.rows(name, (cuts or {}).get(name))
            told = differences(found, expected)
            uncompared = {column for row in found[:1] for column in row}
            uncompared -= {column for row in expected for column in row}
            if uncompared:
                told.append(f"columns that the truth does not have: {sorted(uncompared)}")
            if told or not expected:
                wrong[name] = told or ["the truth is empty: nothing was compared"]
    return wrong
