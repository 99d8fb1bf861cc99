"""The recordings that a command is about: PATHS, and what is to be told before they are read."""

from pathlib import Path
from typing import TYPE_CHECKING

from recctl.cli.terminal import note
from recctl.errors import ExitCode
from recctl.project import OWN_FOLDER

if TYPE_CHECKING:
    from recctl.config import Settings
    from recctl.corpus import Corpus

_JOURNAL = f"{OWN_FOLDER}/journal"
"""Where the plan engine keeps what it is doing, below the root of the changes."""


def find_corpus(paths: list[str] | None, settings: "Settings") -> tuple["Corpus", ExitCode]:
    """The corpus at the given paths, else at the configured roots.

    Missing ones are named on stderr and make the code 2.
    """
    from recctl.corpus import find

    return with_missing_told(find(paths or settings.root_paths))


def with_missing_told(corpus: "Corpus") -> tuple["Corpus", ExitCode]:
    """A corpus and the exit code so far.

    Its missing paths are named on stderr, and a change that was begun and is not finished.
    """
    from recctl.safetext import one_line

    _tell_unfinished()
    for path in corpus.missing:
        note(f"{one_line(path)}: no such file or folder")
    return corpus, ExitCode.USAGE if corpus.missing else ExitCode.FINE


def _tell_unfinished() -> None:
    """Look for a journal first, which costs next to nothing."""
    try:
        here = Path.cwd()
    except OSError:
        return
    if any((folder / _JOURNAL).exists() for folder in (here, *here.parents)):
        from recctl.cli.changing import root_in, tell_unfinished

        tell_unfinished(root_in(None))
