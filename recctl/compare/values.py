"""What a comparison of two recordings comes to: exact differences, and statements in words."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from recctl.difference import Difference


class Part(StrEnum):
    """Which sides of two recordings are compared."""

    REQUEST = "request"
    RESPONSE = "response"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a statement's details; `text` is recorded, and as harmful as it was.

    Of kind `words` is a text in which words differ: those that went stand in `[-` and `-]`, those
    that came in `{+` and `+}`; in `⟦-` and `-⟧`, `⟦+` and `+⟧` where the text has such marks
    itself. White space is shown as `·`, `⇥`, `⏎` and `␍` where nothing else differs.
    """

    kind: Literal["context", "removed", "added", "words"]
    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One change in the domain's words.

    Equal changes in other recordings have the equal headline and details. `pointers` are those of
    the differences that it tells of.
    """

    headline: str
    details: tuple[Line, ...] = ()
    pointers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two recordings, compared.

    `request` is exact: applied to the request before, it gives the one after; pointers count from
    the request. `response` has the differences of the answers as `answers.plain` gives them, and
    those of what no transcript has: below `/recording`, as in the file, and below `/chunks`. It is
    empty unless asked for. `statements` tell of the requests, `answers` of the responses. `hidden`
    counts the differences that no statement tells, as they are volatile.
    """

    request: tuple[Difference, ...] = ()
    response: tuple[Difference, ...] = ()
    statements: tuple[Statement, ...] = ()
    answers: tuple[Statement, ...] = ()
    hidden: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs, volatile values included."""
        return not (self.request or self.response or self.statements or self.answers)
