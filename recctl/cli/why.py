"""`recctl why`."""

import os
import re
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recctl.cli.finding import with_missing_told
from recctl.cli.options import ColorOption
from recctl.cli.scanning import ScanOptions
from recctl.cli.settings import current, table_of
from recctl.cli.terminal import Color, note, print_lines, read_stdin, write
from recctl.errors import (
    ExitCode,
    NothingFoundError,
    RecctlError,
    UnreadableError,
    UnsoundError,
    UsageError,
)

if TYPE_CHECKING:
    from recctl.config import Settings
    from recctl.corpus import Corpus
    from recctl.dialects import Table
    from recctl.explain import Asked, Told
    from recctl.gitstore import Repository

DETAILS = """Without HASH or --request, the text of the failed run is read from stdin: the error's
own words, or a whole log of tests or of a server, in which every miss is explained once. The text
must have the line "Recording not found for …". What stands around it is of use: the test, the
model, the url.

FILE holds a recording, only its request object, or with --url only the body of a request. Its hash
is computed as the target dialect does it, as if the test of --test-id had asked.

What is looked for may be there, be there under another name or in another folder, or have been
removed in git. If not, the recordings most like it are named, and what differs. Nothing is changed.

The exit code is 1 if of any miss nothing was found."""

_HASH = re.compile(
    r"(?:rec-)?(?:models-)?(?P<digits>[0-9a-f]{4,64})(?:-[0-9a-f]{0,8})?(?:\.json)?", re.IGNORECASE
)

_WORDS = re.compile(r"\bnot found\b|\bNo record")


class Format(StrEnum):
    """How explanations are printed."""

    TEXT = "text"
    JSON = "json"


def run(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[HASH|-] [PATHS]",
            help="The hash in question, or - for stdin; then where to look, as for other commands.",
            show_default=False,
        ),
    ] = None,
    *,
    request: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The request that finds no recording; - for stdin."),
    ] = None,
    test_id: Annotated[str | None, typer.Option(metavar="ID", help="The test that asked.")] = None,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where a bare request body was sent.")
    ] = None,
    method: Annotated[
        str | None, typer.Option(metavar="METHOD", help="How it was sent; POST if not said.")
    ] = None,
    nearest: Annotated[
        int, typer.Option(metavar="N", min=1, max=100, help="Tell so many of the most similar.")
    ] = 3,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TEXT,
    color: ColorOption = Color.AUTO,
    look: ScanOptions,
) -> ExitCode:
    """Find out what is asked, look, tell."""
    from recctl.explain import Options, explain
    from recctl.render import explanation as render

    if request is None and (url is not None or method is not None):
        raise UsageError("--url and --method tell how the body in --request FILE was sent")
    settings = current()
    table = table_of(settings)
    subjects, paths = _parted(arguments or [])
    if request is not None and subjects:
        raise UsageError("--request FILE and a hash or text are two questions: ask one")
    if request is None and not subjects:
        _check_paths(paths)
    if request is not None:
        wanted, is_whole = [_requested(request, table, test_id, url, method)], True
    else:
        told = _told(subjects)
        wanted, is_whole = _wanted(told, table, test_id), told.is_whole
    corpus, code = _corpus(paths, settings)
    if code:
        return code
    repository = _repository(paths)
    with look.means(settings) as scans:
        found = explain(wanted, corpus.entries, repository, Options(table, nearest), scans)
    if form is Format.JSON:
        write(render.as_json(found, is_whole=is_whole))
    else:
        print_lines(render.as_text(found), color)
    if len(found) > 1 or not is_whole:
        note(f"why: {render.summary(found, is_whole=is_whole)}")
    return ExitCode.FINE if all(one.is_found for one in found) else ExitCode.FINDINGS


def _parted(arguments: list[str]) -> tuple[list[str], list[str]]:
    """What is asked about, and the paths."""
    subjects, paths = [], []
    for one in arguments:
        if one == "-" or (not os.path.lexists(one) and _is_subject(one)):
            subjects.append(one)
        else:
            paths.append(one)
    return subjects, paths


def _check_paths(paths: list[str]) -> None:
    """Raises UsageError for what is no path, before a text is waited for that tells what is."""
    from recctl.safetext import argument, one_line

    for path in paths:
        if not os.path.lexists(path):
            raise UsageError(f"{one_line(path)}: no such file or folder, and no hash")
    if paths:
        shown = argument(paths[0])
        if os.path.isdir(paths[0]):  # noqa: PTH112 - a NUL byte must not raise
            raise UsageError(
                f"{one_line(paths[0])}: a folder of recordings is no question;"
                f" a log is read by: recctl why - {shown}"
            )
        raise UsageError(
            f"{one_line(paths[0])}: a file is no question; if a recording or a request:"
            f" recctl why --request {shown}; if a log: recctl why < {shown}"
        )


def _is_subject(argument: str) -> bool:
    """Whether an argument that is no path is a hash, a recording's name, or an error's words."""
    name = os.path.basename(argument)  # noqa: PTH119 - a NUL byte must not raise
    return bool(_HASH.fullmatch(name) or _WORDS.search(argument))


def _told(subjects: list[str]) -> "Told":
    """What is told by stdin, by the words of an error, and by hashes."""
    from recctl.explain import Miss, Told, told
    from recctl.safetext import one_line

    misses: list[Miss] = []
    is_whole = True
    for one in subjects or ["-"]:
        marked = _HASH.fullmatch(os.path.basename(one))  # noqa: PTH119 - no path need be there
        if one == "-":
            found = _told_by_stdin(is_asked_for=bool(subjects))
        elif marked:
            found = Told((Miss(hash=marked["digits"].lower()),))
        else:
            found = told(one)
        if not found.misses:
            where = "standard input" if one == "-" else repr(one_line(one[:60]))
            raise NothingFoundError(
                f"{where} tells of no missing recording: give the lines from"
                ' "Recording not found for …" on, a hash, or --request FILE'
            )
        misses += found.misses
        is_whole = is_whole and found.is_whole
    return Told(tuple(misses), is_whole)


def _told_by_stdin(*, is_asked_for: bool) -> "Told":
    from recctl.explain import told_by

    if sys.stdin is None:
        raise UnreadableError("standard input: closed")
    if sys.stdin.isatty() and not is_asked_for:
        raise UsageError(
            "nothing to explain: give the error's text on stdin, a hash, or --request FILE"
        )
    try:
        return told_by(sys.stdin.buffer)
    except OSError as error:
        raise UnreadableError(f"standard input: {error.strerror}") from None


def _wanted(told: "Told", table: "Table", test_id: str | None) -> "list[Asked]":
    from recctl.explain import understood

    misses = told.misses
    if test_id is not None:
        misses = tuple(replace(one, tests=(test_id,)) for one in misses)
    return [understood(one, table) for one in misses]


def _requested(
    file: str, table: "Table", test_id: str | None, url: str | None, method: str | None
) -> "Asked":
    from recctl.corpus import Entry, document_of, read_or_tell
    from recctl.explain import asked
    from recctl.safetext import one_line

    where = "standard input" if file == "-" else one_line(file)
    if file != "-" and not os.path.lexists(file):
        raise UsageError(f"--request {where}: no such file")
    content = read_stdin() if file == "-" else read_or_tell(Entry(Path(file)))
    try:
        return asked(document_of(where, content), table, test_id=test_id, url=url, method=method)
    except UnsoundError as error:
        told = str(error)
        raise UnsoundError(told if told.startswith(where) else f"{where}: {told}") from None


def _corpus(paths: list[str], settings: "Settings") -> "tuple[Corpus, ExitCode]":
    """The corpus; an empty one where all recordings are gone, as git may have them."""
    from recctl.corpus import Corpus, find

    try:
        return with_missing_told(find(paths or settings.root_paths))
    except NothingFoundError as error:
        note(str(error))
        return Corpus((), (), ()), ExitCode.FINE


def _repository(paths: list[str]) -> "Repository | None":
    """The repository of the first path, or of the working directory; null where there is none."""
    from recctl.gitstore import repository_of

    place = Path(paths[0]) if paths else Path()
    try:
        return repository_of(place if place.is_dir() else place.parent)
    except RecctlError as error:
        note(f"git's history is not searched: {error}")
        return None
