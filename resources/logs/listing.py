"""Asks for the list of a day's log files, with fresh links, which are kept in memory only.

The list that is stored is captured as any dataset; here it is asked again, for the links live
for minutes. Not here: opening them (keep.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from resources.api.body import Body, whole
from resources.api.catalog import absent_parameters
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.spelling import domain_key
from resources.api.catalog.vendors import VENDORS
from resources.api.client import Client
from resources.api.download import Link
from resources.api.errors import IncompleteAnswer
from resources.api.pagination import PAGING_ATTEMPTS, fetch_pages
from resources.api.parsing.parse import Page, join, read_page
from resources.api.request_plan import Inventory, Request, requests_for
from resources.api.withheld import without_secrets
from resources.config import Settings
from resources.logs import states
from resources.logs.notes import Listed, LogFile
from resources.raw.erasures import Erasures


@dataclass
class Listing:
    """The files of a day as the vendor lists them now."""

    at: datetime
    files: dict[LogFile, Listed] = field(default_factory=dict)
    links: dict[LogFile, Link] = field(default_factory=dict, repr=False)
    requests: int = 0


def ask(client: Client, settings: Settings, day: date, at: datetime, erasures: Erasures) -> Listing:
    """The list of a day, proven as a capture proves it; domains that were erased are left out.

    Raises ApiError.
    """
    dataset, listing = states.dataset(settings), Listing(at)
    inventory = Inventory(absent=absent_parameters(VENDORS[settings.vendor]))
    for request in requests_for(dataset, day, settings.zone, inventory):
        for attempt in range(PAGING_ATTEMPTS):
            try:
                _ask_one(client, dataset, request, listing)
                break
            except IncompleteAnswer:
                if attempt == PAGING_ATTEMPTS - 1:
                    raise
    for file in [*listing.files]:
        if file.domain and erasures.names(day, file.domain):
            del listing.files[file]
            listing.links.pop(file, None)
    return listing


def _ask_one(client: Client, dataset: Dataset, request: Request, listing: Listing) -> None:
    """Add the files of one request: all its pages, or none. Raises ApiError."""
    links: dict[tuple[str, str], Link] = {}
    pages: list[Page] = []
    endpoint = dataset.endpoint

    def fetch(number: int, payload: Mapping[str, object]) -> Page:
        if number == 1:  # pages may begin anew, at another size
            links.clear()
            pages.clear()

        def read(body: Body) -> Page:
            cut = without_secrets(endpoint, body)
            page = read_page(dataset, request, cut, number)
            links.update(_links(body))
            return page

        listing.requests += 1
        pages.append(client.call(endpoint.action, payload, read, with_secrets=True).value)
        return pages[-1]

    for _ in fetch_pages(endpoint.action, endpoint.paging, request.payload, fetch):
        pass
    rows = join(dataset, request, pages)
    for row in (row for table in rows.tables() for row in table.to_pylist()):
        domain, name = row["domain"] or "", row["file_name"]
        file = LogFile(row["log_type"], domain, name)
        hour = row["hour_start_at"]
        listing.files[file] = Listed(hour.isoformat(), int(row["file_bytes"] or 0))
        if (key := (domain_key(domain), name)) in links:
            listing.links[file] = links[key]


def _links(body: Body) -> dict[tuple[str, str], Link]:
    """Domain and name -> link, of an answer that was read already."""
    result: Any = json.loads(whole(body)).get("Result") or {}
    return {
        (domain_key(str(row.get("Domain") or "")), str(row.get("LogName"))): Link(
            str(row["DownloadUrl"])
        )
        for row in result.get("LogInfoList") or ()
        if row.get("DownloadUrl")
    }
