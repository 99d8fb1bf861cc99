"""Rules on how a recorder writes: one spelling of JSON, and nothing that differs by the hour."""

import re
from collections.abc import Iterator
from json import dumps

from recctl import volatile
from recctl.diagnostics import Violation
from recctl.rules.subject import Subject
from recctl.wire.normal import in_short

_ESCAPE = re.compile(r"\\.")
_NUMERIC = "-+.0123456789eE"
_NUMBER = re.compile(f"[{_NUMERIC}]+")
_LONGEST_NUMBER = 24
_WHITE = {"\t": "indented with a tab", "\n": "an empty line", "\r": "the lines end as on Windows"}


def not_canonical(subject: Subject) -> Iterator[Violation]:
    """The file is not written as the recorder writes.

    That is UTF-8 with an indent of two spaces, other characters than ASCII escaped, and a line
    break at the end. A replay does not mind. But the next recording, or the next tool, rewrites
    the whole file, and the one line that changed is lost in the diff. An editor that formats on
    saving, or a web page that folds white space, leaves this behind. The message says what
    differs first.

    What to do: let recctl rewrite it; no value changes. Then look whether anything else was
    edited.
    """
    parsed = subject.parsed
    if parsed is None or subject.recording is None:
        return
    if parsed.flaws:
        return  # each says by itself why the file cannot be what was written
    canonical = parsed.canonical
    if canonical != parsed.text:
        at = _first_difference(parsed.text, canonical)
        line = parsed.text.count("\n", 0, at) + 1
        yield Violation("", _difference(parsed.text, canonical, at), line)


def volatile_field(subject: Subject) -> Iterator[Violation]:
    """The answer has ids, times or durations as the provider sent them.

    Since October 2025 the recorder writes `rec-` and the start of the hash for each id, 0 for
    `created` and durations, and the first second of 1970 for `created_at`, so that recording
    again changes only what matters. A replay does not mind, but every new recording of this
    request differs in these fields. The message names the first and counts the others.

    What to do: let recctl write what the recorder would. Ids stay where the file's name does not
    fit the request.
    """
    recording, name = subject.recording, subject.name
    if recording is None:
        return
    found = volatile.changes(recording, name.short_hash if name else None)
    first = next(found, None)
    if first is not None:
        more = sum(1 for _ in found)
        others = f"; {more} more such value{'s' if more > 1 else ''}" if more else ""
        told = f"{first.key} is {in_short(first.old)}, the recorder writes {dumps(first.new)}"
        yield Violation(first.pointer, told + others)


def _first_difference(one: str, other: str) -> int:
    """Where two texts part, by halving: they may have megabytes in common."""
    same, apart = 0, min(len(one), len(other)) + 1
    while apart - same > 1:
        middle = (same + apart) // 2
        if one[same:middle] == other[same:middle]:
            same = middle
        else:
            apart = middle
    return same


def _difference(text: str, canonical: str, at: int) -> str:
    """What kind of difference the first one is.

    The values are equal, and so is all that stands before. A string ends on its line, so that
    line alone tells whether one is open.
    """
    if text.rstrip() == canonical.rstrip():
        return "no line break at the end" if at == len(text) else "white space after the last line"
    before = text[text.rfind("\n", 0, at) + 1 : at]
    if _ESCAPE.sub("", before).count('"') % 2:
        is_raw = text[at] > "~"
        return f"U+{ord(text[at]):04X} is not escaped" if is_raw else "an escape spelled otherwise"
    start = at - len(before) + len(before.rstrip(_NUMERIC))
    number = _NUMBER.match(text, start)
    same = _NUMBER.match(canonical, start)
    if number and same and number[0] != same[0]:
        shown = f"{number[0]} " if len(number[0]) <= _LONGEST_NUMBER else ""
        return f"the number {shown}is spelled otherwise"
    if not before.strip(" "):
        return _indentation(text, canonical, at)
    return _spacing(text, canonical, at)


def _indentation(text: str, canonical: str, at: int) -> str:
    """How a line begins otherwise."""
    if text[at] in _WHITE:
        return _WHITE[text[at]]
    start = text.rfind("\n", 0, at) + 1
    found, wanted = (len(one) - len(one[start:].lstrip(" ")) - start for one in (text, canonical))
    return f"an indent of {found}, not {wanted}"


def _spacing(text: str, canonical: str, at: int) -> str:
    """What is otherwise between or after the values of a line."""
    if canonical[at] == "\n":
        rest = text[at:].partition("\n")[0]
        if rest.strip():
            return "several values on one line"
        return "the lines end as on Windows" if rest == "\r" else "white space at the end of a line"
    if text[at] == "\n":
        return "a line break where none belongs"
    return "no space after a key" if canonical[at] == " " else "white space where none belongs"
