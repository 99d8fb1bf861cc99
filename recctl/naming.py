"""New names for recordings: what has to follow, where the files go, and who gets a contested name.

An operation that changes what recordings are called makes a `claim` of each, from the bytes of one
file; a claim is small, so that those of a large corpus can be held. `settle` makes of all claims
the actions of a plan and its conflicts. Both are pure: what they need of other files they are given
functions for, as `contents_below` and `ages_below` make them.

Several recordings may claim one path. It happens whenever dialects leave more out of the hash, and
is decided by the answers, evened out as recorders do it. Equal ones: one is kept. Others: by a
policy. A recording that lies there already under its right name is never touched.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

from recctl import files, volatile
from recctl.dialects import (
    Identity,
    Name,
    Standing,
    Table,
    digest_fits,
    identify,
    material_under,
    name_under,
)
from recctl.errors import UnreadableError, UsageError
from recctl.jsontext import parse, spans
from recctl.plan import (
    Action,
    Conflict,
    Edit,
    RefusedError,
    Remove,
    Rename,
    Review,
    Splice,
    State,
    Write,
    write,
)
from recctl.plan.actions import spliced
from recctl.recording import Kind, Recording
from recctl.safetext import one_line
from recctl.sources import NodeId
from recctl.volatile import Change

Contents = Callable[[str], bytes | None]
"""Gives the bytes of the file at a path, null where there is none. Raises UnreadableError."""

Ages = Callable[[Collection[str]], Mapping[str, int]]
"""Gives for each path when its recording came, in seconds since 1970."""

_DIFFERENT = "different answers"
_FEW = 3

_SENT = ("body", "payload")

_FULL = 64
"""Digits of a hash."""

_NO_HASH = "0" * 12
"""What stands for the hash in ids that are compared."""


class OnConflict(StrEnum):
    """Who gets a name that recordings with different answers claim.

    `EXISTING` is the one that has the name already; where none has, it is as `REPORT`.
    """

    REPORT = "report"
    NEWEST = "newest"
    OLDEST = "oldest"
    EXISTING = "existing"


_BY_AGE = frozenset({OnConflict.NEWEST, OnConflict.OLDEST})


@dataclass(frozen=True, slots=True)
class Claim:
    """A recording at `path` that is to lie at `to`, both from the root, with edits on the way.

    `path` and `to` may be the same. Several claims of one path are copies of its recording.
    `foreign_ids` counts the `rec-` ids in it of a third hash, which stay.
    """

    path: str
    to: str
    before: State
    after: State
    review: Review
    edits: tuple[Splice, ...] = ()
    foreign_ids: int = 0


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of claims: actions for a plan, sorted by test, and the conflicts, by path."""

    actions: tuple[Action, ...]
    conflicts: tuple[Conflict, ...]


# What one recording claims


def claim(
    path: str,
    raw: bytes,
    recording: Recording,
    name: Name,
    folder: str,
    *,
    reason: str,
    edits: Sequence[Splice] = (),
) -> Claim:
    """The claim of the recording at a path, whose bytes are `raw`, to a name in a folder.

    `edits` of the bytes are already decided; `recording` is what they make of it, under its old
    file name. To them are added those of the ids that the old name gave: they get the new name's.
    The bytes must have been found without flaw by `parse`. Raises RefusedError for edits that do
    not fit.
    """
    old = Name.parse(recording.file_name)
    misfits = list(volatile.misfit_ids(recording, name.short_hash))
    following = [one for one in misfits if old and one.old == volatile.id_of(old.short_hash)]
    ids = _ids_by_text(path, raw, edits, following)
    if ids is None:
        ids = replacements(raw.decode("utf-8"), {one.pointer: one.new for one in following})
    made = sorted([*edits, *ids], key=lambda one: one.offset)
    return Claim(
        path,
        f"{folder}/{name}" if folder else str(name),
        State.of(raw),
        State.of(spliced(path, raw, made)),
        Review(reason, recording.test_id, old.short_hash if old else "", name.short_hash),
        tuple(made),
        len(misfits) - len(following),
    )


def name_for(recording: Recording, table: Table) -> Name:
    """The name that the table's target gives.

    The digest of a model list follows, unless the old one fits other models: then it stays, as it
    tells that the list was edited. Raises MaterialError.
    """
    name = name_under(table.target, recording)
    old = Name.parse(recording.file_name)
    if not name.digest or not old or not old.digest or digest_fits(recording, old.digest):
        return name
    return Name(name.digits, old.digest)


def lacks_test_id(recording: Recording, identity: Identity, table: Table) -> bool:
    """Whether the target hashes a test id that this recording never had.

    The recorder kept none before October 2025. A null in the file is another matter: no test
    asked. So is an absent one where the name fits a dialect that hashes it. Raises MaterialError.
    """
    if "test_id" in recording.document or "test_id" in recording.request:
        return False
    # What was sent takes long to normalize and has no say in this.
    bare = {key: None if key in _SENT else value for key, value in recording.request.items()}
    asked = Recording(recording.file_name, {"request": bare}, 0)
    takes_it, *known = [
        "test_id" in material_under(one, asked) for one in (table.target, *identity.fitting)
    ]
    return takes_it and not any(known)


def with_test_id(
    raw: bytes, recording: Recording, test_id: str
) -> tuple[tuple[Splice, ...], Recording]:
    """The edits that give a recording a test id, and the recording that they make.

    Where a file has the key, its value is replaced; else it comes first, as recorders write it. A
    request has one of its own in all kinds but inference.
    """
    text = raw.decode("utf-8")
    document = {"test_id": None, **recording.document} | {"test_id": test_id}
    holders = [("", recording.document)]
    if recording.kind not in (Kind.INFERENCE, None):
        holders.append(("/request", recording.request))
        document["request"] = {"test_id": None, **recording.request} | {"test_id": test_id}
    known = {f"{pointer}/test_id": test_id for pointer, held in holders if "test_id" in held}
    lacking = [pointer for pointer, held in holders if "test_id" not in held]
    edits = [
        *replacements(text, known),
        *(_first_member(text, start, test_id) for start, _ in spans(text, lacking).values()),
    ]
    made = Recording(recording.file_name, document, recording.size)
    return tuple(sorted(edits, key=lambda one: one.offset)), made


# Where a recording goes


def folder_for(path: str, name: Name, table: Table) -> str:
    """The folder for a recording that gets another name and keeps its test: mostly its own.

    In a recordings folder, short names lie in `responses` and full ones do not.
    """
    folder = PurePosixPath(path).parent.parts
    *above, last = ("", *folder)
    if table.beside_test not in folder:
        pass
    elif len(name.digits) < _FULL and last != table.old_subfolder:
        folder = (*folder, table.old_subfolder)
    elif len(name.digits) == _FULL and last == table.old_subfolder and table.beside_test in above:
        folder = folder[:-1]
    return "/".join(folder)


def home(path: str, test_id: str, table: Table, formerly: str | None = None) -> str:
    """The folder, from the root, that a test's recordings lie in, for one that now lies at `path`.

    The path in a test id counts from some folder above; which, is told by where the recording
    lies: in the folder of the test that it belonged to, or in the shared one, or below a folder
    with which a test's path begins. Where nothing tells, it is the root.

    Raises UsageError for a test id whose path leads out of that folder.
    """
    wanted = _beside(test_id, table)
    if "/" in wanted or ".." in wanted:
        raise UsageError(f"{one_line(test_id)!r} is no test id: its path leads out of the tree")
    folder = _without_old(path, table)
    shared = PurePosixPath(table.shared_folder).parts
    former = () if formerly is None else _beside(formerly, table)
    for ending in (former, shared):
        if ending and folder[-len(ending) :] == ending:
            return "/".join((*folder[: -len(ending)], *wanted))
    base = _base(folder, former)
    if base is None:
        base = _base(folder, wanted)
    return "/".join((*(base or ()), *wanted))


def shared_home(path: str, table: Table) -> str | None:
    """The folder, from the root, that every test falls back to; null where nothing tells it."""
    shared = PurePosixPath(table.shared_folder).parts
    base = _base(_without_old(path, table), shared)
    return None if base is None else "/".join((*base, *shared))


# Who gets it


def settle(
    claims: Iterable[Claim],
    on_conflict: OnConflict,
    table: Table,
    contents: Contents,
    ages: Ages,
) -> Settled:
    """What becomes of all claims of one change.

    `contents` must show the files as they are before it. `ages` is called once at most. Of claims
    to one path, and the file that lies there and makes none:

    - with one answer, one is kept: the one that has the path, else, by `NEWEST` and `OLDEST`, the
      one of that age, else the first by its path;
    - with different ones, the policy decides; of one age, the first by its path is kept. A
      recording that lies there and is right stays, whatever its age: it is never touched;
    - a file that lies there, stays and does not fit its name leaves all as it is, whatever the
      policy. So does one whose own claim came to nothing.

    What is not kept is removed, into the receipt. Raises RefusedError where a file changed between
    its claim and now.
    """
    ordered = sorted(claims, key=lambda one: (one.path, one.to))
    by_path = _grouped(ordered, lambda one: one.path)
    contests = [
        _contest(to, members, table, contents, is_claimant=to in by_path)
        for to, members in sorted(_grouped(ordered, lambda one: one.to).items())
    ]
    aged = {one.path for contest in contests if contest.is_open for one in contest.claims}
    known = ages(sorted(aged)) if aged and on_conflict in _BY_AGE else {}
    kept = {one.to: _kept(one, on_conflict, known) for one in contests}
    stuck = _stuck(contests, kept)
    places = {one.to: one for one in contests}
    actions: list[Action] = []
    for path, members in by_path.items():
        if members[0].to in stuck:
            continue
        meant = [one for one in members if kept[one.to] == path]
        if meant:
            actions += _moves(path, meant, contents)
        else:
            lost = members[0]
            winner = kept[lost.to] or ""
            actions.append(_removal(lost, places[lost.to], winner, on_conflict, known))
    return Settled(
        tuple(sorted(actions, key=_order)),
        tuple(_conflict(one, stuck[one.to]) for one in contests if one.to in stuck),
    )


def is_undecided(conflict: Conflict) -> bool:
    """Whether it is the policy that left a name to nobody, so that another one would help."""
    return conflict.reason.endswith(_DIFFERENT)


@dataclass(frozen=True, slots=True)
class _Contest:
    """The claims to one path, sorted, and what else lies there.

    `is_held` says that a right recording does, which makes no claim; `obstacle` why none can be
    met. `answers` has digests by path where several recordings are concerned.
    """

    to: str
    claims: tuple[Claim, ...]
    answers: Mapping[str, str]
    is_held: bool = False
    obstacle: str | None = None

    @property
    def has_one_answer(self) -> bool:
        """Whether it makes no difference who is kept."""
        return len(set(self.answers.values())) <= 1

    @property
    def is_open(self) -> bool:
        """Whether age may have a say."""
        return len(self.claims) > 1 and not self.is_held and self.obstacle is None


def _contest(
    to: str, claims: Sequence[Claim], table: Table, contents: Contents, *, is_claimant: bool
) -> _Contest:
    """What is known of a path; `is_claimant` says that what lies there makes a claim itself."""
    try:
        held = None if is_claimant else contents(to)
    except UnreadableError as error:
        return _Contest(to, tuple(claims), {}, obstacle=f"taken by what is no recording: {error}")
    if held is not None:
        parsed = parse(held)
        if parsed.flaws or not Recording.is_interaction(parsed.value):
            obstacle = "taken by what is no recording"
            return _Contest(to, tuple(claims), {}, obstacle=obstacle)
        right = Recording(to.rpartition("/")[2], parsed.value, len(held))
        if identify(right, table).standing is not Standing.REACHABLE:
            obstacle = "taken by a recording that the name does not fit, and which stays"
            return _Contest(to, tuple(claims), {}, obstacle=obstacle)
    answers = {} if held is None else {to: _answer(held)}
    if held is not None or len(claims) > 1:
        answers |= {one.path: _answer(_content(one, contents)) for one in claims}
    return _Contest(to, tuple(claims), answers, is_held=held is not None)


def _kept(contest: _Contest, on_conflict: OnConflict, ages: Mapping[str, int]) -> str | None:
    """The path of the recording that has the contested one in the end; null where that is open."""
    paths = [one.path for one in contest.claims]
    has_it = contest.is_held or contest.to in paths
    if contest.obstacle is not None:
        return None
    if has_it and (contest.has_one_answer or on_conflict is OnConflict.EXISTING):
        return contest.to
    if contest.is_held:
        return None if on_conflict is OnConflict.REPORT else contest.to
    if len(paths) > 1 and on_conflict in _BY_AGE:
        sign = -1 if on_conflict is OnConflict.NEWEST else 1
        return min(paths, key=lambda path: (sign * ages[path], path))
    return paths[0] if contest.has_one_answer else None


def _stuck(contests: Sequence[_Contest], kept: Mapping[str, str | None]) -> Mapping[str, str]:
    """The contested paths that nobody gets, and why: undecided ones, and what hangs on them."""
    stuck = {
        one.to: one.obstacle or f"{len(set(one.answers.values()))} {_DIFFERENT}"
        for one in contests
        if kept[one.to] is None
    }
    while True:
        stay = {one.path for contest in contests if contest.to in stuck for one in contest.claims}
        more = {}
        for contest in contests:
            if contest.to in stuck:
                continue
            if contest.to in stay:
                more[contest.to] = "taken by a recording that stays, its own new name is contested"
            elif any(one.path in stay for one in contest.claims):
                more[contest.to] = "for a copy of a recording that stays, another is contested"
        if not more:
            return stuck
        stuck |= more


def _moves(path: str, kept: Sequence[Claim], contents: Contents) -> list[Action]:
    """The actions for a recording some of whose claims are met: all but one are copies."""
    first, *copies = sorted(kept, key=lambda one: (one.to != path, one.to))
    made: list[Action] = [
        write(one.to, _content(one, contents), review=one.review) for one in copies
    ]
    if first.to != path:
        made.append(Rename(path, first.to, first.before, first.after, first.edits, first.review))
    elif first.edits:
        made.append(Edit(path, first.before, first.after, first.edits, first.review))
    return made


def _removal(
    lost: Claim,
    contest: _Contest,
    winner: str,
    on_conflict: OnConflict,
    ages: Mapping[str, int],
) -> Remove:
    """The removal of a recording whose claim another one of a path, the winner, has won."""
    if contest.answers[lost.path] == contest.answers[winner]:
        why = "the same answer"
    elif winner == contest.to or winner not in ages:
        why = "it has it already"
    elif ages[lost.path] == ages[winner]:
        why = "equally old, first by its path"
    else:
        why = "newer" if on_conflict is OnConflict.NEWEST else "older"
    reason = f"{_label(contest.to)} goes to {_label(winner)}: {why}"
    review = Review(reason, lost.review.group, lost.review.old)
    return Remove(lost.path, lost.before, review)


def _conflict(contest: _Contest, reason: str) -> Conflict:
    paths = {one.path for one in contest.claims}
    if contest.is_held:
        paths.add(contest.to)
    return Conflict(contest.to, tuple(sorted(paths)), reason, contest.claims[0].review.group)


_OPERATIONS = (Write, Rename, Edit, Remove)


def _order(action: Action) -> tuple[bool, str, int, str, str]:
    """By test, and what is alike together; what has no test last, by folder."""
    group = action.review.group
    place = action.path.rpartition("/")[0] if group is None else group
    return group is None, place, _OPERATIONS.index(type(action)), action.review.reason, action.path


def _grouped(claims: Iterable[Claim], key: Callable[[Claim], str]) -> dict[str, list[Claim]]:
    groups = defaultdict[str, list[Claim]](list)
    for one in claims:
        groups[key(one)].append(one)
    return groups


def _content(one: Claim, contents: Contents) -> bytes:
    """What a claimed recording will hold."""
    try:
        raw = contents(one.path)
    except UnreadableError:
        raw = None
    if raw is None or State.of(raw) != one.before:
        raise RefusedError(f"{one_line(one.path)}: changed while the plan was made; plan again")
    return spliced(one.path, raw, one.edits)


def _answer(raw: bytes) -> str:
    """What is equal for answers that differ in nothing but what recorders normalize.

    The bytes must have been found without flaw by `parse`.
    """
    document = json.loads(raw)
    recording = Recording("", document, len(raw))
    changes = (
        *volatile.changes(recording, _NO_HASH),
        *volatile.misfit_ids(recording, _NO_HASH),
    )
    for change in changes:
        _put(document, change.pointer, change.new)
    mapping = document.get("id_normalization_mapping") or {}
    told = json.dumps([document["response"], mapping], sort_keys=True)
    return sha256(told.encode("ascii")).hexdigest()


def _label(path: str) -> str:
    """A recording in few digits."""
    name = Name.parse(path.rpartition("/")[2])
    return name.short_hash if name else path


# What is left


@dataclass(frozen=True, slots=True)
class Left:
    """A file that is left as it is, by the path that the user gave, and why.

    `why` goes after a number of recordings; `detail` may be empty.
    """

    path: str
    why: str
    detail: str = ""


def notes_on(left: Sequence[Left], foreign: Sequence[str], *, whole: bool) -> list[str]:
    """What is left and where: a line for each reason with a few paths, or, `whole`, for each file.

    `foreign` are the paths of recordings in which `rec-` ids of a third hash stay.
    """
    if whole:
        stay = "ids of another hash stay in it"
        return [
            *(f"{told(one)}: left as it is: {one.why}" for one in left),
            *(f"{one_line(path)}: {stay}" for path in foreign),
        ]
    lines = [
        f"{len(alike):,} {why}, left as they are: {some(map(told, alike))}"
        for why, alike in _by_reason(left).items()
    ]
    if foreign:
        shown = some(map(one_line, foreign))
        lines.append(f"{len(foreign):,} with ids of another hash, which stay: {shown}")
    return lines


def advice_on(
    left: Sequence[Left],
    foreign: Sequence[str],
    conflicts: Sequence[Conflict],
    asides: Mapping[str, str],
) -> list[str]:
    """What is left, in numbers, and what to do about it.

    `asides` has for a reason the end of its line.
    """
    lines = [
        f"{len(alike):,} {why}, left as they are{asides.get(why, '')}"
        for why, alike in _by_reason(left).items()
    ]
    if foreign:
        command = "recctl normalize --only ids"
        lines.append(f"{len(foreign):,} with ids of another hash; set them with: {command}")
    if conflicts:
        names = "name" if len(conflicts) == 1 else "names"
        options = "; decide with: --on-conflict newest|oldest|existing"
        advice = options if any(map(is_undecided, conflicts)) else ""
        lines.append(f"{len(conflicts):,} contested {names}, all claims to which are left{advice}")
    return lines


def _by_reason(left: Iterable[Left]) -> dict[str, list[Left]]:
    found = defaultdict[str, list[Left]](list)
    for one in left:
        found[one.why].append(one)
    return found


def told(one: Left) -> str:
    """A file that is left: its path, and the detail if there is one."""
    return one_line(one.path) + (f" ({one_line(one.detail)})" if one.detail else "")


def some(paths: Iterable[str]) -> str:
    """The first few paths, and how many more there are."""
    shown = list(paths)
    more = f" and {len(shown) - _FEW:,} more" if len(shown) > _FEW else ""
    return ", ".join(shown[:_FEW]) + more


# The bytes


def by_text(raw: bytes, strings: Iterable[tuple[Any, Any]]) -> tuple[Splice, ...] | None:
    """The edits that make new strings of old ones at so many places, found as text.

    Gives null where the text may mislead, and for what is no string; the bytes must have been
    found without flaw by `parse`. A string of nothing but word characters, dots and hyphens has one
    spelling where none of them is escaped. So if that stands in the bytes as often as the string is
    to be changed, it stands nowhere else.
    """
    wanted: dict[str, str] = {}
    times = Counter[str]()
    for old, new in strings:
        if not (isinstance(old, str) and isinstance(new, str) and _PLAIN.fullmatch(old)):
            return None
        if wanted.setdefault(old, new) != new:
            return None
        times[old] += 1
    if _ESCAPE in raw and _ESCAPED_ASCII.search(raw):
        return None
    edits = []
    for old, new in wanted.items():
        before, after = (json.dumps(one).encode("ascii") for one in (old, new))
        if raw.count(before) != times[old]:
            return None
        offset = raw.find(before)
        while offset >= 0:
            edits.append(Splice(offset, before, after))
            offset = raw.find(before, offset + len(before))
    return tuple(sorted(edits, key=lambda one: one.offset))


_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")
_ESCAPE = b"\\u00"
_ESCAPED_ASCII = re.compile(rb"\\u00[2-7]")


# The files


def contents_below(root: Path) -> Contents:
    """Reads files below a root. A link raises UnreadableError, as does what is no regular file."""

    def contents(path: str) -> bytes | None:
        place = root / path
        if place.is_symlink():
            raise UnreadableError("a link")
        return files.read(place) if place.exists() else None

    return contents


def ages_below(root: Path) -> Ages:
    """When files below a root came: the time of the first commit with it, else of its last change.

    Raises GitError, and RefusedError for a file that is gone.
    """

    def ages(paths: Collection[str]) -> Mapping[str, int]:
        from recctl.gitstore import repository_of  # noqa: PLC0415 - needed by conflicts only

        repository = repository_of(root)
        added = {} if repository is None else repository.added_at(root / path for path in paths)
        return {path: added.get(root / path) or _changed_at(root / path) for path in paths}

    return ages


def _changed_at(path: Path) -> int:
    try:
        return int(path.stat().st_mtime)
    except OSError:
        raise RefusedError(f"{one_line(path)}: gone while the plan was made; plan again") from None


# Parts


def _ids_by_text(
    path: str, raw: bytes, edits: Sequence[Splice], changes: Sequence[Change]
) -> tuple[Splice, ...] | None:
    """The edits for ids of what other edits make of the bytes; null where the text may mislead.

    To find the ids of a long stream by their pointers takes ten times as long.
    """
    strings = [(one.old, one.new) for one in changes]
    found = by_text(raw, strings)
    if not edits or not found:
        return found
    # If the text has as many before and after the other edits, and none touches one, all stay.
    both = sorted([*edits, *found], key=lambda one: one.offset)
    is_apart = all(one.offset + len(one.old) <= other.offset for one, other in pairwise(both))
    return found if is_apart and by_text(spliced(path, raw, edits), strings) else None


def _put(document: Any, pointer: str, value: Any) -> None:
    """Replace the value at a pointer none of whose parts is escaped."""
    *above, key = pointer.split("/")[1:]
    for part in above:
        document = document[int(part)] if isinstance(document, list) else document[part]
    document[key] = value


def _beside(test_id: str, table: Table) -> tuple[str, ...]:
    """The folder beside a test's file, part by part, as the test id has it."""
    return (*PurePosixPath(NodeId.parse(test_id).file).parent.parts, table.beside_test)


def _without_old(path: str, table: Table) -> tuple[str, ...]:
    """The folder that a file lies in, without the one in it for short names."""
    folder = PurePosixPath(path).parent.parts
    return folder[:-1] if folder[-1:] == (table.old_subfolder,) else folder


def _base(folder: tuple[str, ...], like: tuple[str, ...]) -> tuple[str, ...] | None:
    """The part of a folder's path from which on it begins as another does, best of all; or null."""
    alike = {at: _alike(folder[at:], like) for at in range(len(folder))}
    best = max(alike, key=lambda at: alike[at], default=None)
    return None if best is None or not alike[best] else folder[:best]


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many parts two paths have in common from their beginning."""
    count = 0
    for mine, yours in zip(one, other, strict=False):
        if mine != yours:
            break
        count += 1
    return count


def _first_member(text: str, start: int, test_id: str) -> Splice:
    """The edit that makes a test id the first member of an object that begins at `start`."""
    first = text.index('"', start)
    space = text[start + 1 : first]
    member = f'"test_id": {json.dumps(test_id)},{space}'
    return Splice(len(text[:first].encode()), b"", member.encode())


def replacements(text: str, values: Mapping[str, Any]) -> tuple[Splice, ...]:
    """The edits of a text's bytes that put other values at JSON pointers.

    `parse` must find the text without flaw.
    """
    edits = []
    at = offset = 0
    for (start, end), pointer in sorted((span, key) for key, span in spans(text, values).items()):
        offset += len(text[at:start].encode())
        old = text[start:end].encode()
        edits.append(Splice(offset, old, json.dumps(values[pointer]).encode()))
        offset += len(old)
        at = end
    return tuple(edits)
