"""What a probe can say: topics and findings. Titles, answers and their words are in topics.toml.

Not here: how a conclusion is reached (of_*.py). What may stand in the file of a probe: document.py.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType


class Confidence(StrEnum):
    """How sure a conclusion is."""

    SURE = "sure"
    LIKELY = "likely"
    OPEN = "open"


@dataclass(frozen=True)
class Topic:
    """One thing that the documents leave open: answer -> (words, what livestats does about it)."""

    title: str
    answers: Mapping[str, tuple[str, str]]


Detail = int | str | tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """What an observation concludes. `note` is for the screen alone, all else for the file too."""

    topic: str
    answer: str
    confidence: Confidence = Confidence.SURE
    details: Mapping[str, Detail] = field(default_factory=dict)
    note: str = field(default="", compare=False)

    @property
    def title(self) -> str:
        """What it is about."""
        return TOPICS[self.topic].title.format_map(self.details)

    @property
    def words(self) -> str:
        """The conclusion for people."""
        shown = {k: ", ".join(v) if isinstance(v, tuple) else v for k, v in self.details.items()}
        return TOPICS[self.topic].answers[self.answer][0].format_map(shown)

    @property
    def does(self) -> str:
        """What livestats does about it."""
        return TOPICS[self.topic].answers[self.answer][1]


def sure(topic: str, answer: str, **details: Detail) -> Finding:
    """A conclusion that leaves no other reading."""
    return Finding(topic, answer, Confidence.SURE, details)


def likely(topic: str, answer: str, **details: Detail) -> Finding:
    """A conclusion that another reading could explain."""
    return Finding(topic, answer, Confidence.LIKELY, details)


def open_(topic: str, note: str = "") -> Finding:
    """No conclusion."""
    return Finding(topic, "open", Confidence.OPEN, note=note)


def _topics() -> Mapping[str, Topic]:
    text = (Path(__file__).parent / "topics.toml").read_text("utf-8")
    return MappingProxyType(
        {
            name: Topic(one["title"], {a: (w, d) for a, (w, d) in one["answers"].items()})
            for name, one in tomllib.loads(text).items()
        }
    )


TOPICS = _topics()
"""Topic -> its title and answers."""
