"""Checks of the API: reachable, clock, key, domains, and permission for each action.

The calls are in api_probe.py and permission_probe.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import requests

from pipelines.doctor.api_probe import DomainPage, list_domains
from pipelines.doctor.findings import ok, problem, warning
from pipelines.doctor.permission_probe import Probe, probes
from resources.api.catalog.model import DomainRole
from resources.api.credentials import Credentials, find_credentials
from resources.api.errors import ApiError, TryLater
from resources.api.hosts import Host
from resources.api.server_clock import http_time
from resources.archive import Archive
from resources.capture.account_guard import AccountGuard, OtherAccount
from resources.capture.inventory import PrerequisiteMissing
from resources.config import Settings
from resources.findings import Finding
from resources.fs import user
from resources.ledger.unlisted import REMEDY, listed_domain_names, unlisted

_CLOCK_WARNING_S, _CLOCK_PROBLEM_S = 60, 600  # the API refuses signatures that are 15 minutes off


def key_found(environ: Mapping[str, str]) -> tuple[Credentials | None, Finding]:
    """The access key and where it was found; its value is never shown."""
    try:
        credentials, source = find_credentials(environ, user.home_folder())
    except ApiError as error:
        return None, problem("key", error.what, error.advice)
    kind = "temporary" if credentials.session_token else "permanent"
    return credentials, ok("key", f"found in {source}, {kind}")


def clock_offset(settings: Settings) -> tuple[bool, Finding]:
    """Whether the API is reachable, and the offset of its clock; needs no key."""
    try:
        host = Host(settings.api_url, settings.api_region)
    except ApiError as error:
        return False, problem("api", error.what, error.advice)
    try:
        with requests.Session() as session:
            session.trust_env = not host.is_loopback
            answer = session.get(host.url_of({}), timeout=(5, 10), allow_redirects=False)
    except (OSError, ValueError) as error:
        return False, problem(
            "api",
            f"{settings.api_url} cannot be reached ({type(error).__name__})",
            "Check the network, the name server, the proxy (HTTPS_PROXY) and the API URL "
            "(LIVESTATS_API_URL).",
        )
    return True, judged_offset(settings.api_url, answer.headers.get("Date"), datetime.now(UTC))


def judged_offset(url: str, header: str | None, now: datetime) -> Finding:
    """The finding on a Date header, which has a resolution of seconds."""
    answered_at = http_time(header)
    if answered_at is None:
        return ok("api", f"{url} answers; it sends no time")
    offset = (now - answered_at).total_seconds()
    direction = "ahead of" if offset > 0 else "behind"
    advice = "Correct the clock: `timedatectl` shows whether it is synchronised."
    if abs(offset) >= _CLOCK_PROBLEM_S:
        text = f"{url} answers; this clock is {abs(offset) / 60:.0f} minutes {direction} its clock"
        return problem("api", text, advice)
    if abs(offset) >= _CLOCK_WARNING_S:
        text = f"{url} answers; this clock is {abs(offset):.0f} s {direction} its clock"
        return warning("api", text, advice)
    return ok("api", f"{url} answers, its clock agrees with this one")


def access_found(archive: Archive, credentials: Credentials) -> Iterator[Finding]:
    """Whether the API accepts the key, its domains, account and permissions."""
    budget = archive.home.budget
    try:
        usable = budget.is_dir() and os.access(budget, os.W_OK)
        listed = list_domains(archive.settings, credentials, budget if usable else None)
    except ApiError as error:
        yield problem("access", error.what, error.advice)
        return
    yield ok("access", "the API accepts the key")
    yield from domains_found(archive, listed)
    yield _owner(archive, credentials.account_id(), listed)
    found = probes(
        archive.settings, credentials, listed.domains, budget if usable else None, archive.now()
    )
    yield from judged_permissions([*found])


def judged_permissions(found: Sequence[Probe]) -> Iterator[Finding]:
    """Whether the key may call every action that is needed."""
    refused = [probe for probe in found if probe.error is not None]
    for probe in refused:
        error = probe.error
        if isinstance(error, TryLater):
            text = f"{probe.action}: {error.what}; whether the key may call it is not known"
            yield warning("actions", text, "Run `livestats doctor` again later.")
        elif error is not None and probe.is_offered:
            yield problem("actions", f"{probe.action}: {error.what}", _remedy(probe, error))
    absent = [name for probe in refused if not probe.is_offered for name in probe.datasets]
    if absent:
        yield warning(
            "actions",
            f"this vendor does not offer the actions of {', '.join(absent)}",
            f"Switch them off: {_off(absent)}.",
        )
    if not refused:
        yield ok("actions", f"the key may call all {len(found)} that are needed")


def _remedy(probe: Probe, error: ApiError) -> str:
    """What to do about a refused action: mend it, or do without what it is for."""
    return f"{error.advice} Or do without: {_off(probe.datasets)}."


def _off(names: Sequence[str]) -> str:
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"`off = [{quoted}]` under [datasets] in livestats.toml"


def _owner(archive: Archive, key: str, listed: DomainPage) -> Finding:
    """Whether the key belongs to the account of the home."""
    owner = AccountGuard(archive.home, archive.settings)
    names = [d.name for d in listed.domains]
    try:
        known = owner.domains()
    except PrerequisiteMissing as error:
        return warning("account", f"not known: {error}", "Then run `livestats doctor` again.")
    if not known:
        return ok("account", "the home knows no domain yet: the first backfill makes it this key's")
    shared = len(known.intersection(names))
    if key not in owner.known_keys():
        try:
            owner.compare(known, names, listed.total)
        except OtherAccount as error:
            if len(names) == listed.total:
                return problem("account", error.what, error.advice)
            return ok("account", f"none of the first {len(names)} domains is known to the home yet")
    return ok("account", f"the home's own: {shared} of the {len(known)} domains that it knows")


def domains_found(archive: Archive, listed: DomainPage) -> Iterator[Finding]:
    """Whether the account lists domains, and those that the settings name."""
    settings = archive.settings
    given = (*settings.push_domains, *settings.pull_domains)
    if not given:
        yield _all_domains(listed)
        return
    known = {*listed_domain_names(archive.home.lake)}
    page = {*listed.bound, *(one.name for one in listed.domains)}
    is_whole = len(listed.domains) == listed.total
    # Of a long list this is the first page only: the lists in the lake have the others.
    unknown = unlisted(settings, known | page) if is_whole or known else []
    for one in unknown:
        yield warning("domains", str(one), REMEDY)
    if not unknown:
        text = f"{len(given)} named in the settings, {listed.total} in the account"
        yield ok("domains", text)


def _all_domains(listed: DomainPage) -> Finding:
    if not listed.total:
        return problem(
            "domains",
            "the account lists none",
            "Give the key access to the projects of the domains (policy LIVEReadOnlyAccess), or "
            "name them in livestats.toml under [domains].",
        )
    kinds = [f"{n} {role}" for role in DomainRole if (n := listed.count(role))]
    more = "" if len(listed.domains) == listed.total else f" of the first {len(listed.domains)}"
    return ok("domains", f"{listed.total}, deleted ones included ({', '.join(kinds)}{more})")
