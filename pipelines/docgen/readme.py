"""Tables made from the catalog: datasets in README.md, actions in docs/your-account.md.

Both pages have a Chinese twin, whose tables are made as well. Made by `python -m pipelines.docgen.readme`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from resources.api.catalog import DATASETS, ENDPOINTS
from resources.api.catalog.datasets import Dataset
from resources.config import CHINESE, ENGLISH
from resources.i18n import say

_ROOT = Path(__file__).resolve().parents[2]
README = _ROOT / "README.md"
READMES: Mapping[str, Path] = MappingProxyType(
    {ENGLISH: README, CHINESE: _ROOT / "README.zh-CN.md"}
)
"""By language, as are the account pages."""
ACCOUNTS: Mapping[str, Path] = MappingProxyType(
    {
        ENGLISH: _ROOT / "docs" / "your-account.md",
        CHINESE: _ROOT / "docs" / "your-account.zh-CN.md",
    }
)
BEGIN, END = (
    "<!-- datasets: made by `python -m pipelines.docgen.readme` -->",
    "<!-- end of datasets -->",
)
ACTIONS_BEGIN, ACTIONS_END = (
    "<!-- actions: made by `python -m pipelines.docgen.readme` -->",
    "<!-- end of actions -->",
)

_WIDTHS: Mapping[int, str] = {30: "30 s", 60: "minute", 300: "5 min", 86_400: "day"}


def table(language: str = ENGLISH) -> str:
    """Markdown: a line for each dataset."""
    lines = [say("| table | what it holds | every | from |", language), "|---|---|---|---|"]
    return "\n".join([*lines, *(_line(one, language) for one in DATASETS.values())])


def _line(dataset: Dataset, language: str) -> str:
    end = "。" if language == CHINESE else ". "
    what = say(dataset.description, language).split(end)[0].rstrip(".")
    every = say(_every(dataset), language)
    return f"| `{dataset.name}` | {what} | {every} | {dataset.endpoint.action} |"


def _every(dataset: Dataset) -> str:
    if dataset.is_dimension:
        return "as of now"
    if dataset.event_start is not None:
        return "event"
    if dataset.bucket_s is None:
        return "day"
    return _WIDTHS.get(dataset.bucket_s, f"{dataset.bucket_s} s")


def actions(language: str = ENGLISH) -> str:
    """Markdown: a line for each action, with its tables, its calls per second and who lacks it."""
    lines = [say("| action | for | calls per second | not at |", language), "|---|---|---|---|"]
    for action, endpoint in ENDPOINTS.items():
        names = [f"`{name}`" for name, one in DATASETS.items() if one.endpoint is endpoint]
        lacking = ", ".join(vendor.name for vendor in endpoint.absent_on)
        lines.append(f"| `{action}` | {', '.join(names)} | {endpoint.rate_per_s:g} | {lacking} |")
    return "\n".join(lines)


def with_table(text: str, language: str = ENGLISH) -> str:
    """README.md's text, or its twin's, with the table as the catalog has it now.

    Raises ValueError if the marks between which it stands are gone.
    """
    return _put(text, BEGIN, table(language), END)


def with_actions(text: str, language: str = ENGLISH) -> str:
    """The account page's text with its table of actions; raises ValueError like `with_table`."""
    return _put(text, ACTIONS_BEGIN, actions(language), ACTIONS_END)


def _put(text: str, begin: str, made: str, end: str) -> str:
    before, mark, rest = text.partition(begin)
    _, last, after = rest.partition(end)
    if not mark or not last:
        raise ValueError(f"The page has no place for the table: put in {begin} and {end}")
    return f"{before}{begin}\n{made}\n{end}{after}"


def main() -> None:
    """Write the tables into the pages."""
    for language, page in READMES.items():
        page.write_text(with_table(page.read_text("utf-8"), language), "utf-8")
    for language, page in ACCOUNTS.items():
        page.write_text(with_actions(page.read_text("utf-8"), language), "utf-8")


if __name__ == "__main__":
    main()
