"""How the API is asked, and what is made of an answer that its documents leave open.

Checked here, and used by resources/api and resources/capture. Where the API is: model.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from resources.config.errors import SettingsError

UNANSWERED, NOTHING = "unanswered", "nothing"
MISSING_RESULT = (UNANSWERED, NOTHING)


@dataclass(frozen=True, kw_only=True)
class ApiSettings:
    """Calls and answers of the API; by default as it is documented."""

    calls_per_second: float | None = field(
        default=None,
        metadata={
            "where": "api.calls_per_second",
            "meaning": "Ceiling over all actions of the account together; none: each action keeps the "
            "limit documented for it, and they go on side by side. Set it if the vendor limits your "
            "account as a whole, or other programs need room beside this one.",
            "variable": "LIVESTATS_CALLS_PER_SECOND",
        },
    )
    quota_factor: float = field(
        default=1.0,
        metadata={
            "where": "api.quota_factor",
            "meaning": "Your calls per second of each action over the documented ones: 2, if the "
            "vendor doubled the quota of the account.",
            "variable": "LIVESTATS_QUOTA_FACTOR",
        },
    )
    workers: int = field(
        default=16,
        metadata={
            "where": "api.workers",
            "meaning": "Requests of one action under way at the same time. Too few if calls per "
            "second x seconds of an answer are more.",
            "variable": "LIVESTATS_WORKERS",
        },
    )
    missing_result: str = field(
        default=UNANSWERED,
        metadata={
            "where": "api.missing_result",
            "meaning": "What an answer without a Result is, of the actions whose documents let it be "
            "missing. unanswered: it is asked again, and the day stays incomplete. nothing: nothing "
            "happened; set it if `livestats probe` finds that the API answers so.",
            "variable": "LIVESTATS_MISSING_RESULT",
        },
    )

    def check_api(self) -> None:
        """Check the values. Raises SettingsError."""
        if self.workers < 1:
            raise SettingsError(f"api.workers = {self.workers}: at least 1 is needed.")
        if self.calls_per_second is not None and not self.calls_per_second > 0:  # nan is not
            raise SettingsError(
                f"api.calls_per_second = {self.calls_per_second}: above 0 is needed."
            )
        if not 0.01 <= self.quota_factor < math.inf:
            raise SettingsError(
                f"api.quota_factor = {self.quota_factor}: from 0.01 on is possible; 1 is the "
                "documented quota."
            )
        if self.missing_result not in MISSING_RESULT:
            raise SettingsError(
                f"api.missing_result = {self.missing_result!r}: one of {', '.join(MISSING_RESULT)} "
                "is possible."
            )
