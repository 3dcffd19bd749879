"""Derives the columns of a dataset's table from its endpoint's fields and the dataset's choices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from resources.api.catalog.model import SPLITS, Column, ColumnType, DuplicateKeys, Field, Scope
from resources.api.catalog.spelling import Spelling

if TYPE_CHECKING:
    from resources.api.catalog.datasets import Dataset

DOMAIN = Field(
    name="Domain",
    column="domain",
    kind=ColumnType.TEXT,
    comment="Domain name.",
    spelling=Spelling.DOMAIN,
)
APP = Field(
    name="App", column="app", kind=ColumnType.TEXT, comment="Application, the AppName of a URL."
)
STREAM = Field(name="Stream", column="stream", kind=ColumnType.TEXT, comment="Stream name.")

SCOPE_FIELDS: dict[Scope, tuple[Field, ...]] = {
    Scope.ACCOUNT: (),
    Scope.WHOLE: (),
    Scope.DOMAINS: (),
    Scope.DOMAIN: (DOMAIN,),
    Scope.STREAM: (DOMAIN, APP, STREAM),
    Scope.ADDRESSES: (),
}
"""Columns that responses may omit: filled in from the request."""

BUSINESS_DATE = "business_date"
SLOT_START_AT = "slot_start_at"
SLOT_SECONDS = "slot_seconds"
RANK = "rank"
OCCURRENCE = "occurrence"

_IDENTITY = ("domain", "app", "stream")


def columns_of(dataset: Dataset) -> tuple[Column, ...]:
    """Columns in reading order: when, about what, under which variant, then the values."""
    found = {c.name: c for c in _unordered(dataset)}
    split = [SPLITS[name].column for name in dataset.split]
    first = [BUSINESS_DATE, SLOT_START_AT, SLOT_SECONDS, *dataset.variant_columns.values()]
    lead = [name for name in (*first, *_IDENTITY, *split) if name in found]
    order = dict.fromkeys((*lead, *found))
    return tuple(found[name] for name in order)


def _unordered(dataset: Dataset) -> Iterator[Column]:
    if not dataset.is_dimension:
        yield Column(
            name=BUSINESS_DATE,
            kind=ColumnType.DATE,
            comment="Calendar day in the business time zone."
            if dataset.dedup_keep is None
            else f"The {dataset.dedup_keep} captured day, in the business time zone, that lists the row.",
        )
    if dataset.bucket_s is not None:
        yield Column(
            name=SLOT_SECONDS,
            kind=ColumnType.INTEGER,
            unit="s",
            field="Aggregation",
            comment="Length of the time slot.",
        )
    for parameter, column in dataset.variant_columns.items():
        comment = dataset.variant_comments[parameter]
        yield Column(name=column, kind=ColumnType.TEXT, field=parameter, comment=comment)
    for name in dataset.split:
        split = SPLITS[name]
        yield Column(
            name=split.column,
            kind=ColumnType.TEXT,
            field=name,
            comment=split.comment,
            spelling=split.spelling,
        )
    for scope_field in SCOPE_FIELDS[dataset.scope]:
        yield _column(scope_field, str(scope_field.column))
    if dataset.ranked:
        yield Column(
            name=RANK,
            kind=ColumnType.INTEGER,
            comment="Position in the vendor's list, 1 is the first.",
        )
    for level in dataset.endpoint.rows.levels:
        for row_field in level.fields:
            if row_field.column is not None:
                yield replace(
                    _column(row_field, row_field.column),
                    comment=_of_days(row_field.comment, dataset.days_of_list),
                )
    if dataset.duplicate_keys is DuplicateKeys.NUMBER:
        yield Column(
            name=OCCURRENCE,
            kind=ColumnType.INTEGER,
            comment="Number of the row among rows that are otherwise of one key; nearly always 1.",
        )


def _of_days(comment: str, days: int) -> str:
    """A comment of a day's figure, for a list that is of several days."""
    return comment if days == 1 else comment.replace("of the day", f"of the list's {days} days")


def _column(source: Field, name: str) -> Column:
    return Column(
        name=name,
        kind=source.kind,
        unit=source.unit,
        field=source.name,
        factor=source.factor,
        nullable=not source.required,
        comment=source.comment,
        spelling=source.spelling,
        is_personal=source.is_personal,
    )
