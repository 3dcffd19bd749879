"""Homes of several hosts and one store, without a lease: who works when is up to the test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from resources.shared import push as pushing
from resources.shared.base import Base
from resources.shared.pull import pull
from resources.shared.push import Pushed
from resources.shared.transfer import Moved
from tests.support.archives import Lab
from tests.support.cold_store import FolderStore

NAMES = ("domain", "isp", "region", "stream_count", "push_stream_info", "ip_info")
"""Datasets with lists, with and without a needed list of streams, and with addresses."""

_fences = count(1)


@dataclass
class Host:
    """A host with a home of its own."""

    lab: Lab
    store: FolderStore
    fence: int = field(default_factory=lambda: next(_fences))

    @property
    def home(self):
        return self.lab.archive.home

    @property
    def base(self):
        return Base.of(self.home, self.store.place.text)

    def pull(self) -> Moved:
        """As a session does it at its beginning."""
        _, moved = pull(self.home, self.store, self.base)
        self.home.read_again()
        return moved

    def push(self, *, again: bool = False) -> Pushed:
        """As a session does it at its end; the lease is always taken anew."""
        self.fence = next(_fences)
        return pushing.push(self.home, self.store, self.base, self.fence, again=again)[1]

    def work(self, *days, names=None, again=False, load=False) -> Host:
        """A whole session that captures days."""
        self.pull()
        self.lab.capture(days, names, again=again)
        if load:
            self.lab.load()
        self.push()
        return self


def hosts(lab: Lab, store: FolderStore, *names: str) -> list[Host]:
    """Hosts whose homes are beside that of `lab`."""
    return [Host(lab.beside(name), store) for name in names]


@contextmanager
def lease_of_tests(_home, _settings, _sleep=None) -> Iterator[int]:
    """Stands for the lease in PostgreSQL: nobody else is there."""
    yield next(_fences)
