"""Manners of log files: what the storage server does to a download, and files that grow.

What is done to answers of the API is in the modules beside this one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from resources.simulator import log_files
from resources.simulator.exchange import Answer, Request
from resources.simulator.manners.manner import Manner

_LIST = "DescribeLiveLogData"


@dataclass
class FileManner(Manner):
    """Base class: is about downloads."""

    of_files: ClassVar[bool] = True

    def is_about(self, request: Request) -> bool:
        return request.action == log_files.ACTION


@dataclass
class FileStatus(FileManner):
    """Answers a download of a log file with this status: 403 for a link that expired, 404 for a file that is gone."""

    name = "file-status"
    example = "file-status=403@until-call=2"

    status: int = 403

    def before(self, request: Request) -> Answer | None:
        return log_files.refused(self.status, self.name)


@dataclass
class FileCut(FileManner):
    """Promises a whole log file, sends half of it and closes the connection."""

    name = "file-cut"
    example = "file-cut@domain=pull-1.sim.example"

    def behind(self, request: Request, answer: Answer) -> Answer:
        return replace(answer, delivery="cut", counted_as=self.name)


@dataclass
class FileRedirect(FileManner):
    """Sends a download of a log file to another address."""

    name = "file-redirect"
    example = "file-redirect=http://127.0.0.1:9/elsewhere"

    to: str = "http://127.0.0.1:9/elsewhere"

    def before(self, request: Request) -> Answer | None:
        found = log_files.refused(302, self.name)
        return replace(found, headers={"Location": self.to})


@dataclass
class GrowingFiles(Manner):
    """Lists and serves log files with at most this many lines: with @until-call or @until they grow then."""

    name = "growing-files"
    example = "growing-files=10@until-call=4"

    lines: int = 10

    def is_about(self, request: Request) -> bool:
        return request.action == _LIST

    def behind(self, request: Request, answer: Answer) -> Answer:
        if not answer.is_good:
            return answer
        result = answer.result
        for row in result.get("LogInfoList") or []:
            base, _, _ = row["DownloadUrl"].partition(log_files.FOLDER)
            found = log_files.of_link(row["DownloadUrl"].removeprefix(base))
            if found is not None:
                file = replace(found[0], lines=min(found[0].lines, self.lines))
                row["LogSize"] = file.size
                row["DownloadUrl"] = file.link(base, int(request.at.timestamp()))
        return answer.with_result(result)


MANNERS: tuple[type[Manner], ...] = (FileStatus, FileCut, FileRedirect, GrowingFiles)
