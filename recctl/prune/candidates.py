"""Reading files: what is known of each as a recording that may go."""

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path

from recctl.corpus import Entry, read
from recctl.dialects import MaterialError, Name, Standing, Table, identify, material_under
from recctl.errors import UnreadableError
from recctl.evidence import Judgement, case_of
from recctl.jsontext import parse
from recctl.naming import LeavingError, Left
from recctl.plan import State, below
from recctl.prune.askers import TooManyError, is_anybodys, is_misnamed
from recctl.prune.judging import Candidate, Ground, Options
from recctl.prune.proof import Proof
from recctl.prune.searching import Search, search_for
from recctl.recording import Recording
from recctl.safetext import one_line
from recctl.sources import Presence

_BY_HASH = (Ground.UNREACHABLE, Ground.STALE, Ground.DUPLICATE)

Map = Callable[
    [Callable[[Entry], "Candidate | Left"], Iterable[Entry]], Iterable["Candidate | Left"]
]
"""`map`, or an executor's, which must keep the order."""


def judgement_on(proof: Proof, root: Path, entry: Entry, recording: Recording) -> Judgement:
    """The verdict on an entry's recording. Raises RefusedError for one that is not below the root.

    A link is judged by the file that it leads to.
    """
    place = entry.path.resolve() if entry.path.is_symlink() else entry.path
    search = search_for(recording, place, proof.policy)
    return proof.judgement(below(root, place), recording, search)


def candidates_of(
    entries: Iterable[Entry], root: Path, options: Options, *, apply: Map = map
) -> tuple[list[Candidate], list[Left]]:
    """What is known of each file, and those that cannot be taken. Reads them, writes nothing.

    Raises RefusedError for a file that is not below the root.
    """
    entries = list(entries)
    folders = _folders(entries, root)
    unique: dict[str, Entry] = {}
    links = {}
    for one in entries:
        unique.setdefault(_place(folders, one.path), one)  # one may be named twice, by a link
        if one.path.is_symlink():
            links[os.path.realpath(one.path)] = str(one.path)
    names = Counter(one.path.name for one in unique.values())
    repeated = frozenset(name for name, count in names.items() if count > 1)
    found = list(apply(partial(scanned, options, folders, links, repeated), unique.values()))
    candidates = [one for one in found if isinstance(one, Candidate)]
    return candidates, [one for one in found if isinstance(one, Left)]


def scanned(
    options: Options,
    folders: Mapping[Path, str],
    links: Mapping[str, str],
    repeated: Collection[str],
    entry: Entry,
) -> Candidate | Left:
    """What is known of one file, or why it cannot be taken. Never raises.

    `folders` are known as the user does and from the root, `links` by the real path that they lead
    to. `repeated` are the names that stand in several folders.
    """
    place = entry.path
    try:
        raw, modified = _content(entry)
        recording = _recording(place.name, raw)
    except LeavingError as error:
        return Left(str(place), error.why, error.detail)
    path, table = _place(folders, place), options.policy.table
    judgement = identity = asker = None
    search = search_for(recording, place, options.policy)
    if options.proof is not None:
        judgement = options.proof.judgement(path, recording, search)
    if options.asks(*_BY_HASH):
        identity = identify(recording, table)
        if place.name in repeated and identity.standing is Standing.REACHABLE:
            asker = _asker(recording, table)
    gone = _gone(recording, path, table, search)
    misnamed = None
    if options.asks(Ground.ORPHAN, Ground.UNREACHABLE) and not _is_shared(recording, path, table):
        misnamed = _misnamed(options, recording, gone)
    return Candidate(
        path,
        str(place),
        State.of(raw),
        modified,
        recording.test_id,
        judgement,
        gone,
        identity,
        asker,
        misnamed,
        links.get(os.path.realpath(place)) if links else None,
    )


def _content(entry: Entry) -> tuple[bytes, float]:
    """A file's bytes, and when they were last changed, in seconds since 1970."""
    if entry.path.is_symlink():
        raise LeavingError("behind a link")
    try:
        return read(entry), entry.path.stat().st_mtime
    except UnreadableError as error:
        raise LeavingError("unreadable", str(error)) from None
    except OSError:
        raise LeavingError("unreadable", "gone meanwhile") from None


def _recording(file_name: str, raw: bytes) -> Recording:
    """The recording that a file is recognised as: by name, request, response and kind."""
    parsed = parse(raw)
    if parsed.flaws:
        flaw = parsed.flaws[0]
        raise LeavingError("unreadable", f"line {flaw.line}: {flaw.detail}")
    if Name.parse(file_name) is None:
        raise LeavingError("without a recording's name")
    if not Recording.is_interaction(parsed.value):
        raise LeavingError("without request and response")
    recording = Recording(file_name, parsed.value, len(raw))
    if recording.kind is None:
        raise LeavingError("of no known kind")
    return recording


def _gone(recording: Recording, path: str, table: Table, search: Search) -> str | None:
    """Why nobody can ask for a recording any more, by the sources."""
    if search.sought.presence is not Presence.GONE or _is_shared(recording, path, table):
        return None
    if is_anybodys(recording, table):
        return None
    return search.sought.reason


def _asker(recording: Recording, table: Table) -> str | None:
    """The one test that can ask by a name that the target gives; null where several can."""
    try:
        asker = material_under(table.target, recording).get("test_id")
    except MaterialError:
        return None
    return asker if isinstance(asker, str) else None


def _is_shared(recording: Recording, path: str, table: Table) -> bool:
    return case_of(path, recording, table).shared


def _misnamed(options: Options, recording: Recording, gone: str | None) -> str | None:
    """Why one stays that is unreachable, or whose test is gone: another may ask by its name.

    It is so if a test of the evidence does. Where none is found, what is unreachable may go as
    such, but not because the test that it claims to be of is gone.
    """
    asks_unreachable = options.asks(Ground.UNREACHABLE)
    if not (gone is not None or asks_unreachable) or not is_misnamed(
        recording, options.policy.table
    ):
        return None
    try:
        asker = options.proof.asker(recording) if options.proof is not None else None
    except TooManyError:
        return "its name is not that of its request, and too many tests may ask by it"
    if asker is not None:
        return f"{one_line(asker)} may ask by its name"
    if asks_unreachable:
        return None
    return "its name is not that of its request: --unreachable"


def _folders(entries: Iterable[Entry], root: Path) -> dict[Path, str]:
    """Folders as the user knows them -> from the root, links in them resolved."""
    folders = {entry.path.parent for entry in entries}
    return {folder: below(root, folder / "x").rpartition("/")[0] for folder in folders}


def _place(folders: Mapping[Path, str], path: Path) -> str:
    folder = folders[path.parent]
    return f"{folder}/{path.name}" if folder else path.name
