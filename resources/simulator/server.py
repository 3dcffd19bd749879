"""The simulated API as one object: made, entered, called at `url`, left."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, Self

from resources.api.catalog.model import Endpoint
from resources.api.credentials import Credentials
from resources.simulator import truth
from resources.simulator.api import OF_VOLCENGINE, Api
from resources.simulator.faults import FaultPicker
from resources.simulator.handler import Server
from resources.simulator.manners import Manner, all_of
from resources.simulator.service import Service, real_clock
from resources.simulator.settings import (
    DEFAULT_CREDENTIALS,
    Account,
    AnswerOptions,
    Faults,
    LateData,
)
from resources.simulator.world import World


class Simulator:
    """A simulated API; `with Simulator(Account()) as sim:` serves it at `sim.url`.

    `clock` is the time that history and future are judged by; signatures are always judged by the
    real clock. `rate` is "documented" (each action's own limit), a number for all, or None.
    `latency_s` is added to every answer. Actions that are `withdrawn` are not there, those that are
    `denied` are not allowed for this key. `manners` are what manners/ describes, or such texts as
    "list-limit=20@from-call=3". `endpoints` may hold entries that the world knows nothing about. A
    port of 0 is any free one. With `serves_files` links to log files point at this port, else at a host
    that is not there.

    Raises OSError if the port is taken.
    """

    def __init__(
        self,
        account: Account | None = None,
        *,
        clock: Callable[[], datetime] = real_clock,
        credentials: Credentials = DEFAULT_CREDENTIALS,
        latency_s: float = 0.0,
        rate: Literal["documented"] | float | None = "documented",
        faults: Faults | None = None,
        late: LateData | None = None,
        options: AnswerOptions | None = None,
        withdrawn: Iterable[str] = (),
        denied: Iterable[str] = (),
        manners: Iterable[Manner | str] = (),
        endpoints: Mapping[str, Endpoint] = OF_VOLCENGINE,
        port: int = 0,
        serves_files: bool = False,
    ) -> None:
        self.credentials = credentials
        self.world = World(account or Account(), late)
        self._endpoints = endpoints
        self._service = Service(
            api=Api(self.world, options or AnswerOptions(), endpoints),
            clock=clock,
            credentials=credentials,
            rate=rate,
            chooser=FaultPicker(faults),
            latency_s=latency_s,
            withdrawn=frozenset(withdrawn),
            denied=frozenset(denied),
            manners=all_of(manners),
        )
        self._server = Server(port, self._service)
        if serves_files:
            self._service.api.answers = replace(self._service.api.answers, files_at=self.url)
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def calls(self) -> Counter[str]:
        """All requests by action, whatever became of them."""
        return self._service.calls

    @property
    def refused(self) -> Counter[str]:
        """Refusals by error code, and broken answers by kind of fault."""
        return self._service.refused

    @property
    def manners(self) -> list[Manner]:
        """What is done to requests and answers, first to last; may be set at any time."""
        return [*self._service.manners]

    @manners.setter
    def manners(self, manners: Iterable[Manner | str]) -> None:
        self._service.manners = all_of(manners)

    def truth(
        self, action: str, parameters: Mapping[str, Any], start: datetime, end: datetime
    ) -> list[dict[str, Any]]:
        """The rows of [start, end) as the world has them: see `truth.rows`."""
        return truth.rows(self.world, action, parameters, start, end, endpoints=self._endpoints)

    def __enter__(self) -> Self:
        # A short poll, for close() waits for it.
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def serve_forever(self) -> None:
        """Serve in this thread until an interrupt."""
        self._server.serve_forever()

    def close(self) -> None:
        """Stop listening; requests that are stalled are let go."""
        self._service.closing.set()
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


def serve(
    account: Account | None = None,
    *,
    announce: Callable[[Simulator], None] = lambda _: None,
    **options: Any,
) -> None:
    """Serve until interrupted. `announce` is called when the port is open: it can tell the URL.

    `options` are those of `Simulator`.
    """
    simulator = Simulator(account, **options)
    try:
        announce(simulator)
        simulator.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        simulator.close()
