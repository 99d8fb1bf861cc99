"""What a command has for looking through files: the cache, and processes."""

import os
import re
import sys
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recctl import __version__
from recctl.cli.finding import find_corpus, with_missing_told
from recctl.cli.progress import Bar
from recctl.cli.settings import table_of
from recctl.cli.terminal import note
from recctl.errors import ExitCode, NothingFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recctl.cache import Cache
    from recctl.config import Settings
    from recctl.corpus import Entry
    from recctl.dialects import Table
    from recctl.scan import Means

_PACKAGES = ("", "dialects", "rules", "wire")
"""Where the code is that decides what is known of a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheOptions:
    """Whether what was learned of files is used and kept."""

    no_cache: Annotated[
        bool,
        typer.Option("--no-cache", help="Neither use nor keep what was learned of files."),
    ] = False

    def cache(self, settings: "Settings") -> "AbstractContextManager[Cache | None]":
        """The cache of the project that the working directory is in; null without a project.

        A configuration file makes one of its folder, too, where that is above.
        """
        if self.no_cache or not settings.cache:
            return nullcontext()
        from recctl.cache import opened, own_key
        from recctl.project import top_above

        try:
            here = Path.cwd()
            version = _version(table_of(settings))
        except OSError:
            return nullcontext()  # it is gone, or the package is no folder of files
        home = top_above(here)
        if home is None and settings.file is not None and here.is_relative_to(settings.folder):
            home = settings.folder
        key = own_key(os.environ, home) if home else None
        return opened(home, version, key, note) if home and key else nullcontext()

    def resolved(
        self, reference: str, paths: list[str] | None, settings: "Settings"
    ) -> "tuple[Entry, ExitCode]":
        """The recording that a reference means, and the exit code so far.

        With a cache only what has such a name is looked at. Raises what `corpus.resolve` raises.
        """
        from recctl.corpus import beginning, find, resolve

        digits = beginning(reference)
        with self.cache(settings) as kept:
            if kept is not None and digits is not None:
                try:
                    few = find(paths or settings.root_paths, kept.listing(digits))
                    entry = resolve(reference, few)
                except NothingFoundError:
                    pass  # it may be found by what stands in it
                else:
                    return entry, with_missing_told(few)[1]
        corpus, code = find_corpus(paths, settings)
        return resolve(reference, corpus), code


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions(CacheOptions):
    """How many processes look through files, and with which cache."""

    jobs: Annotated[
        str | None,
        typer.Option(metavar="N", help="Read with so many processes; default: one a processor."),
    ] = None
    """A number, from 1 on. It stays a text, as the library would load pydantic to convert it."""

    def __post_init__(self) -> None:
        """Raises UsageError for what is no number of processes."""
        if self.jobs is not None and not re.fullmatch("0*[1-9][0-9]{0,17}", self.jobs):
            raise UsageError(f"--jobs {self.jobs[:20]!r} is no number of processes: give 1 or more")

    @contextmanager
    def means(self, settings: "Settings", *, streams: bool = False) -> "Iterator[Means]":
        """What scans have. With `streams`, results are printed as they come, and no bar then."""
        from recctl.scan import Means, processors

        bar = Bar(is_shown=not (streams and sys.stdout.isatty()))
        jobs = int(self.jobs) if self.jobs else settings.jobs or processors()
        with self.cache(settings) as kept, bar:
            yield Means(kept, jobs, bar.show)


def _version(table: "Table") -> str:
    """What tells apart caches that another recctl would fill otherwise."""
    from hashlib import sha256

    from recctl import schema

    package = Path(__file__).parent.parent
    code = []
    for name in _PACKAGES:
        with os.scandir(package / name) as found:
            code += [(one.name, one.stat().st_size) for one in found if one.name.endswith(".py")]
    told = (__version__, sys.version_info[:2], sorted(code), schema.text("recording"), table)
    return sha256(repr(told).encode("utf-8", "backslashreplace")).hexdigest()
