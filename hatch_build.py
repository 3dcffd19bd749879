"""Build hook: livestats runs from its checkout, so only the editable install is allowed."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class OnlyEditable(BuildHookInterface):  # type: ignore[type-arg]
    """Refuse a wheel that would copy `pipelines`, `assets` and `resources` into site-packages.

    Names that general would collide with those of other projects.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Stop every build but the editable one."""
        if version != "editable":
            raise RuntimeError(
                "livestats runs from its checkout and is not built into a wheel. "
                "Run `make venv` in the checkout, or `pip install -e .`"
            )
