"""The plan that brings recordings back out of git's history."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from recctl import files, plan
from recctl.corpus import recording_of
from recctl.dialects import MaterialError, Name, Table, name_under
from recctl.errors import UnreadableError
from recctl.past import Found
from recctl.plan import Action, Conflict, Plan, Review
from recctl.safetext import one_line

MODE = 0o644
"""The permission bits that a restored recording gets: git keeps no others of such a file."""


@dataclass(frozen=True, slots=True)
class InTheWay:
    """What stands where a recording is to go, and is no file that could be compared."""

    reason: str


def held_at(top: Path, path: str) -> bytes | InTheWay | None:
    """What the work tree has at a path: a file's content, nothing, or something in the way."""
    folder = top
    for part in path.split("/")[:-1]:
        folder /= part
        if folder.is_symlink() or (os.path.lexists(folder) and not folder.is_dir()):
            shown = one_line(folder.relative_to(top).as_posix())
            return InTheWay(f"{shown} is a link or a file, no folder")
    place = top / path
    if not os.path.lexists(place):
        return None
    if place.is_symlink():
        return InTheWay("the work tree has a link there")
    try:
        return files.read(place)
    except UnreadableError as error:
        return InTheWay(f"the work tree has something else there: {error}")


def renamed(
    found: Iterable[Found], table: Table, is_there: Callable[[str], bool]
) -> Mapping[str, str]:
    """What is not gone but renamed: path -> that of a file with the name of another dialect.

    After a rehash git has lost the old names; the recordings are there under the new ones.
    """
    paths = {}
    for one in found:
        recording = recording_of(one.path, one.file_name, one.content)
        folder = one.path.removesuffix(one.file_name)
        for dialect in table.dialects:
            try:
                path = f"{folder}{name_under(dialect, recording)}"
            except MaterialError:
                break
            if path != one.path and is_there(path):
                paths[one.path] = path
    return paths


def planned(
    root: Path,
    found: Iterable[Found],
    held: Mapping[str, bytes | InTheWay | None],
    *,
    overwrite: bool = False,
) -> Plan:
    """The plan that puts recordings where they were.

    `held` is what the work tree has at each path. The same bytes need nothing; others are a
    conflict, or are replaced if that was asked for.
    """
    actions: list[Action] = []
    conflicts: list[Conflict] = []
    notes: list[str] = []
    for one in found:
        now = held[one.path]
        if isinstance(now, InTheWay):
            conflicts.append(_conflict(one, now.reason))
        elif now == one.content:
            notes.append(f"{one_line(one.path)}: as it was already")
        elif now is not None and not overwrite:
            other = "the work tree has another content; to replace it, say which with --rev REV"
            conflicts.append(_conflict(one, other))
        else:
            name = Name.parse(one.file_name)
            hash_shown = name.short_hash if name else ""
            review = Review(one.reason, one.test_id, hash_shown if now else "", hash_shown)
            actions.append(plan.write(one.path, one.content, now, review, mode=MODE))
    return plan.of("restore", root, actions, conflicts, notes=notes)


def _conflict(one: Found, reason: str) -> Conflict:
    return Conflict(one.path, (one.path, one.source), reason, one.test_id)
