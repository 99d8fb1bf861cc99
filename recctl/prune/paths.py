"""Paths of recordings, as text with slashes, and the recordings at them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from recctl import files
from recctl.dialects import Name
from recctl.errors import UnreadableError
from recctl.jsontext import parse
from recctl.recording import Recording


def name_in(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


def is_recording(path: str) -> bool:
    """Whether a path ends in a recording's name."""
    return Name.parse(name_in(path)) is not None


def is_same(one: str, other: str) -> bool:
    """Whether two paths may be of one file, counted from different roots."""
    return one == other or one.endswith(f"/{other}") or other.endswith(f"/{one}")


def by_name(paths: Iterable[str]) -> Mapping[str, list[str]]:
    """Paths by their last parts."""
    found = defaultdict[str, list[str]](list)
    for path in paths:
        found[name_in(path)].append(path)
    return found


def recording_at(place: Path) -> Recording | None:
    """The recording in a file; null where there is none that can be read. Its size is not told."""
    try:
        parsed = parse(files.read(place))
    except UnreadableError:
        return None
    if parsed.flaws or not Recording.is_interaction(parsed.value):
        return None
    return Recording(place.name, parsed.value, 0)
