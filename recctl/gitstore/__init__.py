"""What git knows of a work tree: its trees, its history, what it has not yet.

Everything is read through git's own commands, in a few processes whatever the number of files.
Nothing here writes to a repository, runs its hooks or fetches: neither locks, nor the index, nor
objects. What a user has set for git (aliases, pagers, diff drivers, colors, renames) changes no
answer, but for the filters between files and what git keeps of them: without these every file of
a filtered repository would seem changed.

Names of files are what the system makes of their bytes (`os.fsdecode`), with `/` between folders,
relative to the top of the work tree.
"""

from recctl.gitstore.objects import Objects
from recctl.gitstore.repository import (
    Repository,
    bare_repository_of,
    is_kept_out,
    repository_of,
)
from recctl.gitstore.running import GitError
from recctl.gitstore.values import Blob, Change, Commit, Tree

__all__ = [
    "Blob",
    "Change",
    "Commit",
    "GitError",
    "Objects",
    "Repository",
    "Tree",
    "bare_repository_of",
    "is_kept_out",
    "repository_of",
]
