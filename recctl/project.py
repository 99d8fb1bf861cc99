"""Where a project begins, and where recctl keeps what it needs there."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # what test runs wait for imports next to nothing
    from pathlib import Path

OWN_FOLDER = ".recctl"
"""The folder in the top folder of a project that is recctl's alone."""


def top_above(folder: Path) -> Path | None:
    """The top folder of the project that a folder lies in; null where none is known.

    It is that of the git work tree, else the nearest in which recctl has its folder.
    """
    for mark in (".git", OWN_FOLDER):
        for above in (folder, *folder.parents):
            if (above / mark).exists():
                return above
    return None
