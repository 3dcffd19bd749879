"""The setting of the vendor's log files: their list alone, the files too, or their lines as well.

Checked here, and used by resources/logs.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from resources.config.errors import SettingsError

LIST, KEEP, PARSE = "list", "keep", "parse"
LOG_FILES = (LIST, KEEP, PARSE)


@dataclass(frozen=True, kw_only=True)
class LogSettings:
    """What becomes of log files; by default nothing."""

    log_files: str = field(
        default=LIST,
        metadata={
            "where": "logs.files",
            "meaning": "list: only the list of the vendor's log files. keep: the files too, as they "
            "are. parse: their lines as Parquet as well. They can be terabytes, and hold addresses of "
            "viewers: see log-files.md.",
            "variable": "LIVESTATS_LOG_FILES",
        },
    )

    def check_logs(self, datasets_off: Collection[str]) -> None:
        """Check the value. Raises SettingsError."""
        if self.log_files not in LOG_FILES:
            raise SettingsError(
                f"logs.files = {self.log_files!r}: one of {', '.join(LOG_FILES)} is possible."
            )
        if self.log_files != LIST and "log_file" in datasets_off:
            raise SettingsError(
                f"logs.files = {self.log_files!r} needs their list: take log_file out of datasets.off."
            )
