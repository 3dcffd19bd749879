"""Whether the key may call each action: one small request per action. Stores nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pipelines.doctor.api_probe import probe_client
from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset
from resources.api.credentials import Credentials
from resources.api.errors import ApiError, FixRequest, TryLater
from resources.api.pagination import page_payload
from resources.api.request_plan import Domain, Inventory, Stream, requests_for
from resources.api.windows import day_of, window_fields
from resources.config import Settings

MADE_UP_STREAM = "livestats-doctor"  # does not exist: the response is empty or a refusal
_SOME_ADDRESS = "192.0.2.1"  # reserved for documentation
_WITHDRAWN = "InvalidActionOrVersion"


@dataclass(frozen=True, kw_only=True)
class Probe:
    """The response of the API to one action."""

    action: str
    datasets: tuple[str, ...]  # that need it
    error: ApiError | None  # None: it is allowed

    @property
    def is_offered(self) -> bool:
        """False if this vendor does not know the action."""
        return self.error is None or (self.error.code or "").partition(".")[0] != _WITHDRAWN


def probes(
    settings: Settings,
    credentials: Credentials,
    domains: tuple[Domain, ...],
    budget: Path | None,
    now: datetime,
) -> Iterator[Probe]:
    """Call every action that an enabled dataset needs, for one bucket of the day before yesterday."""
    actions: dict[str, list[Dataset]] = {}
    for name in settings.datasets:
        actions.setdefault(DATASETS[name].endpoint.action, []).append(DATASETS[name])
    with probe_client(settings, credentials, budget) as client:
        carriers: tuple[str, ...] = ()
        for action, datasets in sorted(actions.items(), key=lambda a: not a[1][0].is_dimension):
            error, answer = None, {}
            try:
                payload = smallest_payload(settings, datasets[0], domains, carriers, now)
                answer = client.call(action, payload).value if payload is not None else {}
            except ApiError as failure:
                error = failure
            if datasets[0].name == "isp":
                carriers = _carriers(answer)
            probe = Probe(action=action, datasets=tuple(d.name for d in datasets), error=error)
            yield replace(probe, error=None) if error and _is_allowed(error) else probe


def _is_allowed(error: ApiError) -> bool:
    """Whether an answer without rows shows all the same that the key may call the action."""
    if isinstance(error, FixRequest):  # the API checks permissions before parameters
        return True
    is_envelope = isinstance(error, TryLater) and not error.no_answer
    return is_envelope and error.http_status == 200 and error.code is None  # without a Result


def smallest_payload(
    settings: Settings,
    dataset: Dataset,
    domains: tuple[Domain, ...],
    carriers: tuple[str, ...],
    now: datetime,
) -> dict[str, Any] | None:
    """The smallest request of the action; None if there is no domain."""
    first = tuple(d for d in domains if d.serves(dataset.role))[:1] or domains[:1]
    known = Inventory(
        domains=first,
        isps=carriers or ("", " "),
        streams=tuple(Stream(d.name, MADE_UP_STREAM, MADE_UP_STREAM) for d in first),
        addresses=(_SOME_ADDRESS,),
        absent=settings.absent_parameters,
    )
    # Not yesterday: of some actions more than the day is asked, and no request may reach into the future.
    day = day_of(now, settings.zone) - timedelta(days=2)
    request = next(requests_for(dataset, day, settings.zone, known), None)
    if request is None:
        return None
    payload: dict[str, Any] = dict(request.payload)
    if request.window is not None and dataset.bucket_s is not None:
        start = request.window[0]
        payload |= window_fields(dataset, (start, start + timedelta(seconds=dataset.bucket_s)))
    if dataset.endpoint.paging is not None:
        payload |= page_payload(dataset.endpoint.paging, 1)
    return payload


def _carriers(answer: dict[str, Any]) -> tuple[str, ...]:
    """Codes of the carriers in a response; () if there are none."""
    listed = (answer.get("Result") or {}).get("ISPList") or ()
    return tuple(str(one.get("Code", "")) for one in listed if isinstance(one, dict))
