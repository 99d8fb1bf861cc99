"""Text that is fit to print: what was recorded never acts on a terminal, nor fills it."""

import re
from functools import cache

_UNSAFE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, terminal escapes among them
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what reverses the direction of text
    "\u2028\u2029"  # other line breaks
    "\ud800-\udfff"  # halves of surrogate pairs, which cannot be written
    "]"
)

_BREAK = r"(?:\r?\n|\\r\\n|\\n)"  # also as it stands in JSON
_BASE64 = (
    r"[A-Za-z0-9+/_-]{60,}+"
    rf"(?:{_BREAK}[A-Za-z0-9+/_-]{{60,}}+)*+"
    rf"(?:{_BREAK}[A-Za-z0-9+/_-]{{1,59}}(?==))?={{0,2}}"
)
_SHOWN_BASE64 = 24
_LONG_BASE64 = 200
_LEAST_WORD = 60
"""Characters without a space that long base64 has at least, however it is broken into lines."""


def harmless(text: str) -> str:
    """A text in which nothing acts on a terminal: escapes are shown, not obeyed.

    Line feeds and tabs stay. A carriage return before a line feed is dropped.
    """
    return _UNSAFE.sub(_escaped, text.replace("\r\n", "\n"))


def one_line(text: object) -> str:
    """A harmless text without line breaks, for names and paths."""
    shown = str(text).replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t")
    return _UNSAFE.sub(_escaped, shown)


def argument(text: str) -> str:
    """A path or another word of a command, as it is to be typed; none is taken for an option."""
    from shlex import quote  # most that is printed is no command

    return one_line(quote(f"./{text}" if text.startswith("-") else text))


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def shortened(text: str) -> str:
    """A text whose long base64 is cut, saying how long it was."""
    # Few texts have such words, and compiling the pattern takes longer than looking for them.
    if len(text) < _LONG_BASE64 or not any(len(word) >= _LEAST_WORD for word in text.split()):
        return text
    return _base64().sub(_cut, text)


@cache
def _base64() -> re.Pattern[str]:
    return re.compile(_BASE64)


def _cut(match: re.Match[str]) -> str:
    found = match[0]
    if len(found) < _LONG_BASE64 or not _is_mixed(found):
        return found
    return f"{found[:_SHOWN_BASE64]}… (base64, {len(found):,} characters)"


def _is_mixed(text: str) -> bool:
    """Whether a long word is base64 by its letters, and not a path, a ruler or a number."""
    separators = sum(text.count(one) for one in "/-_")
    kinds = (str.isupper, str.islower, str.isdigit)
    return separators * 10 < len(text) and all(any(map(kind, text)) for kind in kinds)
