"""Rehashing: recordings whose name is of an older dialect get the one that another dialect gives.

What is to be done with one file is a pure function of its bytes. A request is never changed, but
for the test id of a recording that never had any, where it is given one.
"""

import json
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path, PurePosixPath

from recctl import naming
from recctl.corpus import Entry, read
from recctl.dialects import (
    Dialect,
    Identity,
    MaterialError,
    Name,
    Standing,
    Table,
    hash_under,
)
from recctl.errors import UnreadableError, UsageError
from recctl.jsontext import parse
from recctl.naming import Ages, Claim, LeavingError, Left, OnConflict, Why
from recctl.plan import Plan, Rename, below, of
from recctl.recording import Recording
from recctl.safetext import one_line
from recctl.sources import NodeId

_FEWEST_DIGITS = 12
_DIGITS = re.compile(rf"[0-9a-f]{{{_FEWEST_DIGITS},64}}")


_ASIDE: Mapping[str, str] = {
    Why.UNREACHABLE: ", as the request may not be the one that was answered;"
    " taken along with: --include-unreachable",
    Why.WITHOUT_TEST_ID: "; name the tests in a file: --test-ids FILE",
    Why.UNNAMED: "; see: recctl validate --select bad-name",
    Why.UNREADABLE: "; see: recctl validate",
    Why.LINK: "; name what the link leads to",
}
"""What is to be said of all files that are left for one reason."""


@dataclass(frozen=True)
class Owners:
    """Which tests own recordings that do not say so themselves: each line of a file names one.

    `lines` are numbers and what stands there: a path, made absolute, or digits of a hash, and a
    test id. A recording may have several owners.
    """

    lines: tuple[tuple[int, str, str], ...] = ()

    @classmethod
    def parse(cls, raw: bytes, where: str, folder: Path) -> "Owners":
        """The owners in the bytes of a file: per line a path or a hash, a tab and a test id.

        A hash has 12 digits or more; paths count from a folder. Empty lines, and those that begin
        with #, say nothing. Raises UsageError, which names the file as `where`, for any other.
        """
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UsageError(f"{where}: not UTF-8 at byte {error.start}") from None
        lines = []
        for number, line in enumerate(text.split("\n"), start=1):
            if not line.strip() or line.startswith("#"):
                continue
            key, _, test_id = (part.strip() for part in line.partition("\t"))
            if not (key and test_id):
                raise UsageError(f"{where}:{number}: no path or hash, tab and test id")
            _check_test_id(test_id, f"{where}:{number}")
            name = Name.parse(key) if os.sep not in key else None
            digits = name.digits if name else key
            if not _DIGITS.fullmatch(digits):
                digits = os.path.abspath(folder / key)
            lines.append((number, digits, test_id))
        return cls(tuple(lines))

    def of(self, path: Path, name: Name) -> tuple[tuple[int, str], ...]:
        """The tests that own a recording, each with a line that says so, in the file's order."""
        absolute = os.path.abspath(path)
        found = self._by_key.get(name.digits[:_FEWEST_DIGITS], [])
        fitting = [
            (number, test_id)
            for number, digits, test_id in found
            if digits.startswith(name.digits) or name.digits.startswith(digits)
        ]
        fitting += [(number, test_id) for number, _, test_id in self._by_key.get(absolute, [])]
        return tuple(sorted(fitting))

    @cached_property
    def _by_key(self) -> Mapping[str, list[tuple[int, str, str]]]:
        found = defaultdict[str, list[tuple[int, str, str]]](list)
        for line in self.lines:
            key = line[1]
            found[key[:_FEWEST_DIGITS] if _DIGITS.fullmatch(key) else key].append(line)
        return found


def _check_test_id(test_id: str, where: str) -> None:
    node = NodeId.parse(test_id)
    file = PurePosixPath(node.file)
    leads_out = file.is_absolute() or ".." in file.parts
    if not node.names or leads_out or one_line(test_id) != test_id:
        raise UsageError(f"{where}: {one_line(test_id)!r} is no test id as path/to/test_x.py::test")


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for: by which table, of which the target counts, and what is taken along."""

    table: Table
    include_unreachable: bool = False
    owners: Owners = field(default_factory=Owners)


@dataclass(frozen=True, slots=True)
class Examined:
    """What comes of one file: its claims, several for a recording of several tests, or why not.

    Without either the file is right as it is. `used` are the lines of the owners that it took.
    """

    claims: tuple[Claim, ...] = ()
    left: Left | None = None
    used: frozenset[int] = frozenset()


Map = Callable[[Callable[[Entry], Examined], Iterable[Entry]], Iterable[Examined]]
"""`map`, or an executor's, which must keep the order."""


@dataclass(frozen=True, slots=True)
class Rehash:
    """A plan, and what it leaves.

    `foreign` are the new paths of recordings with `rec-` ids of a third hash, `unused` the lines of
    the owners' file that name no recording without a test.
    """

    plan: Plan
    left: tuple[Left, ...]
    foreign: tuple[str, ...]
    unused: tuple[int, ...]


def plan_rehash(
    entries: Iterable[Entry],
    root: Path,
    options: Options,
    on_conflict: OnConflict = OnConflict.REPORT,
    *,
    ages: Ages | None = None,
    apply: Map = map,
) -> Rehash:
    """The plan that gives all recordings below a root their names. Reads them, writes nothing.

    `ages` are as git and the file system tell them where nothing else is given. Raises RefusedError
    for a file that is not below the root and for one that changes meanwhile, and GitError.
    """
    entries = list(entries)
    folders = {
        folder: below(root, folder / "x").rpartition("/")[0]
        for folder in {entry.path.parent for entry in entries}
    }
    found = list(apply(partial(scanned, options, folders), entries))
    # By both paths, as a file is found twice that is named twice, by way of a link to a folder.
    claims = {(one.path, one.to): one for made in found for one in made.claims}
    settled = naming.settle(
        claims.values(),
        on_conflict,
        options.table,
        naming.contents_below(root),
        ages or naming.ages_below(root),
    )
    renames = [one for one in settled.actions if isinstance(one, Rename)]
    used = {number for made in found for number in made.used}
    return Rehash(
        of("rehash", root, settled.actions, settled.conflicts),
        tuple(made.left for made in found if made.left),
        tuple(one.to for one in renames if claims[one.path, one.to].foreign_ids),
        tuple(number for number, *_ in options.owners.lines if number not in used),
    )


def scanned(options: Options, folders: Mapping[Path, str], entry: Entry) -> Examined:
    """What is to become of one file; `folders` are known as the user does and from the root."""
    if entry.path.is_symlink():
        return Examined(left=Left(str(entry.path), Why.LINK))
    try:
        raw = read(entry)
    except UnreadableError as error:
        return Examined(left=Left(str(entry.path), Why.UNREADABLE, str(error)))
    return examined(folders[entry.path.parent], entry.path, raw, options)


def examined(folder: str, place: Path, raw: bytes, options: Options) -> Examined:
    """What is to become of one file in a folder, which counts from the root. Never raises.

    `place` is the file's path as the user knows it, counted from the working directory.
    """
    if not options.owners.lines and _is_right(place, raw, options.table.target):
        return Examined()
    path = f"{folder}/{place.name}" if folder else place.name
    owners: tuple[tuple[int, str], ...] = ()
    claims: tuple[Claim, ...] = ()
    left = None
    try:
        recording, name = _named_recording(place, raw)
        owners = () if recording.test_id else options.owners.of(place, name)
        identity = naming.standing_before(
            recording, options.table, include_unreachable=options.include_unreachable
        )
        if identity.standing is not Standing.REACHABLE:
            tests = dict.fromkeys(test_id for _, test_id in owners)
            claims = tuple(_claims(path, raw, recording, identity, options.table, tests=tests))
    except LeavingError as error:
        left = Left(str(place), error.why, error.detail)
    except MaterialError as error:
        left = Left(str(place), Why.UNHASHABLE, str(error))
    return Examined(claims, left, frozenset(number for number, _ in owners))


def notes(rehash: Rehash, *, whole: bool) -> list[str]:
    """What is left and where: a line for each reason with a few paths, or for each file."""
    return naming.notes_on(rehash.left, rehash.foreign, whole=whole)


def advice(rehash: Rehash) -> list[str]:
    """What is left, in numbers, and what to do about it: a line for each reason."""
    return [
        *naming.advice_on(rehash.left, rehash.foreign, _ASIDE),
        *naming.advice_on_conflicts(rehash.plan.conflicts),
    ]


def _named_recording(place: Path, raw: bytes) -> tuple[Recording, Name]:
    """A file's recording and the parts of its name. Flawed files are not rewritten."""
    parsed = parse(raw)
    if parsed.flaws:
        flaw = parsed.flaws[0]
        raise LeavingError(Why.UNREADABLE, f"line {flaw.line}: {flaw.detail}")
    if not Recording.is_interaction(parsed.value):
        raise LeavingError(Why.UNREADABLE, "no recording")
    name = Name.parse(place.name)
    if name is None:
        raise LeavingError(Why.UNNAMED)
    return Recording(place.name, parsed.value, len(raw)), name


def _is_right(place: Path, raw: bytes, target: Dialect) -> bool:
    """Whether a file is as recorders write it and has the name that the target gives.

    Most are and have it: this is to find that out fast, so the answer, which is most of a file, is
    not parsed. A flaw that does not catch the eye goes untold, as the file is not changed.
    """
    name = Name.parse(place.name)
    if name is None or len(name.digits) != target.hash_digits:
        return False
    end = raw.find(_ANSWER)
    if end < 0 or not (raw.startswith(b"{\n") and raw.endswith(b"\n}\n")):
        return False
    if any(raw.find(one, end) >= 0 for one in _TELLTALES):
        return False
    try:
        raw.decode("utf-8")
        document = json.loads(raw[:end].removesuffix(b",") + b"}")
        wanted = hash_under(target, Recording(place.name, document, len(raw)))
    except (ValueError, RecursionError, MaterialError):
        return False
    return wanted.startswith(name.digits)


_ANSWER = b'\n  "response": '
"""Where the answer begins. In a string there is no line feed, and deeper down more space."""

_TELLTALES = (b'\n  "request": ', b'"test_id"', b"\n<<<<<<< ", b"\n>>>>>>> ")
"""What may mean, after the beginning of the answer, that the file has to be read in full."""


def _claims(
    path: str,
    raw: bytes,
    recording: Recording,
    identity: Identity,
    table: Table,
    *,
    tests: Iterable[str],
) -> Iterator[Claim]:
    """The claims of a recording: one, or one for each test that it is given.

    Raises MaterialError.
    """
    reason = _reason(identity, table)
    owned = [(test_id, *naming.with_test_id(raw, recording, test_id)) for test_id in tests]
    for test_id, edits, made in owned:
        name = naming.name_for(made, table)
        home = naming.home(path, test_id, table)
        folder = naming.folder_for(f"{home}/{name}", name, table)
        yield naming.claim(path, raw, made, name, folder, reason=reason, edits=edits)
    if not owned:
        if naming.lacks_test_id(recording, identity, table):
            raise LeavingError(Why.WITHOUT_TEST_ID)
        name = naming.name_for(recording, table)
        folder = naming.folder_kept(path, recording, name, table)
        yield naming.claim(path, raw, recording, name, folder, reason=reason)


def _reason(identity: Identity, table: Table) -> str:
    if identity.standing is Standing.UNREACHABLE:
        return "unreachable: no dialect gives its name"
    if table.target in identity.fitting:
        return "stale: a short name"
    return f"stale: fits {identity.span} only"
