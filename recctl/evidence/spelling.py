"""The one spelling in which test ids and paths are compared."""

import re
from itertools import pairwise
from unicodedata import normalize

_MARK = re.compile(r"[\[\]@]")


def spelled(test_id: str) -> str:
    """A node id with slashes in its file, and letters composed."""
    file, colons, rest = test_id.partition("::")
    file = file.replace("\\", "/").removeprefix("./")
    return _characters(file + colons + rest)


def spelled_path(path: str) -> str:
    """A path with slashes, in small letters: some file systems know no others."""
    path = path.replace("\\", "/").removeprefix("./")
    return path.lower() if path.isascii() else _characters(path).casefold()


def without_group(test_id: str) -> str:
    """A node id without the `@group` that pytest-xdist adds when it keeps groups together.

    The group follows a name after `::`, or the last bracket of that name's parameters. One pattern
    would say that, and take the third power of the length of an id that is all colons.
    """
    if "@" not in test_id:
        return test_id
    closed = test_id.rfind("]")
    marks = [-1, *(mark.start() for mark in _MARK.finditer(test_id))]
    for before, at in reversed([*pairwise(marks)]):
        if test_id.rfind("::", before + 1, max(at - 1, 0)) < 0:
            continue  # no name ends here
        if test_id[at] == "@" and at > closed:
            return test_id[:at]
        if test_id[at] == "[" and at < closed and test_id.startswith("@", closed + 1):
            return test_id[: closed + 1]
    return test_id


def _characters(text: str) -> str:
    """Composed, and with a replacement for what is no character, as traces have it."""
    if text.isascii():
        return text
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return normalize("NFC", whole)
