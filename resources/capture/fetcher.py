"""Fetches the answer to one request: all pages, proven; in parts if the API takes no more.

Runs in worker threads; no file is written here (partition_writer.py). Read next: isolation.py.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TypeVar

from resources.api.body import Body
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import Scope
from resources.api.client import Client
from resources.api.errors import (
    AnswerTooLarge,
    ApiError,
    FixAction,
    FixRequest,
    FixSetup,
    IncompleteAnswer,
    TryLater,
    printable,
)
from resources.api.pagination import PAGING_ATTEMPTS, fetch_pages
from resources.api.parsing.parse import Page, Rows, join
from resources.api.parsing.split_items import check_domains
from resources.api.request_plan import Request, alone, even_chunks, halves, items_of, narrowed
from resources.capture.answers import (
    Answer,
    FetchedPage,
    FetchResult,
    Pages,
    Unanswered,
    check_addresses,
    of_whole_list,
    with_bodies,
)
from resources.capture.decoders import DecoderPool, Stored
from resources.capture.isolation import PROBES, take_apart
from resources.capture.learned import MAX_FAILURES, Learned
from resources.capture.readings import Readings
from resources.errors import LivestatsError
from resources.ledger.newest_spellings import Spellings, respelled
from resources.raw import captures

log = logging.getLogger("livestats.capture")
T = TypeVar("T")


class RunCancelled(LivestatsError):
    """The run ended while this request was waiting or in flight."""


@dataclass(frozen=True)
class Fetcher:
    """Sends the requests of one dataset. Thread-safe."""

    client: Client
    dataset: Dataset
    halt: threading.Event
    decoders: DecoderPool
    learned: Learned
    spellings: Spellings = field(default_factory=dict)  # sent where the first one is refused

    def fetch(self, request: Request, day: date, has_failed: Callable[[], bool]) -> list[Answer]:
        """What answers `request`: its answer, or those to parts of it, proven or not.

        A request is asked in parts if the API takes too long (halves of its window) or refuses it for
        single items (parts of its list). Items that were refused in this run when the same was asked
        are not asked; others that were refused today, by themselves. [] once `has_failed` is true.

        Raises FixAction if no call of the action can succeed, FixSetup if none can, RunCancelled.
        """
        if has_failed():
            return []
        items, question = items_of(self.dataset, request), self._question(request)
        good, answers = [], list[Answer]()
        for item in items:
            refusal = self.learned.refusal(question, item, day)
            is_alone = self.learned.was_refused(item) and self.dataset.scope is not Scope.ACCOUNT
            if refusal is None and not is_alone:
                good.append(item)
                continue
            part = request if len(items) == 1 else narrowed(self.dataset, request, [item])
            if refusal is None:
                answers += self._fetch(part, day)
            else:
                answers.append(Unanswered(part, refusal.error(self._action)))
        for part in self._within_limit(request, items, good):
            answers += self._fetch(part, day)
        return sorted(answers, key=lambda answer: items_of(self.dataset, answer.request))

    @property
    def _action(self) -> str:
        return self.dataset.endpoint.action

    def _question(self, request: Request) -> str:
        """What is asked about each item: the dataset and its variant."""
        variant = {name: request.payload.get(name) for name in self.dataset.variant_columns}
        return f"{self.dataset.name} {json.dumps(variant, sort_keys=True)}"

    def _within_limit(
        self, request: Request, items: Sequence[str], good: Sequence[str]
    ) -> Iterator[Request]:
        """The request for its `good` items, in lists as long as the API is known to take."""
        limit = self.learned.list_limit(self._action)
        if limit is None or self.dataset.scope is Scope.ACCOUNT:
            limit = len(good) or 1
        if len(good) == len(items) <= limit:
            yield request
            return
        for chunk in even_chunks(good, limit):
            yield narrowed(self.dataset, request, chunk)

    def _fetch(self, request: Request, day: date) -> list[Answer]:
        if self.learned.is_failing(self._action, day):
            return [Unanswered(request, self._server_fails(day))]
        answer = self._attempt(request, day)
        if isinstance(answer, FetchResult):
            return [answer]
        error = answer.error
        if isinstance(error, AnswerTooLarge) or (isinstance(error, TryLater) and error.timed_out):
            shorter = halves(self.dataset, request)
            if shorter:
                log.warning(
                    "%s: %s; requesting halves of %s", self.dataset.name, error.what, request
                )
                return [part for half in shorter for part in self._fetch(half, day)]
        items = items_of(self.dataset, request)
        is_throttled = isinstance(error, TryLater) and error.throttled
        if not is_throttled:  # another request of the action may be answered
            if len(items) > 1:
                return self._take_apart(request, items, answer, day)
            self._note_refusal(request, items, day, error)
        return [answer]

    def _take_apart(
        self, request: Request, items: Sequence[str], refused: Unanswered, day: date
    ) -> list[Answer]:
        """The answers to parts of a refused list; `refused` if no single item is to blame."""
        parts: list[Answer] = []

        def ask(part: Sequence[str]) -> Answer | None:
            is_failing = self.learned.is_failing(self._action, day)
            if is_failing or not self.learned.spend_call(self._action):
                return None
            parts.append(self._attempt(narrowed(self.dataset, request, part), day))
            return parts[-1]

        log.info("%s: %s; requesting parts of %s", self.dataset.name, refused.error.what, request)
        whole: Answer = refused
        found = take_apart(items, whole, ask, self._max_probes(refused.error, items))
        if found is None:
            self.learned.note_fruitless(self._action)
            if isinstance(refused.error, FixAction) and not (
                self.learned.was_answered(self._action) or self._finds_witness(request)
            ):
                raise refused.error  # of the whole action, as far as is known
            return with_bodies(self.dataset, refused, parts)
        answers: list[Answer] = []
        for part, answer in found.answers.items():
            if isinstance(answer, Unanswered):
                self._note_refusal(request, part, day, answer.error)
                pages = () if answer is refused else answer.pages  # which are of the whole list
                part_request = narrowed(self.dataset, request, part)
                answers.append(Unanswered(part_request, answer.error, pages))
        if self.dataset.scope is Scope.ACCOUNT:  # figures of all items together
            good = narrowed(self.dataset, request, found.good_items)
            return [of_whole_list(self._attempt(good, day)), *answers]
        if not answers and isinstance(refused.error, FixRequest):
            self.learned.learn_list_limit(self._action, found.longest_answered)
        return [*(one for one in found.answers.values() if one.is_proven), *answers]

    def _max_probes(self, error: ApiError, items: Sequence[str]) -> int:
        """How many single items are asked before a list is given up as refused whatever is in it."""
        if isinstance(error, TryLater):  # each attempt takes long, and it is rarely an item's fault
            return 2
        is_searched = isinstance(error, FixRequest) and self.learned.is_worth_a_search(self._action)
        return len(items) if is_searched else PROBES

    def _note_refusal(
        self, request: Request, items: Sequence[str], day: date, error: ApiError
    ) -> None:
        if len(items) != 1:
            return
        if self.learned.is_first_report(self._action, items[0]):  # once for all datasets and days
            log.warning("%s %s: %s: %s", self.dataset.name, day, printable(items[0]), error)
        if isinstance(error, FixRequest | FixAction):
            self.learned.refuse(self._question(request), items[0], day, error)

    def _server_fails(self, day: date) -> ApiError:
        return TryLater(
            f"not asked for {day}, after {MAX_FAILURES} requests in a row that the server could not "
            "answer",
            action=self._action,
        )

    def _attempt(self, request: Request, day: date) -> Answer:
        """The answer to `request`, proven or not. Raises FixAction, FixSetup, RunCancelled."""
        came: Pages = {}
        try:
            answer = self._fetch_proven(request, came)
            self.learned.note_answer(self._action, len(items := items_of(self.dataset, request)))
            if len(items) == 1:
                self.learned.note_item_answered(self._question(request), items[0])
            return answer
        except FixSetup:
            raise
        except ApiError as error:
            if isinstance(error, FixAction) and not self._is_of_items(error, request):
                raise
            if self.halt.is_set():
                raise RunCancelled("the run was cancelled") from error
            if isinstance(error, TryLater):
                self.learned.note_failure(self._action, day, items_of(self.dataset, request))
            else:
                self.learned.note_reply(self._action)
            error.forget_frames()
            return Unanswered(request, error, [*came.values()])

    def _is_of_items(self, error: FixAction, request: Request) -> bool:
        """True if an action is refused for what is asked about, as far as is known by now."""
        if not error.may_be_of_item:
            return False
        if len(items := items_of(self.dataset, request)) == 1:
            self.learned.note_denied(self._action, items[0])
        return not self.learned.is_denied(self._action, items) or self._finds_witness(request)

    def _finds_witness(self, request: Request) -> bool:
        """Ask about single items until one is answered; True if the action is then known to be allowed."""
        for item in self.learned.witnesses(self._action):
            if self.learned.was_answered(self._action) or not self.learned.spend_call(self._action):
                break
            try:
                self._fetch_proven(alone(self.dataset, request, item), {})
                self.learned.note_answer(self._action)
            except FixSetup:
                raise
            except ApiError:
                self.learned.note_denied(self._action, item)
        return self.learned.was_answered(self._action)

    def _fetch_proven(self, request: Request, came: Pages) -> FetchResult:
        """All pages, requested again until page numbers, totals and rows agree."""
        readings = Readings(self._action, self.dataset.endpoint.paging)
        has_disagreed = False
        for attempt in range(PAGING_ATTEMPTS):
            came.clear()
            try:
                result = self._fetch_once(request, came, readings)
                readings.check_doubled(result)
                if readings.must_come_again(result, is_last=attempt == PAGING_ATTEMPTS - 1):
                    continue
                if not self._asks_again(result, has_disagreed or attempt == PAGING_ATTEMPTS - 1):
                    return result
                has_disagreed = True
            except IncompleteAnswer as error:
                if attempt == PAGING_ATTEMPTS - 1:
                    error.what += f"; requested {PAGING_ATTEMPTS} times"
                    raise
                log.warning("%s: %s; requesting all pages again", self.dataset.name, error)
        raise AssertionError("unreachable")

    def _asks_again(self, result: FetchResult, is_last: bool) -> bool:
        """True if totals that differ from the rows are worth another request.

        Those that differ again are the vendor's way to count: no request is then repeated.
        """
        totals = result.rows.disagreeing
        if not totals or self.learned.is_steady(self._action):
            return False
        if is_last:
            self.learned.note_steady(self._action)
            return False
        log.warning("%s: %s differ; requesting again", self.dataset.name, ", ".join(totals))
        return True

    def _fetch_once(self, request: Request, came: Pages, readings: Readings) -> FetchResult:
        if readings.paging is not None:
            return self._fetch_pages(request, came, readings)

        def to_rows(page: Page) -> Rows:
            return join(self.dataset, request, [page])

        def read(body: Body) -> tuple[Rows, Stored]:
            return self.decoders.read(self.dataset, request, 1, body, to_rows)

        rows = self._call(1, request.payload, read, came)
        check_addresses(self.dataset, request, rows)
        check_domains(self.dataset, request, rows.absent)
        return FetchResult(request, [came[1]], rows)

    def _fetch_pages(self, request: Request, came: Pages, readings: Readings) -> FetchResult:
        pages: list[Page] = []
        paging, may_repeat = readings.paging, readings.has_smaller_pages

        def fetch(number: int, payload: Mapping[str, object]) -> Page:
            def read(body: Body) -> tuple[Page, Stored]:
                return self.decoders.read(self.dataset, request, number, body, lambda page: page)

            if number == 1:  # pages may begin anew, at another size
                came.clear()
                pages.clear()
            pages.append(self._call(number, payload, read, came))
            return pages[-1]

        for _ in fetch_pages(self._action, paging, request.payload, fetch, may_repeat=may_repeat):
            pass
        rows = join(self.dataset, request, pages, may_repeat=may_repeat)
        return FetchResult(request, [*came.values()], rows)

    def _call(
        self,
        page: int,
        payload: Mapping[str, object],
        read: Callable[[Body], tuple[T, Stored]],
        came: Pages,
    ) -> T:
        """Make the call for a page and put it into `came`, also if its body cannot be read."""
        if self.halt.is_set():
            raise RunCancelled("the run was cancelled")

        def read_or_keep(body: Body) -> tuple[T, Stored]:
            try:
                return read(body)
            except ApiError as error:
                if error.code is not None or error.code_n is not None or not len(body):
                    raise  # was read, and says nothing of the data
                at = datetime.now(UTC).isoformat(timespec="milliseconds")
                came[page] = FetchedPage(page, payload, at, len(body), captures.pack(body))
                raise

        try:
            answer = self.client.call(self._action, payload, read_or_keep)
        except FixRequest:
            newest = respelled(payload, self.spellings)
            if newest == payload:
                raise
            # Kept is what was asked first: it means the same, and says how rows spell their names.
            answer = self.client.call(self._action, newest, read_or_keep)
        value, stored = answer.value
        at = answer.fetched_at.isoformat(timespec="milliseconds")
        came[page] = FetchedPage(page, payload, at, len(answer.body), stored)
        return value
