"""What a comparison says, as lines that tests can state."""

from collections.abc import Iterable
from typing import Any

from recctl.compare import Comparison, Part, Statement, compare
from recctl.dialects import published
from recctl.recording import Recording
from tests.build import TEST, Document, chat_answer, recording

_MARKS = {"context": " ", "removed": "-", "added": "+", "words": "~"}


def recorded(
    request: Document, response: Document | None = None, *, test_id: str | None = TEST
) -> Recording:
    """A recording in memory."""
    name, document = recording(request, response or chat_answer("Yes."), test_id=test_id)
    return Recording(name, document, 0)


def compared(before: Recording, after: Recording, **options: Any) -> Comparison:
    """Both sides of two recordings compared, as the newest dialect sees them."""
    return compare(before, after, published(), part=Part.ALL, **options)


def lines(statements: Iterable[Statement]) -> list[str]:
    """The headlines, and below each its details behind a mark."""
    return [
        line
        for statement in statements
        for line in (
            statement.headline,
            *(f"  {_MARKS[one.kind]} {one.text}".rstrip() for one in statement.details),
        )
    ]


def requests(before: Document, after: Document, **options: Any) -> list[str]:
    """What is said of two requests."""
    return lines(compared(recorded(before), recorded(after), **options).statements)


def answers(before: Document, after: Document, **options: Any) -> list[str]:
    """What is said of two answers to one request."""
    asked = {"method": "POST", "url": "http://x/v1/chat/completions", "body": {}, "endpoint": "/x"}
    one, other = recorded(asked, before), recorded(asked, after)
    return lines(compared(one, other, **options).answers)
