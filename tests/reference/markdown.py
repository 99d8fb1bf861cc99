"""Markdown from plain values: tables, code, and the prose of help texts.

What is made here must read the same on the site and wherever else Markdown is shown.
"""

import re
from collections.abc import Iterable, Sequence

from recctl.cli import COMMANDS

_SPAN = re.compile(r"(`[^`]+`|\[[^]]+\]\([^)]+\))")
"""Code, and links, which stay as they are."""
_CODE_WITH_PIPE = re.compile(r"`([^`]*\|[^`]*)`")
_COMMAND = re.compile(
    rf"(?<![\w/.-])recctl ({'|'.join(COMMANDS)})(?![\w-])(?: (?:--[a-z-]+|json|FILE\b))*"
)
_WORDS_OF_CODE = re.compile(
    r"(?<![\w`/.-])(?:"
    r"git (?:diff|log|show(?! recordings))(?: -p)?"  # commands
    r"|pytest(?: --?[a-z][\w-]*(?:=[A-Z]+)?)+"
    r"|--[a-z][a-z-]*(?:=[A-Z]+| json\b| AGE\b)?|-[A-Za-z0-9](?!\w)"  # options
    r"|[A-Z]+(?:_[A-Z]+)+|__[a-z]+__|rec-(?!\w)"  # names
    r"|\.?(?:[\w-]+/)+[\w.-]*\w(?:::\w+)?(?:=[\w./:-]*\w)?|(?:/\w+){2,}"  # paths
    r"|\.recctl\b|\[tool\.recctl\]|(?:recctl|pyproject)\.toml)"
)
_MARKUP = re.compile(r"([*_<\[\]|])")


def code(text: str) -> str:
    """Text as it is typed."""
    return f"`{text}`"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; empty where there are no rows."""
    lines = [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *lines]) + "\n"


def _cell(text: str) -> str:
    """Text without bare pipes: one would end the cell, even between backticks."""
    return _CODE_WITH_PIPE.sub(lambda match: f"<code>{_spelled(match[1])}</code>", text)


def _spelled(text: str) -> str:
    return "".join(one if one.isalnum() or one == " " else f"&#{ord(one)};" for one in text)


def block(text: str, language: str = "text") -> str:
    """Text in a frame, as it is."""
    return f"```{language}\n{text.rstrip()}\n```\n"


def prose(text: str, *, commands: str | None = None) -> str:
    """Text of a terminal as one line: words of code set as such, all else without markup.

    `commands` is the page on which commands are explained, which their names then link to.
    """
    parts = _SPAN.split(" ".join(text.split()))
    return "".join(part if _SPAN.fullmatch(part) else _plain(part, commands) for part in parts)


def _plain(text: str, commands: str | None) -> str:
    pieces, rest = [], 0
    for match in re.finditer(f"{_COMMAND.pattern}|{_WORDS_OF_CODE.pattern}", text):
        pieces.append(_MARKUP.sub(r"\\\1", text[rest : match.start()]))
        name, shown = match[1], code(match[0])
        pieces.append(f"[{shown}]({commands}#{name})" if name and commands is not None else shown)
        rest = match.end()
    return "".join([*pieces, _MARKUP.sub(r"\\\1", text[rest:])])
