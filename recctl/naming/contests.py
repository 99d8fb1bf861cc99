"""Who gets a name that several recordings claim, and what becomes of all claims of one change.

It happens whenever dialects leave more out of the hash, and is decided by the answers, evened out
as recorders do it. Equal ones: one is kept. Others: by a policy. A recording that lies there
already under its right name is never touched.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

from recctl import files, volatile
from recctl.dialects import Name, Standing, Table, identify
from recctl.errors import UnreadableError
from recctl.jsontext import parse
from recctl.naming.claims import Claim
from recctl.plan import (
    Action,
    Conflict,
    Edit,
    RefusedError,
    Remove,
    Rename,
    Review,
    State,
    Write,
    write,
)
from recctl.plan.actions import spliced
from recctl.recording import Recording
from recctl.safetext import one_line

Contents = Callable[[str], bytes | None]
"""Gives the bytes of the file at a path, null where there is none. Raises UnreadableError."""

Ages = Callable[[Collection[str]], Mapping[str, int]]
"""Gives for each path when its recording came, in seconds since 1970."""

_DIFFERENT = "different answers"

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
class Settled:
    """What becomes of claims: actions for a plan, sorted by test, and the conflicts, by path."""

    actions: tuple[Action, ...]
    conflicts: tuple[Conflict, ...]


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


def advice_on_conflicts(conflicts: Sequence[Conflict]) -> list[str]:
    """How many names are contested, and what to do about it where another policy would help."""
    if not conflicts:
        return []
    names = "name" if len(conflicts) == 1 else "names"
    is_undecided = any(one.reason.endswith(_DIFFERENT) for one in conflicts)
    choice = "; decide with: --on-conflict newest|oldest|existing" if is_undecided else ""
    return [f"{len(conflicts):,} contested {names}, all claims to which are left{choice}"]


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
    is_same = contest.answers[lost.path] == contest.answers[winner]
    if winner == contest.to:
        reason = f"{_label(winner)} has the name it needs" + ", and the same answer" * is_same
    else:
        if is_same:
            why = "the same answer"
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


def _put(document: Any, pointer: str, value: Any) -> None:
    """Replace the value at a pointer none of whose parts is escaped."""
    *above, key = pointer.split("/")[1:]
    for part in above:
        document = document[int(part)] if isinstance(document, list) else document[part]
    document[key] = value


def _label(path: str) -> str:
    """A recording in few digits."""
    name = Name.parse(path.rpartition("/")[2])
    return name.short_hash if name else path


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
        from recctl.gitstore import repository_of  # needed by conflicts only

        repository = repository_of(root)
        added = {} if repository is None else repository.added_at(root / path for path in paths)
        return {path: added.get(root / path) or _changed_at(root / path) for path in paths}

    return ages


def _changed_at(path: Path) -> int:
    try:
        return int(path.stat().st_mtime)
    except OSError:
        raise RefusedError(f"{one_line(path)}: gone while the plan was made; plan again") from None
