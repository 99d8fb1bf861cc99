"""Text that is safe to print: what was recorded never acts on a terminal."""

import re

_UNSAFE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, terminal escapes among them
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what reverses the direction of text
    "\u2028\u2029"  # other line breaks
    "\ud800-\udfff"  # halves of surrogate pairs, which cannot be written
    "]"
)


def harmless(text: str) -> str:
    """A text in which nothing acts on a terminal: escapes are shown, not obeyed.

    Line feeds and tabs stay. A carriage return before a line feed is dropped.
    """
    return _UNSAFE.sub(_escaped, text.replace("\r\n", "\n"))


def one_line(text: object) -> str:
    """A harmless text without line breaks, for names and paths."""
    shown = str(text).replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t")
    return _UNSAFE.sub(_escaped, shown)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
