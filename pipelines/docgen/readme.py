"""The table of datasets in README.md, made from the catalog: `python -m pipelines.docgen.readme`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = (
    "<!-- datasets: made by `python -m pipelines.docgen.readme` -->",
    "<!-- end of datasets -->",
)

_WIDTHS: Mapping[int, str] = {30: "30 s", 60: "minute", 300: "5 min"}


def table() -> str:
    """Markdown: a line for each dataset."""
    lines = ["| table | what it holds | every | from |", "|---|---|---|---|"]
    return "\n".join([*lines, *map(_line, DATASETS.values())])


def _line(dataset: Dataset) -> str:
    what = dataset.description.split(". ")[0].rstrip(".")
    return f"| `{dataset.name}` | {what} | {_every(dataset)} | {dataset.endpoint.action} |"


def _every(dataset: Dataset) -> str:
    if dataset.is_dimension:
        return "as of now"
    if dataset.event_start is not None:
        return "event"
    if dataset.bucket_s is None:
        return "day"
    return _WIDTHS.get(dataset.bucket_s, f"{dataset.bucket_s} s")


def with_table(text: str) -> str:
    """README.md's text with the table as the catalog has it now.

    Raises ValueError if the marks between which it stands are gone.
    """
    before, mark, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise ValueError(f"README.md has no place for the table: put in {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> None:
    """Write the table into README.md."""
    README.write_text(with_table(README.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
