"""`livestats gone`: a person says that a domain is gone for good, so that it is asked for no more.

Not here: which items a day lacks (resources/ledger/coverage.py), the list (resources/home/layout.py).
"""

from __future__ import annotations

import click

from pipelines.cli import screen
from pipelines.cli.options import Refused, json_option, opened


@click.command()
@click.argument("domains", metavar="[DOMAIN ...]", nargs=-1)
@click.option("--undo", is_flag=True, help="Ask for these domains again.")
@json_option
def gone(domains: tuple[str, ...], undo: bool, as_json: bool) -> None:
    r"""Ask no more for domains that left the account.

    The API refuses a domain that another account owns now, and each day that had its name asked is
    incomplete. A domain that is gone is not asked for any more, and no day is incomplete for want of
    it. What was captured of it stays. Without DOMAIN: the list.

    \b
    Examples:
      livestats gone old.example.com
      livestats gone old.example.com --undo
      livestats gone
    """
    from resources.api.catalog.spelling import domain_key
    from resources.api.errors import printable
    from resources.ledger.known_items import configured_domains, listed_domains

    archive = opened()
    home = archive.home
    if home.identity is None:
        raise Refused(f"There is no archive in {home.root} yet. Run `livestats backfill`.")
    if undo and not domains:
        raise Refused("--undo needs the domains to ask for again: livestats gone DOMAIN --undo")
    known = {
        domain_key(domain.name): domain.name
        for domain in (
            *configured_domains(archive.settings),
            *(one.domain for one in listed_domains(home.lake)),
        )
    }
    strange = [name for name in domains if domain_key(name) not in known]
    if strange:
        raise Refused(
            f"{strange[0]} is not a domain of this archive: nothing was changed. `livestats account` "
            "lists its domains."
        )
    if domains:
        named = {domain_key(name) for name in domains}
        left = home.gone_domains - named if undo else home.gone_domains | named
        home.set_gone_domains(left)
    names = sorted(known.get(key, key) for key in home.gone_domains)
    if as_json:
        screen.emit_json({"gone": names})
        return
    screen.say("Gone: " + ", ".join(map(printable, names)) if names else "No domain is gone.")
    if domains:
        screen.say(
            "Tables and marts have it after the next `livestats backfill` or `livestats publish`."
        )
