"""The only reader of recordings: finds them, reads them, and resolves a reference to one.

Nothing here trusts a file: links out of the corpus are not followed.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recctl import files
from recctl.diagnostics import Stray
from recctl.dialects import Name, published
from recctl.errors import (
    NothingFoundError,
    RecctlError,
    UnreadableError,
    UnsoundError,
    UsageError,
)
from recctl.jsontext import Parsed, parse
from recctl.recording import Recording
from recctl.safetext import one_line

_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__"})
_REFERENCE = re.compile(r"(?:models-)?[0-9a-f]{4,64}(?:-[0-9a-f]{0,8})?(?:\.json)?")


_FEWEST_DIGITS = 12
"""Of the hash in a recording's name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that should be a recording.

    `within` are the folders that links must not lead out of; null where the user named the file to
    look into it.
    `obstacle` says why it cannot be read, where that was seen before opening it.
    """

    path: Path
    within: tuple[Path, ...] | None = None
    obstacle: str | None = None


@dataclass(frozen=True, slots=True)
class Corpus:
    """What was found below the given paths, in order of path.

    `strays` lie among the recordings and are none. `missing` are the paths that do not exist.
    """

    entries: tuple[Entry, ...]
    strays: tuple[Stray, ...]
    missing: tuple[str, ...]


def find(paths: Sequence[str], listed: Callable[[str], files.Listed] = files.listed) -> Corpus:
    """The recordings at or below paths; without any, below the working directory.

    A file counts whatever its name. Below a folder, every `.json` file in a folder named
    `recordings` counts; where there is no such folder below a named one, every file with a
    recording's name does. `listed` says what folders hold, or as much of it as is looked for.

    Raises NothingFoundError where there are no recordings at all.
    """
    entries: dict[str, Entry] = {}
    strays: dict[str, Stray] = {}
    missing = []
    roots = _roots(paths or ["."])
    for path in paths or ["."]:
        if os.path.isdir(path) and not _claims_to_be_a_file(path):  # noqa: PTH112 - NUL bytes
            found, passed_over = _search(Path(path), roots, listed, by_name=bool(paths))
            strays |= {os.path.abspath(one.path): one for one in passed_over}
        elif os.path.lexists(path):
            found = [Entry(Path(path), roots)]
        else:
            missing.append(path)
            continue
        for entry in found:
            entries.setdefault(os.path.abspath(entry.path), entry)
    if not entries and not missing:
        places = ", ".join(map(one_line, paths)) or "the working directory"
        raise NothingFoundError(
            f"no recordings below {places}: name a file, or a folder that holds"
            f" a folder {published().beside_test!r}"
        )
    # A path keeps its parts once they were asked for, which takes as much room as all else of it.
    ordered = sorted(entries.values(), key=lambda one: str(one.path).split(os.sep))  # noqa: PTH206
    return Corpus(tuple(ordered), tuple(strays.values()), tuple(missing))


def _claims_to_be_a_file(path: str) -> bool:
    """Whether a path is a link by a recording's ending: what it leads to is not looked through."""
    return path.endswith(".json") and os.path.islink(path)  # noqa: PTH114 - as in find


def read(entry: Entry) -> bytes:
    """All bytes of a file. Raises UnreadableError, whose text is the reason alone."""
    if entry.obstacle:
        raise UnreadableError(entry.obstacle)
    try:
        if entry.within is not None and entry.path.is_symlink():
            _check_link(entry.path, entry.within)
    except (OSError, RuntimeError, ValueError) as error:
        # As in files.read, of what is asked before it is opened.
        raise UnreadableError(files.reason(error)) from None
    return files.read(entry.path)


def _check_link(path: Path, within: tuple[Path, ...]) -> None:
    try:
        target = path.resolve(strict=True)
    except FileNotFoundError:
        raise UnreadableError("a link to nothing: no such file") from None
    if not any(target.is_relative_to(folder) for folder in within):
        raise UnreadableError("a link out of the corpus, not followed")
    if target.suffix != ".json":
        raise UnreadableError("a link to no recording, not followed")


def read_or_tell(entry: Entry) -> bytes:
    """All bytes of a file. Raises UnreadableError, whose text says which file and why."""
    try:
        return read(entry)
    except UnreadableError as error:
        raise UnreadableError(f"{one_line(entry.path)}: {error}") from None


def load(entry: Entry) -> Recording:
    """A recording. Raises UnreadableError or UnsoundError, whose text says which file and why."""
    return recording_of(str(entry.path), entry.path.name, read_or_tell(entry))


def loaded(
    entries: Iterable[Entry], unread: list[RecctlError]
) -> Iterator[tuple[Entry, Recording]]:
    """Each recording, read when it is asked for; what cannot be read goes to `unread`."""
    for entry in entries:
        try:
            recording = load(entry)
        except RecctlError as error:
            unread.append(error)
            continue
        yield entry, recording


def recording_of(
    where: str, file_name: str, raw: bytes, parse: Callable[[bytes], Parsed] = parse
) -> Recording:
    """The recording in a file's bytes. Raises UnsoundError; `where` names the file in it."""
    document = document_of(where, raw, parse)
    if not Recording.is_interaction(document):
        raise UnsoundError(f"{one_line(where)}: no recording: it has no request and response")
    return Recording(file_name, document, len(raw))


def document_of(where: str, raw: bytes, parse: Callable[[bytes], Parsed] = parse) -> Any:
    """The JSON value in a file's bytes. Raises UnsoundError; `where` names the file in it."""
    parsed = parse(raw)
    if not parsed.readable:
        flaw = parsed.flaws[-1]
        raise UnsoundError(f"{one_line(where)}:{flaw.line}: {flaw.detail}")
    return parsed.value


def named(reference: str) -> Entry | None:
    """The file that a reference names as a path; null where it is not meant as one.

    Raises NothingFoundError for what can only be a path and does not exist, UsageError for a
    folder.
    """
    is_folder = os.path.isdir(reference)  # noqa: PTH112 - as in find
    if os.path.lexists(reference) and not is_folder:
        return Entry(Path(reference))
    if os.path.basename(reference) != reference or (  # noqa: PTH119 - as above
        is_folder and not _REFERENCE.fullmatch(reference)
    ):
        if is_folder:
            raise UsageError(f"{one_line(reference)}: a folder; list it with: recctl ls")
        raise NothingFoundError(f"{one_line(reference)}: no such file")
    return None


def select(arguments: Sequence[str], roots: Sequence[str] = ()) -> Corpus:
    """The recordings that paths and references name, in the order in which they are named.

    Without references, all that is at or below the paths, as `find` gives it. With some, the
    folders among the paths are where they are looked for; without a folder, the roots.

    Raises what `find` and `resolve` raise.
    """
    references = [one for one in arguments if _is_reference(one)]
    if not references:
        return find(arguments or roots)
    paths = [one for one in arguments if one not in references]
    folders = [path for path in paths if not os.path.isfile(path)]  # noqa: PTH113 - as in find
    pool = find(folders or roots)
    entries = []
    for one in arguments:
        if one in references:
            entries.append(resolve(one, pool))
        elif one not in folders:
            entries.append(Entry(Path(one), _roots([one])))
    return Corpus(tuple(entries), (), pool.missing)


def beginning(reference: str) -> str | None:
    """How the names begin of all recordings that a reference may mean by name, after `models-`.

    Null for a text that is no reference.
    """
    digits = reference.lower().removesuffix(".json").removeprefix("rec-")
    if not _REFERENCE.fullmatch(digits):
        return None
    # Names may have fewer digits than the reference.
    return digits.removeprefix("models-").partition("-")[0][:_FEWEST_DIGITS]


def resolve(reference: str, corpus: Corpus) -> Entry:
    """The one entry that a hash prefix, a file name or a `rec-` id means.

    Raises NothingFoundError for none; UsageError for several, listing them, and for a text that
    is no reference.
    """
    wanted = reference.lower().removesuffix(".json")
    by_id = wanted.startswith("rec-")
    digits = wanted.removeprefix("rec-")
    if not _REFERENCE.fullmatch(digits):
        raise UsageError(
            f"{reference!r} is no reference: give 4 to 64 hex digits of the hash,"
            " a rec- id, a path, or -"
        )
    found = [entry for entry in corpus.entries if _has_digits(entry, digits)]
    if not found and by_id:
        found = list(_holding(f'"{wanted}"'.encode("ascii"), corpus))
    if not found and corpus.missing:
        lost = ", ".join(map(one_line, corpus.missing))
        raise UsageError(f"no recording {reference!r}: no such file or folder: {lost}")
    if not found:
        raise NothingFoundError(
            f"no recording {reference!r} among {len(corpus.entries)}: name the folder it is in,"
            " or list them with: recctl ls"
        )
    if len(found) > 1:
        raise _ambiguous(reference, found)
    return found[0]


def _ambiguous(reference: str, found: list[Entry]) -> UsageError:
    most = 20
    listed = "".join(f"\n  {one_line(entry.path)}" for entry in found[:most])
    more = f"\n  … and {len(found) - most} more" if len(found) > most else ""
    several = len({entry.path.name for entry in found}) > 1
    advice = "give more digits, or the path of one of" if several else "give the path of one of"
    return UsageError(f"{reference!r} is ambiguous, {advice}:{listed}{more}")


def _is_reference(argument: str) -> bool:
    digits = argument.lower().removeprefix("rec-")
    return not os.path.lexists(argument) and _REFERENCE.fullmatch(digits) is not None


def _roots(paths: Sequence[str]) -> tuple[Path, ...]:
    """The folders that links must stay in: the named ones, and the working directory for files.

    A file outside the working directory has its own folder. Raises NothingFoundError where there
    is no working directory.
    """
    try:
        here = Path.cwd()
    except OSError:
        raise NothingFoundError("the working directory does not exist any more") from None
    roots = []
    for path in map(Path, paths):
        folder = path.resolve() if path.is_dir() else path.parent.resolve()
        roots.append(here if not path.is_dir() and folder.is_relative_to(here) else folder)
    return tuple(roots)


def _search(
    folder: Path,
    roots: tuple[Path, ...],
    listed: Callable[[str], files.Listed],
    *,
    by_name: bool,
) -> tuple[list[Entry], list[Stray]]:
    """Entries and strays below a folder; with `by_name`, files by name where nothing else is."""
    recordings_folder = published().beside_test
    entries: list[Entry] = []
    strays: list[Stray] = []
    named: list[Entry] = []
    seen_folder = False
    waiting = [(folder, _lies_inside(folder))]
    while waiting:
        place, inside = waiting.pop()
        try:
            found = listed(str(place))
        except OSError as error:
            entries.append(Entry(place, roots, f"a folder: {files.reason(error)}"))
            continue
        seen_folder = seen_folder or inside
        for name in found.folders:
            if name in _SKIPPED_FOLDERS or name.startswith("."):
                continue
            path = place / name
            if name.endswith(".json") and inside:
                entries.append(Entry(path, roots))
            elif name not in found.links:
                waiting.append((path, inside or name == recordings_folder))
            elif inside or name == recordings_folder:
                strays.append(Stray(str(path), "a link to a folder, not followed"))
        if inside:
            shown = [name for name in found.names if not name.startswith(".")]
            entries += [Entry(place / name, roots) for name in shown if name.endswith(".json")]
            strays += [
                Stray(str(place / name), "no .json file")
                for name in shown
                if not name.endswith(".json")
            ]
        else:
            named += [Entry(place / name, roots) for name in found.names if Name.parse(name)]
    if by_name and not seen_folder:
        entries += named
    return entries, sorted(strays, key=lambda stray: stray.path)


def _lies_inside(folder: Path) -> bool:
    """Whether a folder is a recordings folder, or the one in it where old recordings lie.

    No other folder above counts: a whole repository may lie in a folder of that name.
    """
    *_, above, name = ("", "", *folder.resolve().parts)
    recordings, old = published().beside_test, published().old_subfolder
    return name == recordings or (above, name) == (recordings, old)


def _has_digits(entry: Entry, wanted: str) -> bool:
    name = Name.parse(entry.path.name)
    is_list = wanted.startswith("models-")
    if name is None or (is_list and name.digest is None):
        return False
    digits, _, digest = wanted.removeprefix("models-").partition("-")
    return name.is_meant_by(digits, digest)


def _holding(needle: bytes, corpus: Corpus) -> Iterator[Entry]:
    for entry in corpus.entries:
        try:
            if needle in read(entry):
                yield entry
        except UnreadableError:
            continue
