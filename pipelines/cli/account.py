"""`livestats account`: whose days the home holds, and which keys are known to be of the same account."""

from __future__ import annotations

import os
from pathlib import Path

import click

from pipelines.cli import screen
from pipelines.cli.options import json_option, opened


@click.command()
@click.option("--accept", is_flag=True, help="Take the present key for one of the account.")
@json_option
def account(accept: bool, as_json: bool) -> None:
    r"""Show whose days the home holds, and whether the present key is of that account.

    A key that is used on a home for the first time must list one of the domains that the home
    knows, so that days of another account never get in. If all domains of the account are new,
    --accept says that it is the same account all the same. Asks nobody; a key is remembered by a
    fingerprint that does not give it away.

    \b
    Examples:
      livestats account
      livestats account --accept

    Ends with 1 if there is no key, or it has not been used on this home before: the next backfill
    then finds out.
    """
    from resources.api.credentials import find_credentials
    from resources.api.errors import ApiError
    from resources.capture.account_guard import AccountGuard

    archive = opened()
    owner = AccountGuard(archive.home, archive.settings)
    domains = sorted(owner.domains())
    key, source, said = None, "", ""
    try:
        credentials, source = find_credentials(os.environ, Path.home())
        key = credentials.account_id()
    except ApiError as error:
        if accept:
            raise
        said = f"No key was looked at: {error}"
    if accept and key is not None:
        archive.home.prepare(archive.settings, archive.now())
        owner.accept(key)
    is_known = key in owner.known_keys()
    if key is not None:
        verdict = "known to be of its account" if is_known else "not used on it before"
        said = f"The key in {source} (fingerprint {key}) is {verdict}."
    if as_json:
        screen.emit_json(
            {
                "home": str(archive.home.root),
                "domains": domains,
                "keys": list(owner.known_keys()),
                "key": key,
                "is_known": is_known,
            }
        )
    else:
        click.echo(f"{archive.home.root} knows {screen.counted(len(domains), 'domain')}", nl=False)
        click.echo(f": {screen.names_text(domains)}." if domains else " yet.")
        click.echo(said)
    if not is_known:
        click.get_current_context().exit(1)
