"""Checks of many small items in one test: it runs them all and lists every item that fails.

For properties of declared data (columns, texts, requests) and for rules that hold for every endpoint
or dataset alike, where a test for each item would only multiply the count. Behaviour that differs from
case to case stays parametrised.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from typing import Any

import pytest

_SHOWN = 20
"""Failing items that are printed; the rest are counted."""


def each(
    names: str, items: Collection[Any], label: Callable[..., str] = repr
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Call the test with every item; `names` are its arguments, separated by commas.

    An item is one value, or a tuple with a value for each name. `label` takes the same values and
    names the item in the failure. Other arguments of the test are fixtures, made once.
    """
    arguments = [name.strip() for name in names.split(",")]

    def decorate(check: Callable[..., None]) -> Callable[..., None]:
        def test(**fixtures: Any) -> None:
            assert items, "there is nothing to check"
            failed = []
            for item in items:
                values = item if len(arguments) > 1 else (item,)
                try:
                    check(**dict(zip(arguments, values, strict=True)), **fixtures)
                except (AssertionError, pytest.fail.Exception) as error:
                    failed.append(f"{label(*values)}: {error}")
                except Exception as error:
                    error.add_note(f"with {label(*values)}")
                    raise
            more = f"\n... and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else ""
            assert not failed, "\n".join(failed[:_SHOWN]) + more

        parameters = inspect.signature(check).parameters.values()
        test.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                p.replace(kind=inspect.Parameter.KEYWORD_ONLY)
                for p in parameters
                if p.name not in arguments
            ]
        )
        test.__name__, test.__qualname__ = check.__name__, check.__qualname__
        test.__doc__, test.__module__ = check.__doc__, check.__module__
        return test

    return decorate
