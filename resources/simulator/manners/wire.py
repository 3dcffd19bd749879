"""Manners of the wire: waiting, closing, bytes that are too many, too few or wrong.

What is a good answer with other content is in listing.py and figures.py.
"""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass, replace
from typing import ClassVar
from urllib.parse import quote

from resources.simulator import faults
from resources.simulator.exchange import Answer, Request
from resources.simulator.manners.manner import Manner, Options
from resources.simulator.settings import FaultKind, Faults


@dataclass
class Slow(Manner):
    """Answers rightly, after this many seconds."""

    name = "slow"
    example = "slow=2@domain=pull-1.sim.example"

    seconds: float = 1.0

    def behind(self, request: Request, answer: Answer) -> Answer:
        return replace(answer, delay_s=answer.delay_s + self.seconds)


@dataclass
class Stall(Manner):
    """Says nothing for this many seconds, and closes the connection."""

    name = "stall"
    example = "stall=60@stream=room-101"

    seconds: float = 60.0

    def behind(self, request: Request, answer: Answer) -> Answer:
        return replace(answer, delivery="close", delay_s=self.seconds, counted_as=self.name)


@dataclass
class Cut(Manner):
    """Promises the whole body, sends half of it and closes the connection."""

    name = "cut"
    example = "cut@action=DescribeLiveEdgeStatData@odds=0.5"

    def behind(self, request: Request, answer: Answer) -> Answer:
        return replace(answer, delivery="cut", counted_as=self.name)


@dataclass
class BadGzip(Manner):
    """Says that the body is gzip: it is garbage, or it ends too early."""

    name = "bad-gzip"
    example = "bad-gzip=cut@until-call=3"

    kind: str = "garbage"
    options: ClassVar[Options] = {"kind": ("garbage", "cut")}

    def behind(self, request: Request, answer: Answer) -> Answer:
        packed = gzip.compress(answer.body())
        body = packed[: len(packed) // 2] if self.kind == "cut" else b"\x1f\x8b" + b"\x00\xff" * 50
        headers = {**answer.headers, "Content-Encoding": "gzip"}
        return replace(answer, raw=body, headers=headers, counted_as=self.name)


@dataclass
class HugeAnswer(Manner):
    """Adds this many megabytes of blanks to the body, plain or packed by gzip."""

    name = "huge-answer"
    example = "huge-answer=300@action=DescribeLiveEdgeStatData"

    megabytes: float = 10.0
    packed: str = "no"
    options: ClassVar[Options] = {"packed": ("no", "yes")}

    def behind(self, request: Request, answer: Answer) -> Answer:
        body = answer.body()
        body = body[:-1] + b" " * int(self.megabytes * 1e6) + body[-1:]
        if self.packed == "no":
            return replace(answer, raw=body)
        headers = {**answer.headers, "Content-Encoding": "gzip"}
        return replace(answer, raw=gzip.compress(body, 1), headers=headers)


@dataclass
class Fault(Manner):
    """One of the kinds of --fault, for the requests that the limits name."""

    name = "fault"
    example = "fault=internal@action=DescribeLiveEdgeStatData@odds=0.5"

    kind: FaultKind
    seconds: float = 60.0  # of a stall

    @property
    def _faults(self) -> Faults:
        return Faults(stall_s=self.seconds)

    def before(self, request: Request) -> Answer | None:
        if self.kind in faults.PAGE_FAULTS:
            request.page_fault = self.kind
        found = faults.in_front(self.kind, request.action, self._faults)
        return found or faults.refused(self.kind, request.action, self._faults)

    def behind(self, request: Request, answer: Answer) -> Answer:
        return faults.spoiled(self.kind, answer, self._faults)


@dataclass
class Echo(Manner):
    """Quotes the whole request with its signature: added to the answer or instead of it, plain, in a URL, in base64."""

    name = "echo"
    example = "echo=refusal@action=DescribeLiveISPData"

    kind: str = "added"
    options: ClassVar[Options] = {"kind": ("added", "refusal", "page", "redirect", "code")}

    def behind(self, request: Request, answer: Answer) -> Answer:
        lines = [f"{name}: {value}" for name, value in request.headers.items()]
        text = "\n".join((f"{request.method} {request.target}", *lines, request.body.decode()))
        coded = base64.b64encode(text.encode()).decode()
        quoted = " | ".join((text, quote(text, safe=""), coded, request.headers["authorization"]))
        in_header = " ".join((*lines, quote(text), coded))
        headers = {**answer.headers, "X-Echo": in_header}
        status, raw = answer.status, b"<html>" + quoted.encode()
        match self.kind:
            case "added":
                return replace(answer, headers=headers, raw=self._added(answer, quoted))
            case "page":
                status = 502
            case "redirect":
                status, headers = 307, {**headers, "Location": f"/login?{quote(text)}"}
            case _:
                error = {"Code": "Nobody.Knows", "CodeN": 1, "Message": quoted}
                error["Code"] = quoted if self.kind == "code" else error["Code"]
                metadata = {"RequestId": quoted, "Action": request.action, "Error": error}
                status, raw = 400, json.dumps({"ResponseMetadata": metadata}).encode()
        return replace(answer, status=status, raw=raw, headers=headers, counted_as=self.name)

    @staticmethod
    def _added(answer: Answer, quoted: str) -> bytes:
        body = json.loads(answer.body())
        body["ResponseMetadata"]["Echo"] = quoted
        return json.dumps(body).encode()


MANNERS: tuple[type[Manner], ...] = (Slow, Stall, Cut, BadGzip, HugeAnswer, Fault, Echo)
