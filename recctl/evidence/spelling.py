"""The one spelling in which test ids and paths are compared."""

import re
from unicodedata import normalize

_GROUPED = re.compile(r"(.*::[^\[\]@]+(?:\[.*\])?)@[^\]]*", re.DOTALL)


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
    """A node id without the `@group` that pytest-xdist adds when it keeps groups together."""
    grouped = _GROUPED.fullmatch(test_id) if "@" in test_id else None
    return grouped[1] if grouped else test_id


def _characters(text: str) -> str:
    """Composed, and with a replacement for what is no character, as traces have it."""
    if text.isascii():
        return text
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return normalize("NFC", whole)
