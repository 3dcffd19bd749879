"""`livestats digest`: the fingerprint of the archive, and the proof of a single day.

The logic is in resources/digest. docs/evidence.md says what both prove.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from pipelines.cli import screen
from pipelines.cli.options import Day, Days, Refused, chosen, json_option, opened, require_archive
from pipelines.cli.output import OutputFile


@click.command()
@click.option(
    "--days",
    metavar="FIRST..LAST",
    type=Days(),
    help="Only these days, or those of a month. Default: all.",
)
@click.option("--until", metavar="TIME", help="Captures fetched up to then. Default: now.")
@click.option(
    "--prove", nargs=2, metavar="DATASET DAY", help="Write the proof of this day into --out."
)
@click.option("--out", type=OutputFile(), help="File of the proof.")
@click.option(
    "--send", is_flag=True, help="Post the line to the webhook of the alarms. For cron, once a day."
)
@json_option
def digest(
    days: tuple[date, date] | None,
    until: str | None,
    prove: tuple[str, str] | None,
    out: Path | None,
    send: bool,
    as_json: bool,
) -> None:
    r"""Print a fingerprint of all captures: one line that proves later that they are unchanged.

    Keep the line where the owner of the archive cannot change it: `livestats verify --against` compares
    the archive with it. A proof holds the responses of one day and what ties them to the fingerprint;
    a short script without livestats checks it: docs/evidence.md.

    \b
    Examples:
      livestats digest
      livestats digest --send
      livestats digest --days 2026-11-01..2026-11-30 --until 2026-12-05T00:00:00+08:00
      livestats digest --prove edge_stat 2026-11-20 --out proof.json
    """
    from resources.digest import fingerprint
    from resources.digest.proof import write_proof
    from resources.monitoring import daily_fingerprint, webhook

    archive = opened()
    require_archive(archive)
    if bool(prove) != bool(out):
        raise Refused("--prove and --out belong together: --prove DATASET DAY --out FILE.")
    url = archive.environ.get(webhook.VARIABLE, "")
    if send and not url:
        raise Refused(f"There is no webhook: set {webhook.VARIABLE} to its URL.")
    first, last = days or (None, None)
    until_at = _moment(until) if until else archive.now()
    if until_at > archive.now():
        raise Refused(f"--until {until} is not over yet: captures until then can still be added.")
    made, leaves = fingerprint.digest(archive.home, until_at, first, last, is_now=until is None)
    fingerprint.keep_leaves(archive.home, made, leaves)
    if prove and out:
        ((dataset,), day) = chosen([prove[0]], ()), Day().convert(prove[1], None, None)
        leaf = write_proof(archive.home, made, leaves, dataset.name, day, out)
        screen.note(f"Wrote {out}: the proof of {dataset.name} {day}, capture {leaf.capture}.")
    if send:
        webhook.post(url, daily_fingerprint.text_of(archive, made))
        screen.note(f"Sent to {webhook.host_of(url)}.")
    if as_json:
        facts = {"fingerprint": made.text, "captures": made.count, "root": made.root}
        days_of = {"first": made.first and str(made.first), "last": made.last and str(made.last)}
        screen.emit_json({**facts, **days_of, "until": made.until.isoformat()})
        return
    screen.note(f"{screen.counted(made.count, 'capture')} until {made.until.isoformat()}.")
    click.echo(made.text)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refused(
            f"--until {text!r} is no time with its zone. Write 2026-12-01T00:00:00+08:00."
        )
    return moment
