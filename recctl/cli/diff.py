"""`recctl diff`."""

import os
import re
import shlex
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from recctl.cli.options import ColorOption
from recctl.cli.scanning import CacheOptions
from recctl.cli.settings import current, table_of
from recctl.cli.terminal import Color, note, print_lines, read_stdin, write
from recctl.errors import ExitCode, UsageError
from recctl.safetext import one_line
from recctl.wording import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recctl.compare.changes import Changes, Pair, Unread
    from recctl.compare.sides import Sides
    from recctl.compare.values import Part as Compared
    from recctl.config import Settings
    from recctl.dialects import Table
    from recctl.recording import Recording

    _Read = tuple[str, Recording]

DETAILS = """A and B are recordings: each a hash or its first 4 digits or more, a rec- id, a path,
or - for stdin. Hashes are looked for at the configured roots, else below this folder, or at PATHS
after A and B. Two folders are compared as trees.

With --git, what git has is compared, at or below PATHS: a commit with the work tree, new files
included; two commits, as A..B or, from where B left A, A...B; with --staged a commit with the
index. Files that git ignores and what is in submodules have no part. Recordings whose request
changed have other names; they are paired by what they ask, first within one test. An added one that
resembles one that stays is told as added like that.

With --exit-code the code is 1 if anything differs. It always is 1 if a file could not be read."""

OPTIONAL_VALUES = {"--git": "HEAD"}

_MOST_BYTES = 60_000
"""GitHub takes comments of 65,536 characters."""

_REFERENCE = re.compile(r"(?:rec-)?[0-9a-fA-F]{4,64}")

_LEAST_BYTES = 2_000
"""Less has no room for a summary."""


class Format(StrEnum):
    """How differences are printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


class Part(StrEnum):
    """Which sides of recordings are compared."""

    REQUEST = "request"
    RESPONSE = "response"
    ALL = "all"


def run(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="A B|PATHS",
            help="Two recordings or two folders; with --git, files or folders.",
            show_default=False,
        ),
    ] = None,
    *,
    git: Annotated[
        str | None,
        typer.Option(
            "--git",
            metavar="[REV[..REV]]",
            help="Compare what git has: a commit (HEAD) with the work tree, or two commits.",
        ),
    ] = None,
    staged: Annotated[
        bool, typer.Option("--staged", help="Compare with the index, not the work tree.")
    ] = False,
    part: Annotated[Part, typer.Option(help="Which side to compare.")] = Part.REQUEST,
    ignore_volatile: Annotated[
        bool,
        typer.Option(
            "--ignore-volatile/--show-volatile",
            help="Whether ids, times and what the dialect normalizes are left out.",
        ),
    ] = True,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TEXT,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 if anything differs.")
    ] = False,
    max_bytes: Annotated[
        int | None,
        typer.Option(
            "--max-bytes",
            metavar="N",
            help="Markdown of at most so many bytes; 60,000 where nothing is said.",
            show_default=False,
        ),
    ] = None,
    color: ColorOption = Color.AUTO,
    kept: CacheOptions,
) -> int:
    """Read both sides, compare, print."""
    from recctl.compare.values import Part as Compared

    given = arguments or []
    most = _checked_size(max_bytes, form)
    settings = current()
    look = _Look(table_of(settings), Compared(part.value), kept, ignore_volatile=ignore_volatile)
    output = _Output(form, most, color)
    if git is None and not staged:
        if _are_folders(given):
            return _folders(given, settings, look, output, exit_code=exit_code)
        return _two(given, settings, look, output, exit_code=exit_code)

    from recctl.compare.sides import of_git

    _check_paths(given, git, staged=staged)
    paths = given or settings.root_paths or ["."]
    with of_git(git or "HEAD", paths, named=bool(given), staged=staged) as sides:
        found = look.at(sides, settings)
    elsewhere = f"; earlier edits: git log -p -- {shlex.join(given)}" if given else ""
    return output.trees(found, exit_code=exit_code, elsewhere=one_line(elsewhere))


@dataclass(frozen=True, slots=True)
class _Look:
    """What is compared, and by which rules."""

    table: "Table"
    part: "Compared"
    kept: CacheOptions
    ignore_volatile: bool

    def at(self, sides: "Sides", settings: "Settings") -> "Changes":
        """What differs between two trees."""
        from recctl.compare.changes import changes
        from recctl.facts import known_test

        with self.kept.cache(settings) as cache:
            return changes(
                sides,
                self.table,
                part=self.part,
                ignore_volatile=self.ignore_volatile,
                test_of=lambda path: None if cache is None else known_test(cache, path),
            )

    def at_two(self, before: "_Read", after: "_Read") -> "Pair":
        """What differs between two recordings, each with where it stands."""
        from recctl.compare.changes import between

        return between(
            before, after, self.table, part=self.part, ignore_volatile=self.ignore_volatile
        )


@dataclass(frozen=True, slots=True)
class _Output:
    """How it is printed."""

    form: Format
    most_bytes: int
    color: Color

    def trees(self, found: "Changes", *, exit_code: bool, elsewhere: str = "") -> ExitCode:
        """Print what differs between two trees, and give the exit code.

        Where nothing does, `elsewhere` says what to look at next.
        """
        self.changes(found)
        lost = [one for one in found.unread if not one.is_submodule]
        if lost:
            note(f"{plural(len(lost), 'file')} not compared; see: {_advice(lost)}")
        elif found.is_empty:
            note(f"no recordings differ{elsewhere}")
        differs = exit_code and not found.is_empty
        return ExitCode.FINDINGS if differs or lost else ExitCode.FINE

    def changes(self, found: "Changes") -> None:
        """Print pairs."""
        from recctl.compare.summary import summary
        from recctl.render import changes as render

        made = summary(found)
        if self.form is Format.JSON:
            write(render.as_json(found, made))
        elif self.form is Format.MARKDOWN:
            write(render.as_markdown(found, made, self.most_bytes))
        else:
            print_lines(render.as_text(found, made), self.color)


def _advice(unread: "Sequence[Unread]") -> str:
    """The command that shows why files were not read: the first of those that are on the disk."""
    named = [one.named for one in unread]
    if None in named:
        return "recctl validate"
    return f"git show {shlex.quote(one_line(named[0]))}"


def _check_paths(given: list[str], revisions: str | None, *, staged: bool) -> None:
    """Raises UsageError for recordings in the place of paths."""
    are_references = all(_REFERENCE.fullmatch(one) and not os.path.lexists(one) for one in given)
    if "-" in given or (len(given) == 2 and are_references):
        option = "--staged" if staged else f"--git={one_line(revisions or '')}"
        goes = "goes with --git and PATHS" if staged else "goes with PATHS"
        raise UsageError(f"{option} {goes}; two recordings are compared without: recctl diff A B")


def _checked_size(given: int | None, form: Format) -> int:
    """The most bytes of Markdown. Raises UsageError."""
    if given is None:
        return _MOST_BYTES
    if form is not Format.MARKDOWN:
        raise UsageError("--max-bytes goes with --format markdown")
    if given < _LEAST_BYTES:
        raise UsageError(f"--max-bytes {given}: at least {_LEAST_BYTES:,}")
    return given


def _are_folders(given: list[str]) -> bool:
    """Whether two folders are to be compared. Raises UsageError for what makes no sense."""
    if len(given) < 2:
        raise UsageError(
            "name two recordings or two folders; against the last commit: recctl diff --git"
        )
    folders = [os.path.isdir(one) for one in given[:2]]  # noqa: PTH112 - NUL bytes
    for one in given[:2] if any(folders) else ():
        if one != "-" and not os.path.lexists(one) and not _REFERENCE.fullmatch(one):
            raise UsageError(f"{one_line(one)}: no such file or folder")
    if any(folders) and not all(folders):
        raise UsageError("one is a folder, the other is none: name two recordings, or two folders")
    if all(folders) and len(given) > 2:
        raise UsageError("two folders are compared whole: name no more")
    return all(folders)


def _folders(
    given: list[str], settings: "Settings", look: _Look, output: _Output, *, exit_code: bool
) -> ExitCode:
    from recctl.compare.sides import of_folders

    return output.trees(look.at(of_folders(*given), settings), exit_code=exit_code)


def _two(
    given: list[str], settings: "Settings", look: _Look, output: _Output, *, exit_code: bool
) -> ExitCode:
    if given[:2] == ["-", "-"]:
        raise UsageError("standard input is one recording: name the other")
    if "-" in given[2:]:
        raise UsageError("- is A or B, no PATH")
    before, after, code = _both(given[0], given[1], given[2:], settings, look.kept)
    pair = look.at_two(before, after)
    comparison = pair.comparison
    told = comparison is not None and bool(comparison.statements or comparison.answers)
    if output.form is Format.TEXT:
        _print_two(pair, output.color)
    else:
        from recctl.compare.changes import Changes

        is_listed = comparison is not None and not comparison.is_empty
        output.changes(Changes((pair,) if is_listed else ()))
    if not told:
        note(_nothing_told(pair, look.part))
    return ExitCode.FINDINGS if exit_code and told else code


def _both(
    first: str, second: str, paths: list[str], settings: "Settings", kept: CacheOptions
) -> "tuple[_Read, _Read, ExitCode]":
    """Two recordings, each with where it stands, and the exit code so far."""
    from recctl.corpus import Entry, named, read_or_tell, recording_of

    code = ExitCode.FINE
    found: list[_Read] = []
    for reference in (first, second):
        if reference == "-":
            where, content = "standard input", read_stdin()
            found.append((where, recording_of(where, "", content)))
            continue
        entry: Entry | None = named(reference)
        if entry is None:
            entry, code = kept.resolved(reference, paths, settings)
        content = read_or_tell(entry)
        found.append((str(entry.path), recording_of(str(entry.path), entry.path.name, content)))
    return found[0], found[1], code


def _print_two(pair: "Pair", color: Color) -> None:
    from recctl.render.changes import pair_as_text

    print_lines(pair_as_text(pair), color)


def _nothing_told(pair: "Pair", part: "Compared") -> str:
    """What there is to say of two recordings of which no statement tells."""
    from recctl.compare.changes import Rest
    from recctl.compare.values import Part as Compared

    compared = {
        Compared.REQUEST: "the requests are equal",
        Compared.RESPONSE: "the answers are equal",
        Compared.ALL: "requests and answers are equal",
    }[part]
    return {
        Rest.ANSWER: f"{compared}, the answers are not; told by: --part all",
        Rest.MEMBERS: f"{compared}, members of the files are not; told by: --part all",
        Rest.VOLATILE: f"{compared} but for volatile values; told by: --show-volatile",
    }.get(pair.rest, compared)
