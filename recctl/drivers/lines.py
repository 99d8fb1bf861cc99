"""Lines of our own in a file of attributes that others write, too: put in, read, taken out.

They stand between two comments, at the end of the file, for there they count most. What else is in
the file stays as it is, byte by byte, and once our lines are taken out nothing tells of them: the
first comment says if the file was made for them, with how many folders, or if the line above had no
end.

Source of the syntax: gitattributes(5).
"""

from collections.abc import Iterable
from typing import NamedTuple

from recctl.errors import UsageError

EVERYWHERE = "**/recordings/**/*.json"
"""The pattern of what lies in a folder named `recordings`, or below one."""

DRIVER = "recctl"
"""The name of both drivers in git's settings and attributes."""

_ATTRIBUTES = f"diff={DRIVER} merge={DRIVER}"
_BEGIN = b"# recctl git install: begin"
_END = b"# recctl git install: end"
_MADE = b", with this file"
_FOLDERS = tuple(f" and {count} of its folders".encode() for count in range(1, 10))
_ENDED = b", with the end of the line above"
_NOTES = (b"", _MADE, _ENDED, *(_MADE + folders for folders in _FOLDERS))
_SPECIAL = set("*?[\\")


class _Found(NamedTuple):
    """Our lines in a file: from where to where, counted in bytes, and what the first one says."""

    start: int
    end: int
    note: bytes
    line_end: bytes
    patterns: tuple[str, ...]


def patterns_in(content: bytes) -> tuple[str, ...] | None:
    """The patterns that our lines in a file have; null where it has none of our lines."""
    found = _find(content)
    return None if found is None else found.patterns


def folders_made(content: bytes) -> int:
    """How many of the folders above a file were made for our lines, from the nearest on."""
    found = _find(content)
    folders = b"" if found is None else found.note.removeprefix(_MADE)
    return _FOLDERS.index(folders) + 1 if folders in _FOLDERS else 0


def with_lines(content: bytes | None, patterns: Iterable[str], folders: int = 0) -> bytes:
    """A file's content with our lines for those patterns; null stands for no file.

    `folders` is how many of those above it have to be made for it.
    Raises UsageError for a file in which our lines begin and do not end.
    """
    known = content or b""
    found = _find(known)
    if found is not None:
        own = _lines(patterns, found.note, found.line_end)
        return known[: found.start] + own + known[found.end :]
    line_end = b"\r\n" if 2 * known.count(b"\r\n") > known.count(b"\n") else b"\n"
    note, before = b"", b""
    if content is None:
        note = _MADE + (_FOLDERS[folders - 1] if 0 < folders <= len(_FOLDERS) else b"")
    elif known and not known.endswith(b"\n"):
        note, before = _ENDED, line_end
    return known + before + _lines(patterns, note, line_end)


def without_lines(content: bytes) -> bytes | None:
    """A file's content without our lines; null where nothing is left of a file made for them.

    Raises UsageError for a file in which our lines begin and do not end.
    """
    while (found := _find(content)) is not None:
        before, after = content[: found.start], content[found.end :]
        if found.note == _ENDED and not after:
            before = before.removesuffix(found.line_end)
        content = before + after
        if found.note.startswith(_MADE) and not content:
            return None
    return content


def pattern_of(path: str) -> str:
    """The pattern of one path below the attributes' folder, or of all that a folder holds.

    A folder is told by the slash at its end, the topmost one is the empty text.
    """
    plain = "".join(f"\\{sign}" if sign in _SPECIAL else sign for sign in path)
    pattern = f"/{plain}"
    if not path or path.endswith("/"):
        pattern += "**/*.json"
    if any(sign <= " " or sign in '"\x7f' for sign in pattern):
        quoted = "".join(_in_quotes(sign) for sign in pattern)
        pattern = f'"{quoted}"'
    return pattern


def _in_quotes(sign: str) -> str:
    """A character of a text in quotes, as C writes it."""
    if sign in '\\"':
        return f"\\{sign}"
    return f"\\{ord(sign):03o}" if sign < " " or sign == "\x7f" else sign


def _lines(patterns: Iterable[str], note: bytes, line_end: bytes) -> bytes:
    wanted = [f"{pattern} {_ATTRIBUTES}".encode("utf-8", "surrogateescape") for pattern in patterns]
    return b"".join(line + line_end for line in (_BEGIN + note, *wanted, _END))


def _find(content: bytes) -> _Found | None:
    start, begun, offset = 0, b"", 0
    found: list[str] = []
    for line in content.split(b"\n"):
        offset += len(line) + 1
        text = line.removesuffix(b"\r")
        if text.startswith(_BEGIN) and text.removeprefix(_BEGIN) in _NOTES:
            start, begun, found = offset - len(line) - 1, line, []
        elif begun and text == _END:
            line_end = b"\r\n" if begun.endswith(b"\r") else b"\n"
            note = begun.removesuffix(b"\r").removeprefix(_BEGIN)
            return _Found(start, min(offset, len(content)), note, line_end, tuple(found))
        elif begun:
            own = text.decode("utf-8", "surrogateescape").removesuffix(_ATTRIBUTES).rstrip()
            found.append(own)
    if begun:
        raise UsageError(f"a line '{_END.decode()}' is missing: put it in by hand")
    return None
