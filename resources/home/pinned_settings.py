"""What a captured day of each dataset means is fixed in a home by its first capture.

Slots of another width, other variants, other domains: rows of both in one table could not be told
apart, and a day that is complete under the one is not under the other. What settings make otherwise
than livestats has it stands in every capture's manifest, and in the home's identity file, so that
two runs that begin at once agree. Of a dataset that is not mentioned there, the first capture tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from resources.api.catalog import DATASETS
from resources.config import Settings, SettingsError
from resources.raw import captures

Meanings = Mapping[str, Mapping[str, object]]
"""By dataset: the settings that its days rest on. {}: as livestats has it."""


def check(root: Path, folder: Path, pinned: Meanings, settings: Settings) -> None:
    """Raise SettingsError if days of a dataset are there that mean something else.

    `folder` is the raw archive of the home `root`, `pinned` what its identity file says. Datasets
    that are switched off may have any settings. Looks at no file as long as both agree.
    """
    for name in settings.datasets:
        wanted = dict(settings.of(DATASETS[name]).meaning)
        if wanted == pinned.get(name, {}):
            continue
        newest = _newest(folder, name)
        if newest is None:
            continue
        kept = pinned[name] if name in pinned else told_by(newest)
        if wanted != kept:
            raise SettingsError(_refusal(root, name, kept, wanted))


def to_pin(pinned: Meanings, settings: Settings) -> dict[str, Mapping[str, object]]:
    """What the identity file is to say, after `check`: off ones stay as they were captured."""
    on = {name: settings.of(DATASETS[name]).meaning for name in settings.datasets}
    return {name: dict(one) for name, one in sorted({**pinned, **on}.items()) if one}


def told_by(capture: captures.Capture) -> Mapping[str, object]:
    """What a capture's manifest says; SettingsError if it cannot be read."""
    try:
        return dict(capture.manifest.get("settings", {}))
    except captures.DamagedCapture as error:
        raise SettingsError(str(error)) from error


def _newest(folder: Path, name: str) -> captures.Capture | None:
    days = sorted(captures.days_of(folder, name).items(), reverse=True)
    return next((found for _, one in days if (found := captures.newest(one)) is not None), None)


def in_words(meaning: Mapping[str, object]) -> str:
    """The settings as they would stand in the file."""
    return ", ".join(f"{key} = {value}" for key, value in meaning.items()) or "none of its own"


def _refusal(
    root: Path, name: str, kept: Mapping[str, object], wanted: Mapping[str, object]
) -> str:
    back = f"set [dataset.{name}] back ({in_words(kept)})" if kept else f"remove {_keys(wanted)}"
    return (
        f"The days of {name} in {root} were captured with these settings: {in_words(kept)}. The "
        f"settings now say: {in_words(wanted)}. One table cannot hold both. Either {back}; or name "
        "another home (LIVESTATS_HOME) for the new ones; or begin the dataset anew: move "
        f"raw/{name} and lake/{name} out of the home, delete warehouse/warehouse.duckdb, and run "
        f"`livestats backfill --dataset {name}`: it captures what the API still has, and makes "
        "the tables again. Older days are then only in what was moved away."
    )


def _keys(meaning: Mapping[str, object]) -> str:
    return " and ".join(meaning)
