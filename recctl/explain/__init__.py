"""Why a recording was not found: what has become of it, or what comes nearest.

`told` and `told_by` read the text of a failed run, `asked` takes a request; `explain` looks in the
corpus and in git's history. Names are looked at first; recordings are read only where names do not
tell, the history only where the corpus does not, and of what is read little is kept.
"""

import json
import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from heapq import nsmallest
from pathlib import Path, PurePosixPath
from typing import Any

from recctl.compare import Statement, compare
from recctl.compare.pairing import Features, features_of, similarity
from recctl.conversation import conversation
from recctl.corpus import Entry, load
from recctl.dialects import (
    Identity,
    Name,
    Standing,
    Table,
    hash_under,
    published,
)
from recctl.difference import ABSENT
from recctl.errors import RecctlError, UnreadableError, UnsoundError
from recctl.explain.asking import asked, is_of, path_of, understood
from recctl.explain.guesses import Changes, Guess, Trials, usual_values
from recctl.explain.past import PastOf
from recctl.explain.told import FULL, Miss, Told, told, told_by
from recctl.explain.values import (
    FOR_MATCH,
    FOR_PROOF,
    Asked,
    Cause,
    Explanation,
    Near,
    Options,
    Place,
    Resemblance,
    Why,
)
from recctl.facts import facts_in
from recctl.gitstore import GitError, Repository
from recctl.recording import Kind, Recording
from recctl.safetext import one_line
from recctl.scan import Means
from recctl.sources import NodeId, Presence, find_test

__all__ = [
    "Asked",
    "Cause",
    "Explanation",
    "Miss",
    "Near",
    "Options",
    "Place",
    "Resemblance",
    "Told",
    "Why",
    "asked",
    "explain",
    "told",
    "told_by",
    "understood",
]

_CANDIDATES = 300
"""So many recordings are looked at closely for each miss."""
_MOST_KEPT = 256_000_000
"""Bytes of the files whose requests are kept in memory, so that none of them is read twice."""
_MOST_OF_A_KIND = 5
_MOST_ROOTS = 3
_MOST_TESTS_IN_HISTORY = 5
_EXCERPT = 80
_FAR = 4
_RESEMBLANCES = (
    Resemblance.TEST,
    Resemblance.FUNCTION,
    Resemblance.NAME,
    Resemblance.MODEL,
)
"""By how near a recording is, see `_Likeness.rank`."""
_TOLD = ("method", "url", "body", "model", "endpoint")
_COMMON = ("method", "url", "body", "payload", "kwargs", "provider", "tool_name", "file_id")
"""Members of a request by which recordings are likened, for all forms of a request have them."""
_WORTH = {0: 0.3, 1: 0.2, 2: 0.1}
"""What likeness by the test adds to the likeness of requests."""


def explain(
    wanted: Sequence[Asked],
    entries: Sequence[Entry],
    repository: Repository | None,
    options: Options,
    means: Means | None = None,
) -> list[Explanation]:
    """Why each recording was not found, among the entries of a corpus and in git's history.

    Reads, and writes nothing. Never raises for what files hold.
    """
    search = _Search(entries, repository, options, means or Means())
    found = [search.by_name(one) for one in wanted]
    left = [place for place, one in enumerate(found) if not one.causes]
    if left:
        search.survey([found[place].asked for place in left])
        for place in left:
            found[place] = search.by_request(found[place])
    left = [place for place in left if not found[place].causes]
    if left and repository is not None:
        try:
            removed = search.in_history([found[place].asked for place in left])
        except GitError as error:
            removed = [[] for _ in left]
            search.tell(f"git's history was not searched: {error}")
        for place, causes in zip(left, removed, strict=True):
            found[place] = search.with_causes(found[place], causes)
        left = [place for place in left if not found[place].causes]
    for place in left:
        found[place] = search.by_likeness(found[place])
    left = [place for place in left if not found[place].causes]
    if left and repository is not None:
        for place in left[:_MOST_TESTS_IN_HISTORY]:
            found[place] = search.in_history_of_test(found[place])
        left = [place for place in left if not found[place].causes]
        removed = search.in_history_of_all([found[place].asked for place in left])
        for place, causes in zip(left, removed, strict=True):
            found[place] = search.with_causes(found[place], causes)
    return [search.concluded(one) for one in found]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is kept of a recording that was read."""

    entry: Entry
    test_id: str | None
    model: str | None
    path: str | None
    kind: Kind | None
    standing: Standing
    node: NodeId | None


class _Search:
    """A corpus, and what has been read of it."""

    def __init__(
        self,
        entries: Sequence[Entry],
        repository: Repository | None,
        options: Options,
        means: Means,
    ) -> None:
        self._entries = entries
        self._repository = repository
        self._table = options.table
        self._means = means
        self._nearest = options.nearest
        self._known: list[_Known] = []
        self._unread: list[str] = []
        self._matches: dict[str, list[tuple[_Known, Identity, str, str]]] = {}
        self._trials = Trials(options.table)
        self._roots_of: dict[tuple[PurePosixPath, ...], list[Path]] = {}
        self._features: dict[str, Features] = {}
        self._turns: dict[str, int] = {}
        self._learned: list[tuple[str, Any]] = []
        self._asked: dict[str, Recording] = {}
        self._room = _MOST_KEPT
        self._notes: list[str] = []
        self._named: dict[str, list[Entry]] = {}
        for entry in entries:
            if name := Name.parse(entry.path.name):
                self._named.setdefault(name.digits, []).append(entry)

    def tell(self, note: str) -> None:
        """Take in what is to be said with every explanation that finds no cause."""
        self._notes.append(note)

    # By its name

    def by_name(self, one: Asked) -> Explanation:
        """What is there under the name that was looked for."""
        digits = self._completed(one.miss.hash)
        one = replace(one, miss=replace(one.miss, hash=digits))
        entries = self._named.get(digits, []) if len(digits) == FULL else []
        is_list = _lists_models(one.miss, self._table)
        read = [(entry, *_read(entry)) for entry in entries]
        owners = {recording.test_id for _, recording, _ in read if recording and recording.test_id}
        if not one.miss.tests and len(owners) == 1:
            one = replace(one, miss=replace(one.miss, tests=tuple(owners)))
        if is_list is None:
            is_list = any(_has_digest(entry) for entry in entries)
        places = self._places(one.miss, is_list=is_list)
        causes = [
            self._of_name(one, entry, recording, flaw, places) for entry, recording, flaw in read
        ]
        seen = {os.path.abspath(entry.path) for entry in entries}  # noqa: PTH100 - links stay
        for place in places:
            # Where the recorder looks may lie outside of what was named.
            if place.is_there and os.path.abspath(place.path) not in seen:  # noqa: PTH100
                entry = Entry(Path(place.path))
                causes.append(self._of_name(one, entry, *_read(entry), places))
        # The recorder takes the first file that it sees, whatever is in it.
        order = [os.path.abspath(place.path) for place in places]  # noqa: PTH100
        causes.sort(key=lambda cause: _place_in(order, os.path.abspath(cause.path)))  # noqa: PTH100
        return Explanation(one, places, tuple(causes))

    def _completed(self, digits: str) -> str:
        """All digits of a hash of which the first are known, if one recording's name has them."""
        if len(digits) == FULL or not digits:
            return digits
        found = {one for one in self._named if one.startswith(digits) and len(one) == FULL}
        return found.pop() if len(found) == 1 else digits

    def _of_name(
        self,
        one: Asked,
        entry: Entry,
        recording: Recording | None,
        flaw: str | None,
        places: Sequence[Place],
    ) -> Cause:
        """What is to be said of a file that has the name that was looked for."""
        path = str(entry.path)
        shown = _shown(path)
        test_id = recording.test_id if recording else None
        looked = [os.path.abspath(place.path) for place in places]  # noqa: PTH100
        here = os.path.abspath(path)  # noqa: PTH100
        lies_right = here in looked or (not one.miss.tests and test_id is None)
        cause = Cause(Why.THERE, path, "", hash=one.miss.hash, test_id=test_id)
        if not lies_right and places:
            target = places[0].path
            owned = test_id in one.miss.tests
            where = _shown(str(PurePosixPath(target).parent))
            verb = "mv" if owned else "cp"
            return replace(
                cause,
                why=Why.ELSEWHERE,
                message="it lies in another folder than the recorder looks in"
                + ("" if owned else ", as another test made it"),
                command=f"mkdir -p {where} && {verb} {shown} {where}/"
                if flaw is None
                else f"recctl validate {shown}",
            )
        if flaw is not None:
            shadowed = ""
            if here in looked:
                after = places[looked.index(here) + 1 :]
                shadowed = "; it hides the one after it" if any(a.is_there for a in after) else ""
            return replace(
                cause,
                why=Why.FLAWED,
                message=f"it is there, but cannot be replayed: {flaw}{shadowed}",
                command=f"recctl validate {shown}",
            )
        message, command = self._of_present(entry.path)
        return replace(cause, message=message, command=command)

    def _of_present(self, path: Path) -> tuple[str, str]:
        """What is to be said of a recording that is where it should be, and what to do."""
        shown = _shown(str(path))
        repository = self._repository
        told_by_git = f"git log --stat -- {shown}"
        if repository is None:
            return "it is there: the run that failed had other files", f"recctl show {shown}"
        if repository.untracked([path]):
            return "it is there, but git does not have it yet", f"git add {shown}"
        if repository.uncommitted([path]):
            return "it is there, but not as git has it committed", f"git status -- {shown}"
        return "it is there and committed: the run that failed had an older tree", told_by_git

    # Where the recorder looks

    def _places(self, miss: Miss, *, is_list: bool) -> tuple[Place, ...]:
        """The paths at which the recorder looks, in its order; without its test's where unknown."""
        own = None if miss.test_id is None else _folder_of(miss.test_id, self._table)
        shared = PurePosixPath(self._table.shared_folder)
        folders = [shared] if own is None else [own, shared]
        digits = miss.hash + ("" if len(miss.hash) == FULL else "…")
        name = f"models-{digits}-*.json" if is_list else f"{digits}.json"
        places: list[Place] = []
        if not miss.hash:
            return ()
        for root in self._roots(folders):
            for folder in dict.fromkeys(folders):
                places += _looked_at(root / folder, name, is_list=is_list)
        return tuple(places)

    def _roots(self, folders: Sequence[PurePosixPath]) -> list[Path]:
        """The folders from which test ids count: those below which such folders lie."""
        wanted = tuple(one for one in folders if one.parts)
        if wanted not in self._roots_of:
            self._roots_of[wanted] = self._found_roots(wanted)
        return self._roots_of[wanted]

    @cached_property
    def _folders(self) -> dict[Path, None]:
        return dict.fromkeys(entry.path.parent for entry in self._entries)

    def _found_roots(self, folders: Sequence[PurePosixPath]) -> list[Path]:
        above = self._folders
        found: dict[Path, None] = {}
        # One part, as that of a test at the top has, is the name of any folder of recordings.
        telling = [one for one in folders if len(one.parts) > 1]
        for wanted in telling:
            found = found or dict.fromkeys(_above(wanted, above))
        for wanted in telling:
            for folder in () if found else above:
                # A test's folder whose recordings are all gone lies beside others.
                if wanted.parts[0] in folder.parts:
                    place = folder.parts.index(wanted.parts[0])
                    found.setdefault(Path(*folder.parts[:place]))
        for wanted in folders:
            found = found or dict.fromkeys(_above(wanted, above))
        if not found:
            top = self._repository.top if self._repository else Path()
            found[Path(os.path.relpath(top))] = None
        return list(found)[:_MOST_ROOTS]

    # By its request

    def survey(self, wanted: Sequence[Asked]) -> None:
        """Read all recordings once, and keep what is of use for some misses."""
        digits = {one.miss.hash for one in wanted if len(one.miss.hash) >= FOR_MATCH}
        short = {one for one in digits if len(one) < FULL}
        models = {one.miss.model for one in wanted}
        unread: list[RecctlError] = []
        for entry, facts in facts_in(self._entries, self._table, self._means, unread):
            known = _Known(
                entry,
                facts.test_id,
                facts.model,
                facts.path,
                facts.kind,
                facts.identity.standing,
                NodeId.parse(facts.test_id) if facts.test_id else None,
            )
            self._known.append(known)
            # No dialect hides which model was asked.
            if digits and (None in models or facts.model in models):
                seen: set[str] = set()
                for dialect, made in _hashes(facts.identity, self._table):
                    found = digits & {made} | {one for one in short if made.startswith(one)}
                    for one in found - seen:
                        match = (known, facts.identity, dialect, made)
                        self._matches.setdefault(one, []).append(match)
                    seen |= found
        self._unread = [str(error) for error in unread]

    @cached_property
    def _values(self) -> list[tuple[str, Any]]:
        """The parameters that are usual; in a large corpus, in the recordings that are kept."""
        return usual_values(self._recording(one) for one in self._known if self._room > 0)

    def by_request(self, before: Explanation) -> Explanation:
        """What is there under other names, but with just this request."""
        before = self._with_whole_tests(before)
        miss = before.asked.miss
        matches = self._matches.get(miss.hash, [])
        if not matches:
            return before
        causes = [self._of_match(*match[:3]) for match in matches[:_MOST_OF_A_KIND]]
        whole = {made for *_, made in matches}
        if len(whole) == 1:
            before = self._with(before, replace(miss, hash=whole.pop()))
        causes.sort(key=lambda cause: list(Why).index(cause.why))
        return self.with_causes(before, causes)

    def _with_whole_tests(self, before: Explanation) -> Explanation:
        """The same with the tests' ids from the root, where a run began further down."""
        ids = {known.test_id for known in self._known if known.test_id}
        miss = before.asked.miss
        tests = []
        for test_id in miss.tests:
            ends = [] if test_id in ids else [one for one in ids if one.endswith(f"/{test_id}")]
            tests.append(ends[0] if len(ends) == 1 else test_id)
        if tuple(tests) == miss.tests:
            return before
        return self._with(before, replace(miss, tests=tuple(tests)))

    def _with(self, before: Explanation, miss: Miss) -> Explanation:
        """An explanation of which more is known: with that, and where the recorder looks then."""
        is_list = bool(_lists_models(miss, self._table))
        return replace(
            before,
            asked=replace(before.asked, miss=miss),
            places=self._places(miss, is_list=is_list),
        )

    def _of_match(self, known: _Known, identity: Identity, dialect: str) -> Cause:
        path = str(known.entry.path)
        name = Name.parse(known.entry.path.name)
        shown = _shown(path)
        cause = Cause(
            Why.STALE, path, "", hash=name.digits if name else None, test_id=known.test_id
        )
        target = self._table.target.name
        if identity.standing is Standing.REACHABLE or dialect != target:
            looked = f"recctl rehash --to {dialect} {shown}"
            return replace(
                cause,
                why=Why.OTHER_DIALECT,
                message=f"the hash is the one of {dialect}; by {target} this recording is"
                + (" found" if identity.standing is Standing.REACHABLE else " not found either"),
                command=looked,
            )
        if identity.standing is Standing.STALE:
            return replace(
                cause,
                message=f"it has just this request, but its name fits {identity.span} only",
                command=f"recctl rehash {shown}",
            )
        return replace(
            cause,
            why=Why.MISNAMED,
            message="it has just this request, but a name that fits no dialect",
            command=f"recctl rehash --include-unreachable {shown}"
            if name
            else f"recctl validate --select bad-name {shown}",
        )

    # In git's history

    def in_history(self, wanted: Sequence[Asked]) -> list[list[Cause]]:
        """What git's history has under the names that were looked for, or of such a request."""
        assert self._repository is not None  # noqa: S101 - not called without
        past = PastOf(self._repository, self._table)
        return past.by_name([one.miss for one in wanted])

    def in_history_of_test(self, before: Explanation) -> Explanation:
        """What the test once had with just this request, but another name."""
        assert self._repository is not None  # noqa: S101 - not called without
        miss = before.asked.miss
        if miss.test_id is None or len(miss.hash) < FOR_PROOF:
            return before
        try:
            causes = PastOf(self._repository, self._table).by_request(miss, miss.test_id)
        except GitError:
            return before  # the search by names has told why
        return self.with_causes(before, causes)

    def in_history_of_all(self, wanted: Sequence[Asked]) -> list[list[Cause]]:
        """What was removed last with just these requests, but other names."""
        assert self._repository is not None  # noqa: S101 - not called without
        places = [place for place, one in enumerate(wanted) if len(one.miss.hash) >= FOR_PROOF]
        causes: list[list[Cause]] = [[] for _ in wanted]
        if places:
            past = PastOf(self._repository, self._table)
            with suppress(GitError):  # the search by names has told why
                known = past.by_requests([wanted[place].miss for place in places])
                for place, found in zip(places, known, strict=True):
                    causes[place] = found
        return causes

    def with_causes(self, before: Explanation, causes: Sequence[Cause]) -> Explanation:
        """An explanation by its causes, with the test that they tell."""
        asked_by = {cause.test_id for cause in causes if cause.test_id}
        if before.asked.miss.test_id is not None or len(asked_by) != 1:
            return replace(before, causes=tuple(causes))
        made = self._with(before, replace(before.asked.miss, tests=tuple(asked_by)))
        return replace(made, causes=tuple(causes))

    # By likeness

    def by_likeness(self, before: Explanation) -> Explanation:
        """What a little change makes the one that was looked for; else what is most like it."""
        miss = before.asked.miss
        likeness = _Likeness(miss)
        # What is known is in order of path, and stays so where ranks are equal.
        ranked = sorted(
            ((likeness.rank(known), known) for known in self._known), key=lambda one: one[0]
        )
        if len(miss.hash) >= FOR_PROOF and (miss.tests or not before.asked.is_exact):
            proof = self._proof(miss, ranked)
            if proof is not None:
                return self._of_proof(before, *proof)
        if before.asked.is_exact and before.asked.request is not None:
            # The request is known: another test may have made just the same.
            for _, known in ranked:
                if known.kind is before.asked.request.kind and known.model == miss.model:
                    other = self._of_other_test(before, known, self._recording(known))
                    if other is not None:
                        return replace(before, causes=(other,))
        if before.asked.request is None:
            return self._with_same(before, ranked)
        likes = [known for rank, known in ranked if rank[0] < _FAR]
        if not likes:
            likes = [known for _, known in ranked if known.kind is before.asked.request.kind]
        nearest = tuple(self._of_nearest(before.asked, before.asked.request, likes[:_CANDIDATES]))
        found = Resemblance.REQUEST if nearest else None
        return replace(before, nearest=nearest, resemblance=found, alike=len(likes))

    def _with_same(
        self, before: Explanation, ranked: Sequence[tuple[tuple[int, ...], _Known]]
    ) -> Explanation:
        """The recordings of the same test, or the next that the text tells.

        Which of them is like the one looked for is not known. First come those that no request
        finds any more, as one of them may have been meant; then as the conversation goes on.
        """
        nearness = ranked[0][0][0] if ranked else _FAR
        if nearness == _FAR:
            return before
        same = [one for one in ranked if one[0][0] == nearness]
        # More of them than that are not told anyway, but each would be read for its turns.
        first = sorted(
            same[:_CANDIDATES],
            key=lambda one: (
                one[0][1:-1],
                one[1].standing is Standing.REACHABLE,
                self._turns_of(one[1]),
            ),
        )
        nearest = tuple(
            Near(
                str(known.entry.path),
                _digits_of(known.entry),
                known.test_id,
                known.standing,
                _last_said(self._recording(known)),
                statements=tuple(_told_differences(before.asked.miss, known)),
            )
            for _, known in first[: self._nearest]
        )
        return replace(
            before, nearest=nearest, resemblance=_RESEMBLANCES[nearness], alike=len(same)
        )

    def _turns_of(self, known: _Known) -> int:
        path = str(known.entry.path)
        if path not in self._turns:
            self._turns[path] = len(conversation(self._recording(known)).turns)
        return self._turns[path]

    def _features_of(self, known: _Known) -> Features:
        path = str(known.entry.path)
        if path not in self._features:
            self._features[path] = features_of(_in_common(self._recording(known)))
        return self._features[path]

    def _proof(
        self, miss: Miss, ranked: Sequence[tuple[tuple[int, ...], _Known]]
    ) -> tuple[_Known, Guess] | None:
        """A recording that a little change makes the one that was looked for, and the change.

        Those of the test come first, with every change; then all others as they are, as a test may
        have a new name; then those like it, with every change.
        """
        own = [known for rank, known in ranked if rank[0] == 0][:_CANDIDATES]
        others = [known for rank, known in ranked if rank[0] > 0]
        like = [known for rank, known in ranked if 0 < rank[0] < _FAR][:_CANDIDATES]
        every = Changes(self._values, drops=True)
        # What was changed once was most likely changed everywhere.
        again = Changes(tuple(self._learned))
        afresh, learned = self._trials.of(miss), self._trials.of(miss, learned=True)
        for trials, group, changes in (
            (learned, [*own, *like] if self._learned else [], again),
            (afresh, own, every),
            (afresh, others, Changes()),
            (afresh, like, every),
        ):
            recordings = ((str(known.entry.path), self._recording(known)) for known in group)
            found = trials.proven(recordings, changes)
            if found is not None:
                place, guess = found
                if guess.parameter is not None and guess.parameter not in self._learned:
                    self._learned.append(guess.parameter)
                return group[place], guess
        return None

    def _recording(self, known: _Known) -> Recording:
        """What a recording asked; one that has gone meanwhile asked nothing."""
        path = str(known.entry.path)
        if path in self._asked:
            return self._asked[path]
        whole = _read(known.entry)[0]
        if whole is None:
            return Recording(known.entry.path.name, {}, 0)
        asked = whole.with_document({"test_id": whole.test_id, "request": whole.request})
        self._room -= whole.size
        if self._room >= 0:
            self._asked[path] = asked
        return asked

    def _of_proof(
        self,
        before: Explanation,
        known: _Known,
        guess: Guess,
    ) -> Explanation:
        recording = self._recording(known)
        test_id = guess.recording.test_id
        tests = before.asked.miss.tests if test_id is None else (test_id,)
        digits = hash_under(self._table.target, guess.recording)
        miss = replace(before.asked.miss, hash=digits, tests=tests)
        one = Asked(miss, guess.recording, is_exact=True, dialect=self._table.target.name)
        after = self._with(replace(before, asked=one), miss)
        if guess.parameter is None and not guess.others:
            other = self._of_other_test(after, known, recording)
            if other is not None:
                return replace(after, causes=(other,))
        cause = Cause(
            Why.ALTERED,
            str(known.entry.path),
            "with one change it is just the request that was looked for",
            self._command_for(known, recording, guess),
            _digits_of(known.entry),
            known.test_id,
            compare(recording, guess.recording, self._table),
        )
        return replace(after, causes=(cause,))

    def _command_for(self, known: _Known, recording: Recording, guess: Guess) -> str | None:
        """The migration that makes of a recording what was looked for, where one command can."""
        shown = _shown(str(known.entry.path))
        if guess.others or guess.parameter is None or recording.test_id != guess.recording.test_id:
            return f"recctl show {shown}"
        _, value = guess.parameter
        pointer = _plain(guess.pointer)
        if value is ABSENT:
            change = f"--delete {_shown(pointer)}"
        else:
            change = f"--set {_shown(f'{pointer}={json.dumps(value)}')}"
        unreachable = " --include-unreachable" if known.standing is Standing.UNREACHABLE else ""
        return f"recctl migrate {change}{unreachable} {shown}"

    def _of_other_test(
        self, before: Explanation, known: _Known, recording: Recording
    ) -> Cause | None:
        """That another test has made just this request; null where it has not."""
        miss = before.asked.miss
        test_id = miss.test_id
        if test_id is None or recording.test_id in (test_id, None):
            return None
        same = recording.asked_by(test_id)
        if not is_of(same, self._table.target, miss.hash):
            return None
        path = str(known.entry.path)
        old, new = NodeId.parse(recording.test_id or ""), NodeId.parse(test_id)
        root = self._roots([_folder_of(test_id, self._table) or PurePosixPath()])[0]
        stays = find_test(root, recording.test_id or "").presence is Presence.PRESENT
        command = f"recctl show {_shown(path)}"
        if old.parameters == new.parameters and not stays:
            change = f"{_of_function(old)}={_of_function(new)}"
            command = f"recctl migrate --rename-test {_shown(change)} {_shown(path)}"
        return Cause(
            Why.OTHER_TEST,
            path,
            f"{one_line(recording.test_id)} made just this request"
            + ("" if stays else "; if it was renamed, its recordings can follow"),
            command,
            _digits_of(known.entry),
            recording.test_id,
        )

    def _of_nearest(
        self, one: Asked, request: Recording, likes: Sequence[_Known]
    ) -> Iterator[Near]:
        likeness = _Likeness(one.miss)
        ranked: list[tuple[tuple[float, int], _Known, float]] = []
        wanted = features_of(_in_common(request))
        for place, known in enumerate(likes):
            near = similarity(wanted, self._features_of(known))
            # A recording of the same test is worth more than one that has more words in common.
            bonus = _WORTH.get(likeness.rank(known)[0], 0.0)
            ranked.append(((-bonus - near, place), known, near))
        for _, known, near in nsmallest(self._nearest, ranked, key=lambda one: one[0]):
            recording = self._recording(known)
            yield Near(
                str(known.entry.path),
                _digits_of(known.entry),
                known.test_id,
                known.standing,
                _last_said(recording),
                near,
                compare(recording, _as_sent(one, request, recording), self._table),
            )

    # The end

    def concluded(self, one: Explanation) -> Explanation:
        """An explanation with the next command, and what it leaves open."""
        notes = (*one.notes, *(() if one.causes else self._notes), *self._left_open(one))
        return replace(one, command=self._next(one), notes=notes)

    def _next(self, one: Explanation) -> str | None:
        """What to run next."""
        miss = one.asked.miss
        if one.causes:
            return next((cause.command for cause in one.causes if cause.command), None)
        first = one.nearest[0] if one.nearest else None
        # Without a hash, a stale recording of the test is all there is to go by.
        if first and not miss.hash and first.standing is Standing.STALE:
            return f"recctl rehash {_shown(first.path)}"
        if first and one.resemblance is Resemblance.REQUEST:
            return f"recctl show {_shown(first.path)}"
        if one.asked.request is not None:
            return None
        asking = "ID" if miss.test_id is None else _shown(miss.test_id)
        return f"recctl why --request FILE --test-id {asking}"

    def _left_open(self, one: Explanation) -> list[str]:
        """What is not known, and what could be done about it."""
        notes = []
        miss = one.asked.miss
        begin = [one for one in self._named if miss.hash and one.startswith(miss.hash)]
        if len(begin) > 1 and not one.causes:
            notes.append(f"{len(begin):,} recordings begin with {miss.hash}: give more digits")
        elif miss.hash and len(miss.hash) < FOR_MATCH and not one.causes:
            notes.append(
                f"{len(miss.hash)} digits are too few to look for requests by: give more of them"
            )
        if not one.causes and one.asked.request is None:
            notes.append(
                "the request itself is not known, only its hash: give it to see what differs"
                if miss.hash
                else "the text does not tell the hash"
            )
        if not miss.tests:
            notes.append(
                "which test asked is not known, and the folder beside it is looked in first:"
                " --test-id ID"
            )
        elif miss.test_id is None:
            notes.append(f"one of {len(miss.tests):,} tests asked; which one is not known")
        if not one.causes and not one.asked.is_exact and self._trials.is_short:
            notes.append("not every change was tried, as so much was asked at once")
        if not one.causes and self._unread:
            more = len(self._unread) - 1
            notes.append(f"not read: {self._unread[0]}" + (f" and {more:,} more" if more else ""))
        if not one.causes and self._repository is not None and self._repository.is_shallow:
            notes.append("this clone is shallow, its history is cut off: git fetch --unshallow")
        if not one.causes and one.nearest:
            notes.append("if the request is meant to be new, record it")
        elif not one.causes and one.asked.request is not None:
            notes.append("nothing is like it: if it is meant to be new, record it")
        elif not one.causes and (miss.tests or miss.model):
            notes.append("no recording is of that test, or of that model and url")
        return notes


# Recordings and paths


def _read(entry: Entry) -> tuple[Recording | None, str | None]:
    """A recording, and why it could not be replayed; null where it cannot be read at all."""
    try:
        recording = load(entry)
    except (UnreadableError, UnsoundError) as error:
        flaw = str(error).removeprefix(one_line(entry.path)).lstrip(": ")
        line, colon, detail = flaw.partition(": ")
        return None, f"line {line}: {detail}" if colon and line.isdecimal() else flaw
    if recording.kind is not None and published().materials[recording.kind].retired:
        return recording, f"no recorder replays kind {recording.kind} any more"
    if "body" not in recording.response:
        return recording, "it has no answer"
    if recording.body is None and recording.response.get("is_exception") is not True:
        return recording, "its answer is empty"
    return recording, None


def _hashes(identity: Identity, table: Table) -> Iterator[tuple[str, str]]:
    """The hashes of a request, the target's first, each with the name of its dialect."""
    if identity.wanted is None:
        return
    yield table.target.name, identity.wanted
    by_dialect = [*zip(table.dialects, identity.hashes, strict=True)]
    for dialect, made in reversed(by_dialect):
        if dialect.name != table.target.name:
            yield dialect.name, made


def _lists_models(miss: Miss, table: Table) -> bool | None:
    """Whether a list of models was asked for; null where that is not known."""
    path = miss.endpoint or path_of(miss.url)
    return None if path is None else path.endswith(tuple(table.model_lists))


def _has_digest(entry: Entry) -> bool:
    name = Name.parse(entry.path.name)
    return name is not None and name.digest is not None


def _digits_of(entry: Entry) -> str | None:
    name = Name.parse(entry.path.name)
    return name.digits if name else None


def _folder_of(test_id: str, table: Table) -> PurePosixPath | None:
    """The folder beside a test's file; null where that would lead out of the tree."""
    file = PurePosixPath(NodeId.parse(test_id).file)
    if file.is_absolute() or ".." in file.parts or "\0" in test_id:
        return None
    return file.parent / table.beside_test


def _above(wanted: PurePosixPath, folders: Iterable[Path]) -> Iterator[Path]:
    """The folders below which some folder has such a path."""
    for folder in folders:
        if folder.parts[-len(wanted.parts) :] == wanted.parts:
            yield Path(*folder.parts[: -len(wanted.parts)])


def _looked_at(folder: Path, name: str, *, is_list: bool) -> Iterator[Place]:
    """The paths of one folder at which the recorder looks: of lists of models, all that fit."""
    found = sorted(folder.glob(name)) if is_list else [folder / name]
    for path in found:
        is_there = os.path.lexists(path)
        yield Place(str(path), is_there, _read(Entry(path))[1] if is_there else None)
    if not found:
        yield Place(str(folder / name))


def _place_in(order: Sequence[str], path: str) -> int:
    return order.index(path) if path in order else len(order)


def _shown(argument: str) -> str:
    """An argument of a command as it is to be typed; what begins like an option is a path."""
    return one_line(shlex.quote(f"./{argument}" if argument.startswith("-") else argument))


def _plain(text: str) -> str:
    """A text in which recctl migrate takes nothing for a sign."""
    return text.replace("\\", "\\\\").replace("=", "\\=")


def _of_function(node: NodeId) -> str:
    """A test's id without its parameters, as recctl migrate takes it."""
    return _plain("::".join((node.file, *node.names)))


def _last_said(recording: Recording) -> str:
    """The start of the last that is said in a request."""
    for turn in reversed(conversation(recording).turns):
        for part in reversed(turn.parts):
            if part.kind in ("text", "result") and part.text.strip():
                words = " ".join(part.text[: 4 * _EXCERPT].split())
                return words if len(words) <= _EXCERPT else words[: _EXCERPT - 1] + "…"
    return ""


# Likeness where only the text is known


_STANDINGS = {standing: place for place, standing in enumerate(Standing)}


class _Likeness:
    """How like a miss recordings are, by what the text tells of it."""

    def __init__(self, miss: Miss) -> None:
        nodes = [NodeId.parse(test_id) for test_id in miss.tests]
        self._tests = frozenset(miss.tests)
        self._functions = {(node.file, node.names) for node in nodes}
        self._names = {node.names[-1] for node in nodes if node.names}
        self._model = miss.model
        self._path = miss.endpoint or path_of(miss.url)

    def rank(self, known: "_Known") -> tuple[int, ...]:
        """Less is more like: of the test, of its function, of one of that name, of the model."""
        same_model = self._model is not None and known.model == self._model
        same_path = self._path is not None and known.path == self._path
        return (
            self._nearness(known, same=same_model and same_path),
            self._model is not None and not same_model,
            self._path is not None and not same_path,
            _STANDINGS[known.standing],
        )

    def _nearness(self, known: "_Known", *, same: bool) -> int:
        node = known.node
        if node is not None and self._tests:
            if known.test_id in self._tests:
                return 0
            if (node.file, node.names) in self._functions:
                return 1
            if node.names and node.names[-1] in self._names:
                return 2
        return 3 if same else _FAR


def _in_common(recording: Recording) -> Recording:
    """A recording's request without what not every form of a request tells.

    Of a bare body, endpoint and headers are not known, and the model is the body's.
    """
    request = {key: recording.request[key] for key in _COMMON if key in recording.request}
    return recording.with_document({"request": request})


def _as_sent(one: Asked, request: Recording, recording: Recording) -> Recording:
    """The request that was looked for, to be compared with a recording.

    What no hash sees of a request and no text tells is taken to be as in the recording, and so is
    the test where it is not known which one asked.
    """
    if request.test_id is None and "test_id" not in request.document:
        request = request.asked_by(recording.test_id)
    if not one.is_bare or request.kind is not recording.kind:
        return request
    mine, other = request.request, recording.request
    untold = {key: value for key, value in other.items() if key not in _TOLD}
    if str(mine.get("url", "")).endswith(str(other.get("endpoint"))):
        untold["endpoint"] = other["endpoint"]
    known = {key: value for key, value in mine.items() if key in _TOLD and key not in untold}
    document = {**request.document, "request": {**mine, **untold, **known}}
    return request.with_document(document)


def _told_differences(miss: Miss, known: _Known) -> Iterator[Statement]:
    """What differs by the text alone."""
    if miss.test_id is not None and known.test_id != miss.test_id:
        yield Statement(f"test is {one_line(known.test_id or 'none')}")
    if miss.model is not None and known.model != miss.model:
        yield Statement(f"model is {one_line(known.model or 'none')}, not {one_line(miss.model)}")
    path = miss.endpoint or path_of(miss.url)
    if path is not None and known.path != path:
        yield Statement(f"path is {one_line(known.path or 'none')}, not {one_line(path)}")
