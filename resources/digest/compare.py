"""Compares an archive with a fingerprint: unchanged, changed, gone, added since.

Here: manifests. The answers' bytes are compared with the manifests by resources/verify.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from resources.digest.fingerprint import Fingerprint, Leaf, digest, kept_leaves, leaves_of
from resources.home.layout import Home
from resources.raw.captures import MANIFEST
from resources.verify.findings import FileFinding, FindingKind, Repair


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The result."""

    made: Fingerprint
    is_proven: bool  # everything that was covered is there, byte for byte
    gone: tuple[Leaf, ...] = ()
    changed: tuple[Leaf, ...] = ()  # the manifest is there with other bytes
    added: tuple[Leaf, ...] = ()
    problem: str = ""  # why not proven, where nothing can be named

    @property
    def summary(self) -> str:
        """One line."""
        if self.problem:
            return f"not proven: {self.problem}."
        kept = self.made.count - len(self.gone) - len(self.changed)
        wrong = f"{len(self.gone):,} gone, {len(self.changed):,} changed"
        return (
            f"{kept:,} of {self.made.count:,} captures have the manifest that it covers; {wrong}, "
            f"{len(self.added):,} added since."
        )


def compare(home: Home, made: Fingerprint) -> Comparison:
    """Compare the manifests of a home with a fingerprint. Raises DigestError."""
    now = [*leaves_of(home, made)]
    present = {leaf.place: leaf for leaf, _, _ in now}
    covered = kept_leaves(home, made)
    if covered is None:
        found, leaves = digest(home, made.until, made.first, made.last)
        if found != made:
            return Comparison(made=made, is_proven=False, problem=_unnamed(made, found.count))
        covered = leaves
    known = {leaf.place for leaf in covered}
    gone = tuple(leaf for leaf in covered if leaf.place not in present)
    changed = tuple(leaf for leaf in covered if present.get(leaf.place, leaf) != leaf)
    return Comparison(
        made=made,
        is_proven=not (gone or changed),
        gone=gone,
        changed=changed,
        added=tuple(leaf for leaf in sorted(present.values()) if leaf.place not in known),
    )


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
    for leaves, kind, what in (
        (compared.gone, FindingKind.MISSING, "is gone; the fingerprint covers it"),
        (compared.changed, FindingKind.DAMAGED, "has another manifest than the fingerprint covers"),
    ):
        for leaf in leaves:
            yield FileFinding(
                kind=kind, subject=home.raw.joinpath(*leaf.place, MANIFEST), text=what,
                repair=Repair.RESTORE, remedy=_RESTORE, dataset=leaf.dataset,
            )  # fmt: skip


_RESTORE = (
    "Restore it from a backup. Asking the API again makes another capture, which the fingerprint does "
    "not cover."
)
