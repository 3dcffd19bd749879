"""`livestats account`: which account the home belongs to, and which keys are known for it.

The check is in resources/capture/account_guard.py.
"""

from __future__ import annotations

import os

import click

from pipelines.cli import screen
from pipelines.cli.options import json_option, opened


@click.command()
@click.option("--accept", is_flag=True, help="Accept the current key as one of this account.")
@json_option
def account(accept: bool, as_json: bool) -> None:
    r"""Show which account the home belongs to, and whether the current key is of that account.

    A key that is new to a home must list at least one domain that the home knows, so that days of
    another account never get in. If all domains of the account are new, --accept confirms that it
    is the same account. Makes no API call. Keys are stored as fingerprints only.

    \b
    Examples:
      livestats account
      livestats account --accept

    Exits with 1 if there is no key, or if the key has not been used on this home before: the next
    backfill then checks it.
    """
    from resources.api.credentials import find_credentials
    from resources.api.errors import ApiError
    from resources.capture.account_guard import AccountGuard
    from resources.fs import user

    archive = opened()
    owner = AccountGuard(archive.home, archive.settings)
    domains = sorted(owner.domains())
    key, source, text = None, "", ""
    try:
        credentials, source = find_credentials(os.environ, user.home_folder())
        key = credentials.account_id()
    except ApiError as error:
        if accept:
            raise
        text = f"No key was checked: {error}"
    if accept and key is not None:
        archive.home.prepare(archive.settings, archive.now())
        owner.accept(key)
    is_known = key in owner.known_keys()
    if key is not None:
        verdict = "known for this account" if is_known else "new to this home"
        text = f"The key in {source} (fingerprint {key}) is {verdict}."
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
        screen.say(f"{archive.home.root} knows {screen.counted(len(domains), 'domain')}", nl=False)
        screen.say(f": {screen.names_text(domains)}." if domains else " yet.")
        screen.say(text)
    if not is_known:
        click.get_current_context().exit(1)
