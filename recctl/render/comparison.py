"""Two recordings compared: as text, as Markdown, and as the part of a JSON document."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.text import Text

from recctl.compare import ABSENT, Comparison, Difference, Line, Statement
from recctl.compare.secrecy import is_secret, names_secret
from recctl.render.markdown import code, escaped, longest_run
from recctl.safetext import harmless, one_line, shortened
from recctl.secrets import MASK, masked, may_hold
from recctl.wording import plural

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


def as_document(comparison: Comparison) -> dict[str, list[dict[str, Any]]]:
    """The exact differences: `{"request": [{"op", "pointer", "before", "after"}], "response": …}`.

    `op` is add, remove or replace. What is not there is null. `MASK` stands in place of what may be
    a secret, as findings have it.
    """
    return {
        "request": _differences(comparison.request),
        "response": _differences(comparison.response),
    }


def hidden_note(comparison: Comparison) -> str:
    """How many differences no statement tells; empty for none."""
    if not comparison.hidden:
        return ""
    return f"{plural(comparison.hidden, 'volatile difference')} hidden; shown by --show-volatile"


def _differences(found: Sequence[Difference]) -> list[dict[str, Any]]:
    return [
        {
            "op": "add" if one.old is ABSENT else "remove" if one.new is ABSENT else "replace",
            "pointer": masked(one.pointer),
            "before": None if one.old is ABSENT else _masked(one.old, _name(one.pointer)),
            "after": None if one.new is ABSENT else _masked(one.new, _name(one.pointer)),
        }
        for one in found
    ]


def _name(pointer: str) -> str:
    """The name of a value, or of the list that it is in."""
    parts = [part for part in pointer.split("/") if not part.isdigit()]
    return "" if _LOGPROBS & {*parts} else parts[-1] if parts else ""


_LOGPROBS = {"logprobs", "top_logprobs"}
"""Below these, a token is a piece of a word."""


def _masked(value: Any, name: str) -> Any:
    """A JSON value in which nothing may be a secret, by itself or for the name it has."""
    if isinstance(value, dict):
        is_piece = "logprob" in value
        return {masked(key): _masked(one, "" if is_piece else key) for key, one in value.items()}
    if isinstance(value, list):
        return [_masked(one, name) for one in value]
    if value is None or isinstance(value, bool) or value == "":
        return value
    if is_secret(name):
        return MASK
    if isinstance(value, str) and (names_secret(value) or may_hold(f'"{name}": "{value}"')):
        return MASK
    return value


def _shown(line: Line) -> str:
    """A recorded line that is safe to print; a carriage return at its end is shown."""
    return one_line(harmless(shortened(line.text)).expandtabs(4))
