"""Dataset settings that the first capture of a dataset fixes: bucket width, variants, filters.

Rows captured under different settings could not be told apart in one table. Settings that differ
from the defaults are written to every manifest and to the identity file, so that runs which start
together agree; for a dataset missing there, its newest capture decides. Next: resources/config.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import CUT_PREFIX
from resources.config import Settings, SettingsError
from resources.config.dataset_overrides import distortion
from resources.raw import captures

PinnedSettings = Mapping[str, Mapping[str, object]]
"""By dataset: the settings of its captured days. {}: the defaults."""


def check(root: Path, folder: Path, pinned: PinnedSettings, settings: Settings) -> None:
    """Raise SettingsError if a dataset has days captured under other settings.

    `folder` is the raw archive of the home `root`, `pinned` the content of its identity file.
    Datasets that are off are not checked. Reads no file as long as both agree.
    """
    refuse_distorting_widths(folder, pinned, settings)
    for name in settings.datasets:
        problem = _problem(root, folder, pinned, settings, name)
        if problem:
            raise SettingsError(problem)


def refuse_distorting_widths(folder: Path, pinned: PinnedSettings, settings: Settings) -> None:
    """Raise SettingsError for a width that marts would be wrong with, unless days have it already."""
    for name in settings.datasets:
        dataset = settings.of(DATASETS[name])
        told = distortion(dataset)
        has_it = pinned.get(name, {}).get("bucket_seconds") == dataset.bucket_s
        if told and not has_it and _newest(folder, name) is None:
            raise SettingsError(
                f"{told}. Leave the width out, and write a cut beside it: [cut.{name}] with endpoint "
                f'= "{dataset.endpoint.action}", split = {[*dataset.split]} and width_s = '
                f"{dataset.bucket_s}."
            )


def changed_cuts(
    root: Path, folder: Path, pinned: PinnedSettings, settings: Settings
) -> dict[str, str]:
    """The cuts, by name, that `check` would refuse, with the reason of each."""
    found = {
        name: _problem(root, folder, pinned, settings, cut.table)
        for name, cut in settings.cuts.items()
        if cut.table in settings.datasets
    }
    return {name: problem for name, problem in found.items() if problem}


def _problem(
    root: Path, folder: Path, pinned: PinnedSettings, settings: Settings, name: str
) -> str:
    """Why a dataset cannot have the settings that it has now; "" if it can."""
    wanted = dict(settings.of(DATASETS[name]).meaning)
    if wanted == pinned.get(name, {}):
        return ""
    newest = _newest(folder, name)
    if newest is None:
        return ""
    kept = pinned[name] if name in pinned else pinned_in(newest)
    if wanted == kept:
        return ""
    refusal = _refusal_of_cut if DATASETS[name].is_cut else _refusal
    return refusal(root, name, kept, wanted)


def to_pin(pinned: PinnedSettings, settings: Settings) -> dict[str, Mapping[str, object]]:
    """The settings for the identity file, after `check`; those of datasets that are off stay."""
    on = {name: settings.of(DATASETS[name]).meaning for name in settings.datasets}
    return {name: dict(one) for name, one in sorted({**pinned, **on}.items()) if one}


def pinned_in(capture: captures.Capture) -> Mapping[str, object]:
    """The settings in a capture's manifest. Raises SettingsError if it cannot be read."""
    try:
        return dict(capture.manifest.get("settings", {}))
    except captures.UnusableCapture as error:
        raise SettingsError(str(error)) from error


def home_in(folder: Path) -> str:
    """The home that most datasets' newest captures below raw/ name; "" if none does.

    For a home whose identity file was lost: its captures still know whose they are.
    """
    found: Counter[str] = Counter()
    for one in sorted(folder.iterdir()) if folder.is_dir() else ():
        newest = _newest(folder, one.name)
        with suppress(captures.UnusableCapture):
            home = str(newest.manifest.get("home", "")) if newest else ""
            found.update([home] if home else [])
    return found.most_common(1)[0][0] if found else ""


def _newest(folder: Path, name: str) -> captures.Capture | None:
    days = sorted(captures.days_of(folder, name).items(), reverse=True)
    return next((found for _, one in days if (found := captures.newest(one)) is not None), None)


def in_words(meaning: Mapping[str, object]) -> str:
    """The settings in the notation of the settings file."""
    return ", ".join(f"{key} = {value}" for key, value in meaning.items()) or "the defaults"


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


def _refusal_of_cut(
    root: Path, name: str, kept: Mapping[str, object], wanted: Mapping[str, object]
) -> str:
    section = f"cut.{name.removeprefix(CUT_PREFIX)}"
    return (
        f"The days of {name} in {root} were captured as another cut: {in_words(kept)}. The settings "
        f"now say: {in_words(wanted)}. One table cannot hold both. Either set [{section}] back; or "
        f"give the new cut another name, such as [{section}_2]: {name} then keeps its days and its "
        f"table; or begin it anew: move raw/{name} and lake/{name} out of the home, delete "
        f"warehouse/warehouse.duckdb, and run `livestats backfill --dataset {name}`."
    )


def _keys(meaning: Mapping[str, object]) -> str:
    return " and ".join(meaning)
