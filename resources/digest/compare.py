"""Compares an archive with a fingerprint: unchanged, changed, erased, gone, added since.

Here: manifests. The answers' bytes are compared with the manifests by resources/verify.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from resources.digest.fingerprint import DigestError, Fingerprint, Leaf, kept_leaves, leaves_of
from resources.home.layout import Home
from resources.raw import all_tombstones
from resources.raw.captures import MANIFEST
from resources.raw.erasures import Erasures
from resources.raw.tombstones import ERASED, Tombstone
from resources.verify.findings import FileFinding, FindingKind, Repair


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The result."""

    made: Fingerprint
    is_proven: bool  # everything that was covered is there, byte for byte
    gone: tuple[Leaf, ...] = ()
    changed: tuple[Leaf, ...] = ()  # the manifest is there with other bytes
    erased: tuple[tuple[Leaf, Tombstone], ...] = ()  # gone, with a tombstone of this very manifest
    added: tuple[Leaf, ...] = ()
    problem: str = ""  # why not proven, where nothing can be named

    @property
    def summary(self) -> str:
        """One line."""
        if self.problem:
            return f"not proven: {self.problem}."
        kept = self.made.count - len(self.gone) - len(self.changed) - len(self.erased)
        wrong = f"{len(self.gone):,} gone, {len(self.changed):,} changed"
        if self.erased:
            wrong += f", {len(self.erased):,} erased with a tombstone"
        return (
            f"{kept:,} of {self.made.count:,} captures have the manifest that it covers; {wrong}, "
            f"{len(self.added):,} added since."
        )


def compare(home: Home, made: Fingerprint) -> Comparison:
    """Compare the manifests of a home with a fingerprint. Raises DigestError."""
    now = [*leaves_of(home, made)]
    present = {leaf.place: leaf for leaf, _, _ in now}
    covered = kept_leaves(home, made)
    stones = _tombstones(home)
    if covered is None:
        here = [leaf for leaf, day, name in now if made.covers(day, name)]
        covered = _before_erasures(home, made, here, stones)
        if covered is None:
            return Comparison(made=made, is_proven=False, problem=_unnamed(made, len(here)))
    known = {leaf.place for leaf in covered}
    lost = [leaf for leaf in covered if leaf.place not in present]
    erased = tuple((leaf, stones[leaf]) for leaf in lost if leaf in stones)
    gone = tuple(leaf for leaf in lost if leaf not in stones)
    changed = tuple(leaf for leaf in covered if present.get(leaf.place, leaf) != leaf)
    left = {(one.dataset, one.day, stone.became) for one, stone in stones.items()}
    return Comparison(
        made=made,
        is_proven=not (gone or changed or erased),
        gone=gone,
        changed=changed,
        erased=erased,
        added=tuple(leaf for leaf in sorted(present.values()) if leaf.place not in known | left),
    )


def _tombstones(home: Home) -> dict[Leaf, Tombstone]:
    """Every tombstone by the leaf that its capture had. Raises DigestError."""
    try:
        return {
            Leaf(dataset, day, one.capture, one.sha256): one
            for dataset, day, one in all_tombstones.every(home.raw)
        }
    except (OSError, ValueError) as error:
        raise DigestError(
            f"A tombstone cannot be read: {error}. `livestats verify` names it."
        ) from error


def _before_erasures(
    home: Home, made: Fingerprint, here: list[Leaf], stones: Mapping[Leaf, Tombstone]
) -> list[Leaf] | None:
    """The leaves of a fingerprint: those of today, or of before the last erasures; None: neither.

    The root proves which: no other leaves have it.
    """
    if made.has_root_of(here):
        return here
    for erasure in reversed(Erasures.of(home.raw).every):
        was = {
            (leaf.dataset, leaf.day, one.became): leaf
            for leaf, one in stones.items()
            if one.erasure == erasure.id
        }
        here = [was.get(leaf.place, leaf) for leaf in here]
        if made.has_root_of(here):
            return here
    return None


def _unnamed(made: Fingerprint, count: int) -> str:
    return (
        f"the fingerprint covers {made.count:,} captures, {count:,} of its range and time are here, and "
        "they have another root. Which of them differs cannot be said: the list of that "
        f"fingerprint, digests/{made.root}.json.gz, is not in the home"
    )


def findings_of(home: Home, compared: Comparison) -> Iterator[FileFinding]:
    """What verify reports of a comparison: a finding for each capture that is gone or changed."""
    if compared.problem:
        yield FileFinding(
            kind=FindingKind.MISMATCH, subject=home.raw, text=compared.problem,
            repair=Repair.RESTORE,
            remedy="Run it on the home, or a backup, that made the fingerprint: that one has the list.",
        )  # fmt: skip
    for leaf, stone in compared.erased:
        yield FileFinding(
            kind=FindingKind.ERASED, subject=home.raw.joinpath(leaf.dataset, leaf.day, ERASED),
            text=(
                f"{leaf.dataset} {leaf.day}: a {stone.kind} was erased from {leaf.capture} at {stone.at}, "
                f"{stone.rows:,} rows; the fingerprint covers what was there before"
            ),
            repair=Repair.NOTHING, remedy=_ERASED, dataset=leaf.dataset,
            day=date.fromisoformat(leaf.day),
        )  # fmt: skip
    for leaves, kind, what in (
        (compared.gone, FindingKind.MISSING, "is gone; the fingerprint covers it"),
        (compared.changed, FindingKind.DAMAGED, "has another manifest than the fingerprint covers"),
    ):
        for leaf in leaves:
            yield FileFinding(
                kind=kind, subject=home.raw.joinpath(*leaf.place, MANIFEST), text=what,
                repair=Repair.RESTORE, remedy=_RESTORE, dataset=leaf.dataset,
            )  # fmt: skip


_ERASED = (
    "The tombstone tells that manifest; what it held is gone for good, and the rest of the day is not "
    "proven by this fingerprint. Take a new one: `livestats digest`."
)

_RESTORE = (
    "Restore it from a backup. Asking the API again makes another capture, which the fingerprint does "
    "not cover."
)
