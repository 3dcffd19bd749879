"""`livestats simulate`: runs the simulated API on this machine.

The simulator is in resources/simulator.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli import screen
from pipelines.cli.options import Refused

if TYPE_CHECKING:
    from resources.simulator import Account, Simulator
    from resources.simulator.manners import Manner


def _manners_listed(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    """For --list-manners: print them, and end."""
    if wanted and not context.resilient_parsing:
        from resources.simulator.manners import usage_lines

        for example, what in usage_lines():
            screen.say(f"{example}\n    {what}")
        context.exit()


def _manners(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> Any:
    from resources.simulator.manners import all_of

    try:
        return all_of(texts)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@click.option("--port", default=8190, show_default=True, help="Port on 127.0.0.1; 0: any free one.")
@click.option("--seed", default=7, show_default=True, help="Equal seeds give equal data.")
@click.option(
    "--domains", default=4, show_default=True, type=click.IntRange(1), help="Pull domains."
)
@click.option(
    "--streams",
    default=5,
    show_default=True,
    type=click.IntRange(1),
    help="Streams of each domain.",
)
@click.option(
    "--deleted", default=1, show_default=True, type=click.IntRange(0), help="Deleted pull domains."
)
@click.option("--hostile", is_flag=True, help="Add names with quotes, slashes, SQL and HTML.")
@click.option(
    "--clock",
    "moment",
    metavar="TIME",
    help="Start time of its clock, like 2026-11-22T08:00:00+08:00. Default: now.",
)
@click.option(
    "--latency-ms",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Added to each response.",
)
@click.option(
    "--rate",
    default="documented",
    show_default=True,
    help="Calls per second of each action: documented, none, or a number.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="KIND=ODDS",
    help="Faults and their odds, such as throttle=0.05 or cut=0.01; repeatable.",
)
@click.option(
    "--late-days",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Usage of days younger than this is preliminary, and restated later.",
)
@click.option(
    "--byteplus", is_flag=True, help="Simulate BytePlus MediaLive, which has fewer actions."
)
@click.option(
    "--without",
    "withdrawn",
    multiple=True,
    metavar="ACTION",
    help="Action that is not offered; repeatable.",
)
@click.option(
    "--deny",
    "denied",
    multiple=True,
    metavar="ACTION",
    help="Action that the key may not call; repeatable.",
)
@click.option(
    "--manner",
    "manners",
    multiple=True,
    metavar="NAME=VALUE@LIMIT=VALUE",
    callback=_manners,
    help="What it does to some requests, such as list-limit=20@from-call=3; repeatable.",
)
@click.option(
    "--like",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Behave as a file of `livestats probe` says; --manner and the others come on top.",
)
@click.option(
    "--list-manners",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_manners_listed,
    help="Print every manner with an example, and end.",
)
def simulate(
    port: int,
    seed: int,
    domains: int,
    streams: int,
    deleted: int,
    hostile: bool,
    moment: str | None,
    latency_ms: int,
    rate: str,
    faults: tuple[str, ...],
    late_days: int,
    byteplus: bool,
    withdrawn: tuple[str, ...],
    denied: tuple[str, ...],
    manners: list[Manner],
    like: Path | None,
) -> None:
    r"""Serve a simulated account, with the limits and errors of the real API.

    It listens on a loopback port until Ctrl-C, and prints the variables that point livestats (or the
    vendor's SDK) at it.

    \b
    Examples:
      livestats simulate
      livestats simulate --fault throttle=0.1 --fault reset=0.01 --late-days 2
      livestats simulate --manner refuse-domain=pull-1.sim.example
      livestats simulate --like probe.json
    """
    from resources.api.catalog import endpoints_of
    from resources.api.catalog.vendors import BYTEPLUS, VOLCENGINE
    from resources.clock import VARIABLE
    from resources.simulator import Account, Faults, LateData

    _check_actions(*withdrawn, *denied)
    options: dict[str, Any] = {
        "port": port,
        "latency_s": latency_ms / 1000,
        "rate": _rate(rate),
        "faults": Faults(seed=seed, odds=odds(faults)) if faults else None,  # type: ignore[arg-type]
        "endpoints": endpoints_of(BYTEPLUS if byteplus else VOLCENGINE),
        "withdrawn": withdrawn,
        "denied": denied,
        "manners": manners,
        "serves_files": True,
        "late": LateData(settled_after=timedelta(days=late_days)) if late_days else None,
    }
    if (starts_at := _moment(moment)) is not None:
        ahead = starts_at - datetime.now(UTC)
        options["clock"] = lambda: datetime.now(UTC) + ahead
    account = Account(
        seed=seed, domains=domains, streams_per_domain=streams, deleted=deleted, hostile=hostile
    )
    if like is not None:
        _take_from(like, account, options)
    more = {VARIABLE: moment} if moment else {}
    if byteplus:
        more["LIVESTATS_VENDOR"] = BYTEPLUS.name
    _serve(account, more, options)


def _check_actions(*names: str) -> None:
    from resources.api.catalog import ENDPOINTS

    for action in names:
        if action not in ENDPOINTS:
            raise click.BadParameter(f"There is no action {action}: {', '.join(ENDPOINTS)}.")


def _take_from(file: Path, account: Account, options: dict[str, Any]) -> None:
    """Add to `options` what the file of a probe says."""
    from pipelines.probe import like
    from pipelines.probe.document import read
    from resources.simulator.manners import all_of

    findings = read(file)
    now = options["clock"]() if "clock" in options else datetime.now(UTC)
    options["options"] = like.options(findings)
    options["withdrawn"] = [*like.withdrawn(findings), *options["withdrawn"]]
    options["manners"] = [*all_of(like.manners(findings, account, now)), *options["manners"]]


def _serve(account: Account, more: dict[str, str], options: dict[str, Any]) -> None:
    """Serve until Ctrl-C; print the variables, with `more`, once the port is open."""
    from resources.simulator import serve

    def announce(simulator: Simulator) -> None:
        screen.note(
            f"A simulated account of {screen.counted(account.domains, 'domain')} with "
            f"{screen.counted(account.streams_per_domain, 'stream')} each, until Ctrl-C. In "
            "another terminal:"
        )
        for line in exports(simulator, more):
            click.echo(line)  # as it is: the key of the simulated account is no secret

    try:
        serve(account, announce=announce, **options)
    except OSError as error:
        raise Refused(
            f"Port {options['port']} is not available: {error.strerror}. Give another with --port, "
            "or 0 for any."
        ) from error


def exports(simulator: Simulator, more: dict[str, str]) -> list[str]:
    """Lines for a shell that point livestats at the simulator."""
    values = {
        "LIVESTATS_API_URL": simulator.url,
        "VOLC_ACCESSKEY": simulator.credentials.access_key,
        "VOLC_SECRETKEY": simulator.credentials.secret_key,
        "LIVESTATS_HOME": "./simulated",
        **more,
    }
    return [f"export {name}={shlex.quote(value)}" for name, value in values.items()]


def odds(faults: Sequence[str]) -> dict[str, float]:
    """Fault -> odds, from KIND=ODDS."""
    from difflib import get_close_matches
    from typing import get_args

    from resources.simulator import FaultKind

    kinds = get_args(FaultKind)
    found: dict[str, float] = {}
    for text in faults:
        kind, _, chance = text.partition("=")
        if kind not in kinds:
            near = get_close_matches(kind, kinds, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(kinds)}."
            raise click.BadParameter(f"There is no fault {kind!r}. {hint}", param_hint="--fault")
        try:
            found[kind] = float(chance)
        except ValueError:
            found[kind] = -1.0
        if not 0 <= found[kind] <= 1:
            raise click.BadParameter(
                f"{text!r}: the odds are a number from 0 to 1, like {kind}=0.05",
                param_hint="--fault",
            )
    return found


def _rate(text: str) -> str | float | None:
    if text in ("documented", "none"):
        return None if text == "none" else text
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is neither documented, none nor a number.", param_hint="--rate"
        ) from None


def _moment(text: str | None) -> datetime | None:
    from resources.clock import VARIABLE, clock

    if text is None:
        return None
    try:
        return clock({VARIABLE: text})()
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no time with an offset. Write it like 2026-11-22T08:00:00+08:00.",
            param_hint="--clock",
        ) from None
