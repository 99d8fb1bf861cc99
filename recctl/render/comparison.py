"""Two recordings compared: as text, as Markdown, and as the part of a JSON document."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.text import Text

from recctl.compare import ABSENT, Comparison, Difference, Line, Statement
from recctl.render.markdown import code, escaped, longest_run
from recctl.render.summary import plural
from recctl.safetext import harmless, one_line, shortened

_REMOVED = "red"
_ADDED = "green"
_FAINT = "dim"
_HEADING = "bold"

_MARKS = {"context": " ", "removed": "-", "added": "+", "words": "~"}
_STYLES = {"context": _FAINT, "removed": _REMOVED, "added": _ADDED, "words": ""}
_WORDS = re.compile(r"(\[-.*?-\])|(\{\+.*?\+\})")
_OTHER_WORDS = re.compile(r"(⟦-.*?-⟧)|(⟦\+.*?\+⟧)")
"""Of a text that has the marks of the first in itself."""


def as_text(comparison: Comparison) -> Iterator[Text]:
    """The statements as lines, those of the answers under a heading; in the end, what is hidden."""
    if comparison.statements and comparison.answers:
        yield Text("Request", style=_HEADING)
    yield from statement_lines(comparison.statements)
    if comparison.statements and comparison.answers:
        yield Text()
    if comparison.answers:
        yield Text("Response", style=_HEADING)
    yield from statement_lines(comparison.answers)
    note = hidden_note(comparison)
    if note:
        yield Text(note, style=_FAINT)


def statement_lines(statements: Iterable[Statement], indent: str = "") -> Iterator[Text]:
    """Statements as lines, each with its details below it."""
    for statement in statements:
        yield Text(f"{indent}{one_line(statement.headline)}")
        for line in statement.details:
            yield detail_line(line, indent)


def detail_line(line: Line, indent: str = "") -> Text:
    """A line of details."""
    made = Text(f"{indent}  {_MARKS[line.kind]} ", style=_STYLES[line.kind])
    if line.kind != "words":
        made.append(_shown(line))
        made.rstrip()
        return made
    at = 0
    shown = _shown(line)
    marked = _OTHER_WORDS if _OTHER_WORDS.search(shown) else _WORDS
    for match in marked.finditer(shown):
        made.append(shown[at : match.start()])
        made.append(match[0], style=_REMOVED if match[1] else _ADDED)
        at = match.end()
    return made.append(shown[at:])


def as_markdown(comparison: Comparison) -> str:
    """The statements as a list; recorded text stands in fences, so that nothing in it is markup."""
    blocks = []
    if comparison.answers:
        blocks += ["**Request**"] if comparison.statements else []
    blocks += statement_blocks(comparison.statements)
    if comparison.answers:
        blocks += ["**Response**", *statement_blocks(comparison.answers)]
    note = hidden_note(comparison)
    blocks += [f"*{escaped(note)}*"] if note else []
    return "\n\n".join(blocks) + "\n" if blocks else ""


def statement_blocks(statements: Iterable[Statement]) -> Iterator[str]:
    """Statements as blocks of Markdown: what each says, and a fence with its details."""
    for statement in statements:
        details = [f"{_MARKS[line.kind]} {_shown(line)}".rstrip() for line in statement.details]
        yield f"- {marked_up(statement.headline)}"
        if details:
            ticks = max(3, longest_run("\n".join(details)) + 1)
            fence = "`" * ticks
            body = "\n".join(f"  {line}".rstrip() for line in details)
            yield f"  {fence}diff\n{body}\n  {fence}"


def marked_up(headline: str) -> str:
    """A headline in Markdown, with what stands between backticks as code."""
    pieces = one_line(headline).split("`")
    return "".join(
        code(piece) if place % 2 else escaped(piece) for place, piece in enumerate(pieces)
    )


def as_document(comparison: Comparison) -> dict[str, Any]:
    """The exact differences: `{"request": [{"op", "pointer", "before", "after"}], "response": …}`.

    `op` is add, remove or replace. What is not there is null.
    """
    return {
        "request": _differences(comparison.request),
        "response": _differences(comparison.response),
    }


def statement_documents(statements: Iterable[Statement]) -> list[dict[str, Any]]:
    """Statements as JSON values."""
    return [
        {
            "headline": statement.headline,
            "details": [{"kind": line.kind, "text": line.text} for line in statement.details],
            "pointers": list(statement.pointers),
        }
        for statement in statements
    ]


def hidden_note(comparison: Comparison) -> str:
    """How many differences no statement tells; empty for none."""
    if not comparison.hidden:
        return ""
    return f"{plural(comparison.hidden, 'volatile difference')} hidden; shown by --show-volatile"


def _differences(found: Sequence[Difference]) -> list[dict[str, Any]]:
    return [
        {
            "op": "add" if one.old is ABSENT else "remove" if one.new is ABSENT else "replace",
            "pointer": one.pointer,
            "before": None if one.old is ABSENT else one.old,
            "after": None if one.new is ABSENT else one.new,
        }
        for one in found
    ]


def _shown(line: Line) -> str:
    """A recorded line that is safe to print; a carriage return at its end is shown."""
    return one_line(harmless(shortened(line.text)).expandtabs(4))
