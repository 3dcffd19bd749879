"""What is wrong with the archive of a world: days that are green or held up, and the tables at the end.

Not here: what is done to the archive (play.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.offered import DAILY, DATASETS
from benchmarks.worlds.manners import NEW_SINCE
from benchmarks.worlds.planted import planted
from benchmarks.worlds.reference import Reference
from benchmarks.worlds.world import FIRST_DAY, WorldPlan
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import DomainRole
from resources.archive import Archive
from resources.ledger.states import Entry

_OTHER_SIDE = {DomainRole.PULL: "push-", DomainRole.PUSH: "pull-"}

LISTS = ("domain", "region", "isp")  # that every daily dataset may rest on


class Judge:
    """Holds an archive against the faultless run."""

    def __init__(
        self,
        plan: WorldPlan,
        reference: Reference,
        home: Path,
        connection: duckdb.DuckDBPyConnection,
        plant: str = "",
    ) -> None:
        self._plan, self._reference, self._home = plan, reference, home
        self._connection, self._plant = connection, plant
        self._emptied, self._falsified = plan.emptied, plan.falsified
        self._judged: dict[tuple[Path, int, frozenset[str]], str] = {}

    # While it is played ---------------------------------------------------------------------------

    def wrongly_green(self, archive: Archive) -> Iterator[str]:
        """Dataset-days that are complete, and lack rows of what is known to the archive by now."""
        known = self._known_domains(archive)
        wrong: dict[date, set[str]] = {}
        for dataset in sorted(DAILY, key=lambda d: bool(d.needs)):
            for entry in self._ledger(archive, dataset):
                if not entry.state.is_complete or entry.is_suspect:
                    wrong.setdefault(entry.day, set()).add(dataset.name)
                    continue
                if wrong.get(entry.day, set()) & {*dataset.needs}:
                    continue  # what its answers rest on may have been wrong when it was asked
                problem = self._what_is_wrong(dataset, entry.day, known)
                if problem:
                    wrong.setdefault(entry.day, set()).add(dataset.name)
                if problem and not self._is_untold(dataset, entry):
                    yield f"{dataset.name} {entry.day} is green: {problem}"

    def _is_untold(self, dataset: Dataset, entry: Entry) -> bool:
        """True for an answer of which nothing tells, at once, that it is wrong: see manners.py."""
        action = dataset.endpoint.action
        is_of_hidden = self._plan.hides_carriers and "ISP" in dataset.split
        is_emptied = action in self._emptied and not entry.rows
        return action in self._falsified or is_emptied or is_of_hidden

    def held_up(self, archive: Archive, touched: Collection[str]) -> Iterator[str]:
        """Dataset-days that a whole backfill left, though no manner had to do with their requests.

        `touched` are the actions with requests that a manner was about, in this or an earlier step.
        """
        for dataset in DAILY:
            if not actions_below(dataset.name) & {*touched}:
                for entry in self._ledger(archive, dataset):
                    if not entry.state.is_complete:
                        lacking = ", ".join(entry.lacking[:3])
                        yield f"{dataset.name} {entry.day} is held up: {entry.state} {lacking}"

    def _ledger(self, archive: Archive, dataset: Dataset) -> list[Entry]:
        first, last = date.fromisoformat(FIRST_DAY), archive.today - timedelta(days=1)
        with planted(self._plant):
            return archive.ledger(dataset, first, last)

    def _known_domains(self, archive: Archive) -> frozenset[str]:
        """Domains that any snapshot of the account has, of those that the settings want."""
        files = str(self._home / "lake" / "domain" / "*" / "*.parquet")
        try:
            rows = self._connection.execute(
                "SELECT DISTINCT lower(domain) FROM read_parquet(?)", [files]
            ).fetchall()
        except duckdb.IOException:
            return frozenset()
        found = {name for (name,) in rows}
        for side in ("push", "pull"):
            wanted = set(getattr(archive.settings, f"{side}_domains", ()))
            if wanted:
                found = {n for n in found if not n.startswith(side) or n in wanted}
        return frozenset(found)

    def _what_is_wrong(self, dataset: Dataset, day: date, known: frozenset[str]) -> str:
        """What the lake file lacks of the known domains, or has too much; "" if it is right."""
        own = self._home / "lake" / dataset.name / f"day={day}"
        files = [*own.glob("*.parquet")]
        if not files:
            return ""  # killed before its rows were made: the next command makes them
        key = files[0], files[0].stat().st_mtime_ns, known
        if key not in self._judged:  # most files are there for several commands
            self._judged[key] = self._difference(dataset, day, known, files[0])
        return self._judged[key]

    def _difference(self, dataset: Dataset, day: date, known: frozenset[str], file: Path) -> str:
        if day < NEW_SINCE.date():
            known -= self._plan.new_domains
        days = max(3, (day - date.fromisoformat(FIRST_DAY)).days + 1)
        whole = self._reference.home(days, self._plan.truth)
        (right,) = (whole / "lake" / dataset.name / f"day={day}").glob("*.parquet")
        table, expected = pq.read_table(file), pq.read_table(right)
        if table.equals(expected):
            return ""
        has_domain = "domain" in table.column_names
        if has_domain and _of(table, dataset).equals(_of(expected, dataset, known)):
            return ""  # as nearly all are, in a fifth of the time of what follows
        self._connection.register("found", table)
        self._connection.register("expected", expected)
        # A rank is a place among the domains that were asked for.
        is_partly_known = len(known) < len(self._plan.shape.domains)
        without = "rank" if dataset.ranked and is_partly_known else ""
        columns = _one_spelling(self._connection, "found", without)
        lost = f"SELECT {columns} FROM expected EXCEPT ALL SELECT {columns} FROM found"
        more = f"SELECT {columns} FROM found EXCEPT ALL SELECT {columns} FROM expected"
        if has_domain:
            lost = f"SELECT * FROM ({lost}) WHERE list_contains(?, domain)"
            if dataset.endpoint.action in self._emptied:  # for a domain that was asked apart, too
                known &= {str(name).lower() for name in table.column("domain").unique().to_pylist()}
        elif is_partly_known:
            return ""  # without a name in its rows nobody can say whose are missing
        if has_domain:
            lost, more = (f"SELECT * FROM ({sql}) WHERE {_side(dataset)}" for sql in (lost, more))
        for what, sql in (("lacks", lost), ("has too much", more)):
            values = [[*known]] if what == "lacks" and has_domain else []
            rows = self._connection.execute(sql, values).fetchall()
            if rows:
                return f"{what} {len(rows)} rows, such as {rows[0]}"[:400]
        return ""

    # At the end -----------------------------------------------------------------------------------

    def differences(self, whole: Path) -> Iterator[str]:
        """The served tables against those of the faultless run."""
        path, config = self._home / "served" / "livestats.duckdb", {"threads": 1}
        with duckdb.connect(path, read_only=True, config=config) as found:
            found.execute("SET enable_progress_bar = false")
            found.execute(f"ATTACH '{whole / 'served' / 'livestats.duckdb'}' AS whole (READ_ONLY)")
            wanted = {name: (_one_spelling(found, name), self._where(name)) for name in DATASETS}
            rows = "" if self._plan.hides_domains else ", rows"  # see _side
            wanted["ledger"] = (f"dataset, business_date, state{rows}", self._where("ledger"))
            for name, (columns, where) in wanted.items():
                sums = [
                    found.execute(
                        "SELECT count(*), sum(hash(rows)::HUGEINT) "
                        f"FROM (SELECT {columns} FROM {table} WHERE {where}) AS rows"
                    ).fetchall()
                    for table in (name, f"whole.{name}")
                ]
                if sums[0] == sums[1]:
                    continue
                for what, one, other in (
                    ("lost", f"whole.{name}", name),
                    ("too much", name, f"whole.{name}"),
                ):
                    sql = (
                        f"SELECT {columns} FROM {one} WHERE {where} EXCEPT ALL "
                        f"SELECT {columns} FROM {other} WHERE {where}"
                    )
                    rows = found.execute(sql).fetchall()
                    if rows:
                        yield f"{name}: {len(rows)} rows {what}, such as {rows[0]}"

    def are_emptied_in_part(self, archive: Archive, problems: Collection[str]) -> bool:
        """True if `differences` are of emptied datasets alone, each of whose days has some rows.

        Then the false empty answer was about some domains: see manners.py.
        """
        names = {problem.partition(":")[0] for problem in problems}
        names -= {"ledger"}  # it counts their rows
        if not names or names - {d.name for d in DAILY if d.endpoint.action in self._emptied}:
            return False
        lines = (line for name in names for line in self._ledger(archive, DATASETS[name]))
        return all(line.rows for line in lines)

    def _where(self, table: str) -> str:
        """The rows that can be compared: domains may be asked for days before they existed, or not."""
        dataset = DATASETS.get(table)
        has_domains = dataset is not None and "domain" in dataset.column
        side = _side(dataset) if dataset and has_domains else "true"
        if not self._plan.new_domains or table in LISTS:
            return side
        is_new = f"business_date >= DATE '{NEW_SINCE.date()}'"
        if dataset and dataset.dedup_keep and dataset.times:
            # An event is of the first day that lists it, which may be one before the domain was new.
            is_new += f" AND {dataset.times[0]} >= TIMESTAMPTZ '{NEW_SINCE.isoformat()}'"
        if not has_domains or (dataset and dataset.ranked):
            return is_new
        names = ", ".join(f"'{name}'" for name in self._plan.new_domains)
        return f"{side} AND ({is_new} OR lower(domain) NOT IN ({names}))"


def _of(table: pa.Table, dataset: Dataset, known: Collection[str] = ()) -> pa.Table:
    """The rows of domains that have such figures, as `_side`; of the `known` ones, if there are."""
    if known:
        domain = pc.utf8_lower(table.column("domain"))
        table = table.filter(pc.is_in(domain, pa.array(known, domain.type)))
    if dataset.role is not DomainRole.ANY:
        domain = pc.utf8_lower(table.column("domain"))
        table = table.filter(pc.invert(pc.starts_with(domain, _OTHER_SIDE[dataset.role])))
    return table


def _side(dataset: Dataset) -> str:
    """The rows of domains that have such figures.

    While no such domain is known, the others are asked about, and the API may answer zeros.
    """
    if dataset.role is DomainRole.ANY:
        return "true"
    return f"NOT starts_with(lower(domain), '{_OTHER_SIDE[dataset.role]}')"


@cache
def actions_below(name: str) -> frozenset[str]:
    """The actions that the days of a dataset rest on."""
    found = {DATASETS[name].endpoint.action}
    for below in {*DATASETS[name].needs, *LISTS} - {name}:
        found |= {DATASETS[below].endpoint.action} if below in LISTS else actions_below(below)
    return frozenset(found)


def _one_spelling(connection: duckdb.DuckDBPyConnection, table: str, without: str = "") -> str:
    """All columns, domains in lower case: an archive keeps them as the account lists them."""
    every = f"* EXCLUDE ({without})" if without else "*"
    rows = connection.execute(f"DESCRIBE {table}").fetchall()
    names = [name for name, *_ in rows if name in ("domain", "push_domain", "cname")]
    lower = ", ".join(f"lower({name}) AS {name}" for name in names)
    return f"{every} REPLACE ({lower})" if lower else every
