"""docs/settings.md, every setting: made by `python -m pipelines.docgen.settings`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import Field
from pathlib import Path
from typing import Any

from resources.api.catalog import DATASETS
from resources.api.catalog.cuts import KEYS as CUT_KEYS
from resources.api.catalog.model import variant_label
from resources.config import FILE, FILE_VARIABLE, general
from resources.config.dataset_overrides import KEYS, SECTION, keys_of, longest_reread, widths_of
from resources.config.loader import BESIDE
from resources.config.ready_cuts import READY
from resources.config.writer import SECTIONS, section_of, toml

PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.md"

_EXAMPLES: dict[str, str] = {
    "archive.home": '"/srv/livestats"',
    "archive.time_zone": '"Asia/Singapore"',
    "archive.first_day": "2026-01-01",
    "archive.expiry_warning_days": "14",
    "archive.personal_data": '"mask"',
    "archive.send_fingerprint": '"daily"',
    "archive.language": '"zh"',
    "api.vendor": '"byteplus"',
    "api.url": '"http://127.0.0.1:8080"',
    "api.region": '"cn-north-1"',
    "api.calls_per_second": "30.0",
    "api.quota_factor": "2.0",
    "api.workers": "32",
    "api.missing_result": '"nothing"',
    "domains.push": '["push.example.com"]',
    "domains.pull": '["pull.example.com", "play.example.com"]',
    "logs.files": '"keep"',
    "datasets.off": '["ip_info", "edge_stat_by_region"]',
    "publish.to": '"postgresql://livestats@bi.example.com/warehouse"',
    "publish.schema": '"livestats_acme"',
    "publish.datasets": '["stream_count", "edge_stat*"]',
    "scale.lease": '"postgresql://livestats@db.example.com/livestats"',
    "scale.account": '"acme"',
    "scale.home": '"s3://bucket/acme?endpoint_override=https://store.example.com"',
    "scale.dagster": '"postgresql://livestats@db.example.com/dagster"',
    "scale.cold": '"s3://bucket/prefix?endpoint_override=https://store.example.com"',
    "scale.cold_after_days": "120",
    "scale.engine": '"sc://engine.example.com:15002"',
}
"""How each is written; a test reads them."""

_KINDS = {
    "Path": "folder",
    "str": "text",
    "int": "whole number",
    "float": "number",
    "date": "day",
    "bool": "true or false",
}


def page() -> str:
    """The whole page."""
    return "\n".join(_lines()) + "\n"


def example() -> str:
    """A settings file with every setting in it."""
    lines: list[str] = []
    for section in SECTIONS:
        lines += ["", f"[{section}]"] if lines else [f"[{section}]"]
        lines += [f"{_key(known)} = {_EXAMPLES[_where(known)]}" for known in _of(section)]
    lines += ["", f"[{SECTION}.push_stream_metrics]"]
    for key in keys_of(DATASETS["push_stream_metrics"]):
        value = 5 if key == "bucket_seconds" else KEYS[key].metadata["example"]
        lines.append(f"{key} = {toml(value)}")
    lines += ["", f"[{SECTION}.stream_session]", 'variants = ["Online"]']
    lines += ["", *section_of(READY[0][1])]
    return "\n".join(lines) + "\n"


def _lines() -> Iterator[str]:
    yield from (
        "# Settings",
        "",
        "Made by `python -m pipelines.docgen.settings` from the settings themselves.",
        f"`livestats init` writes a `{FILE}` in which every setting is explained, `livestats settings`",
        "shows what counts and where it was set.",
        "",
        f"Settings stand in `{FILE}` of the current folder, or in the file that `{FILE_VARIABLE}`",
        "names; a relative folder in it is taken from where the file stands. An environment variable",
        "comes before the file. A name that nobody knows is refused, with the nearest that there is.",
        "The access key is no setting: it comes from `VOLC_ACCESSKEY` and `VOLC_SECRETKEY` (and",
        "`VOLC_SESSION_TOKEN`), or from the vendor's own files in `~/.volc`. Each can be a file that",
        "`VOLC_ACCESSKEY_FILE` and so on name, as systemd and containers give secrets.",
        "",
    )
    for section, about in SECTIONS.items():
        yield from (f"## {section}", "", about, "")
        yield "| setting | type | default | variable | meaning |"
        yield "|---|---|---|---|---|"
        for known in _of(section):
            variable = known.metadata["variable"]
            yield (
                f"| `{_where(known)}` | {_kind(known)} | {_default(known)} | "
                f"{f'`{variable}`' if variable else ''} | {_cell(known.metadata['meaning'])} |"
            )
        yield ""
    yield from _of_datasets()
    yield from _of_cuts()
    yield from ("## An example of everything", "", "```toml", *example().splitlines(), "```", "")
    yield from ("## Variables that are no settings", "")
    for name, meaning in BESIDE.items():
        yield f"- `{name}`: {meaning}"


def _of_datasets() -> Iterator[str]:
    yield from (
        "## Single datasets",
        "",
        f"A section `[{SECTION}.NAME]` says something of one dataset:",
        "",
        "| key | type | meaning | example |",
        "|---|---|---|---|",
    )
    for key, known in KEYS.items():
        shown = toml(known.metadata["example"])
        yield f"| `{key}` | {_kind(known)} | {_cell(known.metadata['meaning'])} | `{shown}` |"
    yield from (
        "",
        "No dataset has all of them. What each can have, its default first:",
        "",
        "| dataset | `bucket_seconds` | `variants` (those in bold are needed) | `reread_days` | also |",
        "|---|---|---|---|---|",
    )
    for name, dataset in DATASETS.items():
        has = keys_of(dataset)
        cells = (_widths(name), _variants(name)) if has else ("", "")
        days = f"{dataset.reread_days}, up to {longest_reread(dataset)}"
        also = ", ".join(f"`{key}`" for key in ("domains", "streams") if key in has)
        yield f"| `{name}` | {cells[0]} | {cells[1]} | {days if 'reread_days' in has else ''} | {also} |"
    yield from (
        "",
        "Where there is no choice of a width, the API has no other, or something rests on it:",
        "bandwidth, and what is billed of it, is made of points of 5 minutes, and peaks of viewers in",
        "slots of an hour do not add up to those of the account. How a table is split is no setting",
        "either: sums over other splits are not the same. Another width or split is a [cut](cuts.md),",
        "beside the dataset; datasets that are not wanted stand under `datasets.off`.",
        "",
        "**What stays fixed.** Slots of another width, other variants, other domains or streams make a",
        "captured day mean something else, and one table cannot hold both. So these are fixed for a",
        "dataset with its first captured day; they stand in each capture's manifest, and in",
        "`archive.json`. A change is refused before anything is asked. The ways to have it all the same:",
        "",
        "- Another home for the new ones: `LIVESTATS_HOME`.",
        "- Begin the dataset anew: move `raw/NAME` and `lake/NAME` out of the home, delete",
        "  `warehouse/warehouse.duckdb`, change the setting, and run `livestats backfill --dataset NAME`.",
        "  It captures what the API still has, and makes the tables again. Older days are then only in",
        "  what was moved away.",
        "",
        "`reread_days` may change at any time, and so may all settings of a dataset that is off.",
        "",
        "**What is left out.** A dataset that is limited to some domains or streams is complete as far",
        "as that: `livestats status` and `ledger.limited_to` say to what it is limited. Rules of",
        "`reconciliation` that would hold it against something larger do not compare it. Marts hold",
        "what there is: with `edge_stat` limited to a domain, the bandwidth of the account is that of",
        "the domain. Patterns that fit no domain fail the day. A domain that the account gets later",
        "is captured from then on if it fits.",
        "",
    )


def _of_cuts() -> Iterator[str]:
    yield from (
        "## Cuts",
        "",
        "A section `[cut.NAME]` makes a dataset and its table `cut_NAME`: see [cuts.md](cuts.md). Each",
        "action has some of these keys; a key that it does not have is refused with those that it has.",
        "",
        "| key | type | meaning | example |",
        "|---|---|---|---|",
    )
    for key, known in CUT_KEYS.items():
        example = known.metadata["example"]
        shown = f"`{toml(example)}`" if example != () else ""
        yield f"| `{key}` | {_kind(known)} | {_cell(known.metadata['meaning'])} | {shown} |"
    yield ""


def _of(section: str) -> list[Field[Any]]:
    return [known for known in general() if _where(known).startswith(f"{section}.")]


def _where(known: Field[Any]) -> str:
    return str(known.metadata["where"])


def _key(known: Field[Any]) -> str:
    return _where(known).rpartition(".")[2]


def _kind(known: Field[Any]) -> str:
    name = str(known.type).partition(" ")[0]
    return "list of texts" if name.startswith("tuple") else _KINDS[name]


def _default(known: Field[Any]) -> str:
    return "" if known.default is None else f"`{toml(known.default)}`"


def _widths(name: str) -> str:
    dataset = DATASETS[name]
    if not dataset.bucket_s:
        return ""
    rest = [width for width in widths_of(dataset) if width != dataset.bucket_s]
    return ", ".join([str(dataset.bucket_s), *map(str, rest)]) if rest else "no choice"


def _variants(name: str) -> str:
    dataset = DATASETS[name]
    if "variants" not in keys_of(dataset):
        return ""
    labels = map(variant_label, dataset.variants)
    return ", ".join(f"**{one}**" if one in dataset.required_variants else one for one in labels)


def _cell(text: object) -> str:
    """A text inside a Markdown cell."""
    return " ".join(str(text).split()).replace("|", "\\|")


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
