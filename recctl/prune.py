"""Pruning: recordings that are proven to be of no use are removed, and nothing else.

What is known of one file is a `Candidate`. Pure functions make of all of them the removals, and
what stays and why. A recording that was opened, by any evidence, stays whatever speaks against it.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property, partial
from pathlib import Path, PurePosixPath

from recctl.corpus import Entry, read
from recctl.dialects import (
    Identity,
    MaterialError,
    Name,
    Standing,
    Table,
    identify,
    material_under,
)
from recctl.errors import UnreadableError
from recctl.evidence import Case, Evidence, Judgement, Reason, Verdict, case_of
from recctl.evidence.spelling import spelled, spelled_path
from recctl.jsontext import parse
from recctl.naming import Left, notes_on
from recctl.plan import Plan, RefusedError, Remove, Review, State, below, of
from recctl.recording import Recording
from recctl.rules.origin import roots_above
from recctl.rules.policy import Policy
from recctl.rules.subject import Subject
from recctl.safetext import one_line
from recctl.sources import NodeId, Presence, Sought, find_test

DAY = 86400.0
"""Seconds."""

MAX_SHARE = 25.0
"""Percent of the recordings looked at that may go without `force`."""

_FEW = 3


class Ground(StrEnum):
    """Why a recording may go. Of several that are asked for, one is enough.

    `UNUSED` is proven by evidence, to which the sources belong. An `ORPHAN` is so by the sources
    alone. A `DUPLICATE` is shadowed: whoever asks by its name finds another copy first.
    """

    UNUSED = "unused"
    ORPHAN = "orphan"
    UNREACHABLE = "unreachable"
    STALE = "stale"
    DUPLICATE = "duplicate"


class Stay(StrEnum):
    """Why a recording stays that there are grounds against.

    `HEARD_OF` are those whose test is not in the sources, but in the evidence.
    """

    OPENED = "opened"
    HEARD_OF = "heard of"
    LINKED = "linked"
    YOUNG = "young"


_BY_HASH = (Ground.UNREACHABLE, Ground.STALE, Ground.DUPLICATE)


_OPEN_TO_SOURCES = frozenset({Reason.NEVER_RAN, Reason.PARTIAL_LIST})
"""Why nothing is known of a test that no list and no run has."""


@dataclass(frozen=True)
class Proof:
    """Evidence, brought to bear on the recordings at some paths from a root.

    No path among them is a link.
    """

    evidence: Evidence
    paths: frozenset[str] = frozenset()

    def judgement(self, path: str, recording: Recording, table: Table, sought: Sought) -> Judgement:
        """The verdict on the recording at a path. `sought` is what the sources say of its test.

        Where an opened file has the recording's name and is none of those at the paths, it may be
        this one: reached through a link, or lying elsewhere in another checkout. Sources that lack
        the test prove what lists and traces that have never heard of it leave open.
        """
        case = case_of(path, recording, table)
        made = self.evidence.judge(case, in_sources=self._may_live(case.test_id, sought))
        elsewhere = self._elsewhere.get(spelled_path(path).rpartition("/")[2])
        if made.verdict is not Verdict.USED and elsewhere is not None:
            text = f"a file of its name was opened: {one_line(elsewhere)}"
            return Judgement(Verdict.USED, Reason.OPENED, text)
        is_gone = sought.presence is Presence.GONE and not case.shared
        if is_gone and made.reason in _OPEN_TO_SOURCES:
            text = f"its test is gone: {one_line(sought.reason)}"
            return Judgement(Verdict.UNUSED, Reason.NOT_LISTED, text)
        return made

    def about(self, path: str, recording: Recording, table: Table) -> tuple[str, ...]:
        """All that the evidence holds on one recording, a line each."""
        return self.evidence.about(case_of(path, recording, table))

    def heard_of(self, test_id: str | None) -> bool:
        """Whether a test is in a list or ended in a run."""
        if test_id is None:
            return False
        test = spelled(test_id)
        return test in self.evidence.listed or test in self.evidence.endings

    def _may_live(self, test_id: str | None, sought: Sought) -> bool:
        """Whether its absence from lists proves nothing of a test.

        If the sources cannot tell, its file may not have been collected at all: a list shows that
        it was by any other test of it.
        """
        if test_id is None or sought.presence is not Presence.UNKNOWN or not sought.reason:
            return sought.presence is Presence.PRESENT
        return spelled(NodeId.parse(test_id).file) not in self._listed_files

    @cached_property
    def _listed_files(self) -> frozenset[str]:
        return frozenset(test.partition("::")[0] for test in self.evidence.listed)

    @cached_property
    def _elsewhere(self) -> Mapping[str, str]:
        """File names -> an opened path that leads to none of the paths."""
        by_name = defaultdict[str, list[str]](list)
        for path in map(spelled_path, self.paths):
            by_name[path.rpartition("/")[2]].append(path)
        found: dict[str, str] = {}
        for opened in sorted(self.evidence.openings):
            name = opened.rpartition("/")[2]
            alike = by_name.get(name)
            if alike and not any(_is_same(opened, path) for path in alike):
                found.setdefault(name, opened)
        return found


def _is_same(one: str, other: str) -> bool:
    """Whether two paths may be of one file, counted from different roots."""
    return one == other or one.endswith(f"/{other}") or other.endswith(f"/{one}")


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for, and what is known.

    `grace` is the age in seconds below which a file stays, `max_share` the percentage of the
    recordings looked at above which a plan is refused. `force` makes such a plan, and one that
    takes every recording of a folder.
    """

    grounds: frozenset[Ground]
    policy: Policy
    proof: Proof | None = None
    grace: float = DAY
    max_share: float = MAX_SHARE
    force: bool = False

    def asks(self, *grounds: Ground) -> bool:
        """Whether one of the grounds is asked for."""
        return not self.grounds.isdisjoint(grounds)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of one recording, which lies at `path` from the root.

    `shown` is its path as the user knows it; `modified` is in seconds since 1970. `judgement` is
    null without evidence, `identity` where no ground needs it. `gone` says why nobody can ask for
    it by the sources, which lack its test; null for what others may ask for. `asker` is the one
    test that can ask by the file's name. `link` leads to the file.
    """

    path: str
    shown: str
    state: State
    modified: float
    test_id: str | None = None
    judgement: Judgement | None = None
    gone: str | None = None
    identity: Identity | None = None
    asker: str | None = None
    link: str | None = None

    @property
    def folder(self) -> str:
        """The folder from the root; empty for the root itself."""
        return self.path.rpartition("/")[0]

    @property
    def file_name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate, the grounds that hold with their reasons, and why it stays nevertheless.

    `kept` says the latter in one line.
    """

    candidate: Candidate
    grounds: Mapping[Ground, str]
    stay: Stay | None = None
    kept: str = ""

    @property
    def goes(self) -> bool:
        """Whether the recording is to be removed."""
        return bool(self.grounds) and self.stay is None

    @property
    def verdict(self) -> Verdict | None:
        """What the evidence says; null without any."""
        return self.candidate.judgement.verdict if self.candidate.judgement else None

    @property
    def reason(self) -> str:
        """The grounds in one line."""
        return "; ".join(f"{ground}: {why}" for ground, why in self.grounds.items())


@dataclass(frozen=True, slots=True)
class Prune:
    """A plan, all that was judged for it, and the files that are no recordings that it may take.

    `stays` is what is left and why. `bare_tests` and `bare_folders` lose their last recording.
    `only_here` are the files to be removed that git does not have as they are; `checkout` is the
    command that gets the others from git, null where it has none.
    """

    plan: Plan
    judged: tuple[Judged, ...]
    stays: tuple[Left, ...]
    bare_tests: tuple[str, ...] = ()
    bare_folders: tuple[str, ...] = ()
    only_here: tuple[str, ...] = ()
    checkout: str | None = None


# Deciding


def judge(candidates: Sequence[Candidate], options: Options, now: float) -> tuple[Judged, ...]:
    """What becomes of each candidate, in their order. `now` is in seconds since 1970.

    Only `DUPLICATE` looks at other files: the copy that is found must be one that stays.
    """
    alone = [_judged(one, _grounds(one, options), options, now) for one in candidates]
    if not options.asks(Ground.DUPLICATE):
        return tuple(alone)
    going = {one.candidate.path for one in alone if one.goes}
    shadows = shadowed(candidates, options.policy.table)
    made = []
    for one in alone:
        winner = shadows.get(one.candidate.path)
        grounds = dict(one.grounds)
        if winner is not None and winner not in going:
            grounds[Ground.DUPLICATE] = f"its test finds {winner} first"
        made.append(_judged(one.candidate, grounds, options, now))
    return tuple(made)


def shadowed(candidates: Iterable[Candidate], table: Table) -> Mapping[str, str]:
    """The paths of copies that nobody finds -> the copy that is found instead.

    A name holds the hash of a request. Where a test id goes into that, one test alone can ask by
    the name, and it looks beside its file first, then in the shared folder. So the first of the
    two that has a copy shadows the other, and those in folders where it never looks. If neither
    has one, the copies are misplaced, and nothing is shadowed.

    Nothing is said of names by which several tests may ask, as for a tool's call: each of them
    finds the copy beside itself. Nor of lists of models, all of which are read. Nor where it is
    open which of several trees a test would be run in.
    """
    copies = defaultdict[str, list[Candidate]](list)
    for one in candidates:
        copies[one.file_name].append(one)
    found: dict[str, str] = {}
    for file_name, alike in copies.items():
        name = Name.parse(file_name)
        if len(alike) > 1 and name is not None and name.digest is None:
            found |= _shadowed(alike, table)
    return found


def _shadowed(alike: Sequence[Candidate], table: Table) -> dict[str, str]:
    """The same of copies of one name."""
    askers = {one.asker for one in alike if one.asker is not None}
    if len(askers) != 1:
        return {}
    beside = PurePosixPath(NodeId.parse(askers.pop()).file).parent / table.beside_test
    looked_in = (beside.parts, PurePosixPath(table.shared_folder).parts)
    bases = [{one.path: _base(one.folder, ending) for one in alike} for ending in looked_in]
    for by_path in bases:
        holding = [(path, base) for path, base in by_path.items() if base is not None]
        if holding:
            break
    if len(holding) != 1:
        return {}
    ((winner, base),) = holding
    found = {}
    for one in alike:
        others = {by_path[one.path] for by_path in bases} - {None, base}
        inside = PurePosixPath(one.folder).parts[: len(base)] == base
        if one.path != winner and inside and not others:
            found[one.path] = winner
    return found


def _base(folder: str, ending: tuple[str, ...]) -> tuple[str, ...] | None:
    """The part of a folder's path before an ending; null where it ends otherwise."""
    parts = PurePosixPath(folder).parts
    start = len(parts) - len(ending)
    return parts[:start] if start >= 0 and parts[start:] == ending else None


def _grounds(candidate: Candidate, options: Options) -> dict[Ground, str]:
    """Of the grounds that are asked for, those that hold whatever other files there are."""
    found = {}
    judgement, identity = candidate.judgement, candidate.identity
    if options.asks(Ground.UNUSED) and judgement and judgement.verdict is Verdict.UNUSED:
        found[Ground.UNUSED] = judgement.text
    if options.asks(Ground.ORPHAN) and candidate.gone is not None:
        found[Ground.ORPHAN] = candidate.gone
    if identity is None:
        return found
    if options.asks(Ground.UNREACHABLE) and identity.standing is Standing.UNREACHABLE:
        found[Ground.UNREACHABLE] = "no dialect gives its name"
    if options.asks(Ground.STALE) and identity.standing is Standing.STALE:
        is_short = options.policy.table.target in identity.fitting
        found[Ground.STALE] = "a short name" if is_short else f"fits {identity.span} only"
    return found


def _judged(
    candidate: Candidate, grounds: Mapping[Ground, str], options: Options, now: float
) -> Judged:
    """A candidate with what speaks for it, if there is anything against it."""
    if not grounds:
        return Judged(candidate, grounds)
    judgement, proof, first = candidate.judgement, options.proof, next(iter(grounds))
    if judgement and judgement.verdict is Verdict.USED:
        return Judged(candidate, grounds, Stay.OPENED, f"{first}, but {judgement.text}")
    if set(grounds) == {Ground.ORPHAN} and proof and proof.heard_of(candidate.test_id):
        return Judged(candidate, grounds, Stay.HEARD_OF, "orphan, but the evidence has its test")
    if candidate.link is not None:
        return Judged(candidate, grounds, Stay.LINKED, f"{first}, but a link leads to it")
    if candidate.modified > now - options.grace:
        young = f"{first}, but younger than {told_age(options.grace)}"
        return Judged(candidate, grounds, Stay.YOUNG, young)
    return Judged(candidate, grounds)


def told_age(seconds: float) -> str:
    """An age in the largest unit of which it is a whole number."""
    for unit, length in (("day", DAY), ("hour", 3600.0), ("minute", 60.0)):
        if seconds >= length and seconds % length == 0:
            count = int(seconds // length)
            return f"{count:,} {unit}{'' if count == 1 else 's'}"
    return f"{seconds:g} seconds"


# Planning


def planned(
    root: Path,
    judged: Sequence[Judged],
    left: Iterable[Left],
    options: Options,
    populations: Mapping[str, int],
) -> Prune:
    """The plan that removes what goes. `populations` count the recordings that each folder holds.

    Raises RefusedError where it would take too much, unless `force` is set.
    """
    going = sorted((one for one in judged if one.goes), key=_order)
    taken = Counter(one.candidate.folder for one in going)
    bare = tuple(sorted(one for one, count in taken.items() if count >= populations[one]))
    if not options.force:
        _refuse_much(len(going), len(judged), bare, options.max_share)
    actions = [Remove(one.candidate.path, one.candidate.state, _review(one)) for one in going]
    return Prune(
        of("prune", root, actions),
        tuple(judged),
        (*_staying(judged, options), *left),
        _bare_tests(judged),
        tuple(one or "." for one in bare),
    )


def _refuse_much(going: int, looked_at: int, bare: Sequence[str], max_share: float) -> None:
    advice = "; to look at the plan nevertheless: --force"
    if going * 100 > max_share * looked_at:
        share = f"{going:,} of {looked_at:,} recordings, {going * 100 / looked_at:.0f} %"
        raise RefusedError(f"it would remove {share}, of --max-share {max_share:g}{advice}")
    if bare:
        folders = _some([one or "." for one in bare], _FEW)
        raise RefusedError(f"it would remove every recording of {folders}{advice}")


def _review(one: Judged) -> Review:
    name = Name.parse(one.candidate.file_name)
    return Review(one.reason, one.candidate.test_id, name.short_hash if name else "")


def _staying(judged: Iterable[Judged], options: Options) -> Iterator[Left]:
    for one in judged:
        candidate = one.candidate
        if one.stay is not None:
            yield Left(candidate.shown, one.kept, candidate.link or "")
        elif one.grounds or not options.asks(Ground.UNUSED):
            continue
        elif candidate.judgement and one.verdict is Verdict.UNKNOWN:
            yield Left(candidate.shown, f"unknown ({candidate.judgement.text})")


def _bare_tests(judged: Iterable[Judged]) -> tuple[str, ...]:
    """The tests that lose their last recording, but for those that are themselves gone."""
    losing: set[str] = set()
    keeping: set[str] = set()
    for one in judged:
        if one.candidate.test_id is not None and one.candidate.gone is None:
            (losing if one.goes else keeping).add(one.candidate.test_id)
    return tuple(sorted(losing - keeping))


def _order(one: Judged) -> tuple[bool, str, str, str]:
    """By test, and what is alike together; what has no test last, by folder."""
    test_id = one.candidate.test_id
    place = one.candidate.folder if test_id is None else test_id
    return test_id is None, place, one.reason, one.candidate.path


# Telling


def notes(prune: Prune, *, whole: bool) -> list[str]:
    """What stays and why, and what removals leave behind: a few of each, or, `whole`, all."""
    lines = [census(prune), *notes_on(prune.stays, (), whole=whole)]
    for count, about, found in (
        ("tests", "left with no recording at all", prune.bare_tests),
        ("folders", "left with no recording in them", prune.bare_folders),
        ("files", "not in git as they are, so that only the receipt keeps them", prune.only_here),
    ):
        if found:
            shown = _some(found, None if whole else _FEW)
            lines.append(f"{count} {about} ({len(found):,}): {shown}")
    if prune.checkout is not None:
        lines.append(
            f"what git has comes back, at the top of the work tree, with: {prune.checkout}"
        )
    return lines


def census(prune: Prune) -> str:
    """How many recordings were looked at, and what the evidence says of them, in one line."""
    counts = Counter(one.verdict for one in prune.judged)
    told = ", ".join(f"{counts[one]:,} {one}" for one in Verdict if counts[one])
    total = len(prune.judged)
    looked_at = f"{total:,} recording{'' if total == 1 else 's'} looked at"
    return f"{looked_at}; by the evidence {told}" if told else looked_at


def explained(one: Judged, table: Table, sought: Sought, about: Iterable[str]) -> list[str]:
    """One recording's case, line by line. `about` is what the evidence holds on it."""
    candidate = one.candidate
    lines = [candidate.shown, f"  test: {candidate.test_id or 'none, it is shared'}"]
    if candidate.identity is not None:
        span = candidate.identity.span
        lines.append(
            f"  name: {candidate.identity.standing} under {table.target.name}; fits {span}"
        )
    lines.append(f"  sources: {sought.presence}" + (f", {sought.reason}" if sought.reason else ""))
    if candidate.judgement is None:
        lines.append("  evidence: none given; give --tests FILE, --trace FILE or several of them")
    else:
        lines += (f"  evidence: {line}" for line in about)
        lines.append(f"  verdict: {candidate.judgement.verdict}: {candidate.judgement.text}")
    if one.goes:
        lines.append(f"  goes: {one.reason}")
    else:
        lines.append(f"  stays: {one.kept or 'no ground holds of those that are asked for'}")
    return [one_line(line) for line in lines]


def _some(names: Sequence[str], most: int | None) -> str:
    shown = ", ".join(map(one_line, names[:most]))
    more = 0 if most is None else len(names) - most
    return f"{shown} and {more:,} more" if more > 0 else shown


# Reading

Map = Callable[
    [Callable[[Entry], "Candidate | Left"], Iterable[Entry]], Iterable["Candidate | Left"]
]
"""`map`, or an executor's, which must keep the order."""


def plan_prune(
    entries: Iterable[Entry], root: Path, options: Options, now: float, *, apply: Map = map
) -> Prune:
    """The plan that prunes the recordings below a root. Reads them and git, writes nothing.

    `now` is in seconds since 1970. Raises RefusedError for a plan that takes too much and for a
    file that is not below the root, and GitError.
    """
    candidates, left = candidates_of(entries, root, options, apply=apply)
    judged = judge(candidates, options, now)
    going = [one.candidate for one in judged if one.goes]
    populations = {folder: _population(root / folder) for folder in {one.folder for one in going}}
    made = planned(root, judged, left, options, populations)
    return _with_git(made, [one.path for one in going])


def proof_for(evidence: Evidence, entries: Iterable[Entry], root: Path) -> Proof:
    """Evidence for files below a root. Raises RefusedError for one that is not."""
    folders = _folders(entries, root)
    named = (one.path for one in entries if not one.path.is_symlink())
    return Proof(evidence, frozenset(_place(folders, path) for path in named))


def judgement_on(
    proof: Proof, root: Path, policy: Policy, entry: Entry, recording: Recording
) -> Judgement:
    """The verdict on an entry's recording. Raises RefusedError for one that is not below the root.

    A link is judged by the file that it leads to.
    """
    place = entry.path.resolve() if entry.path.is_symlink() else entry.path
    sought = sought_of(recording, place, policy)
    return proof.judgement(below(root, place), recording, policy.table, sought)


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
    except _LeavingError as error:
        return Left(str(place), error.why, error.detail)
    path, table = _place(folders, place), options.policy.table
    judgement = identity = asker = None
    sought = sought_of(recording, place, options.policy)
    if options.proof is not None:
        judgement = options.proof.judgement(path, recording, table, sought)
    if options.asks(*_BY_HASH):
        identity = identify(recording, table)
        if place.name in repeated and identity.standing is Standing.REACHABLE:
            asker = _asker(recording, table)
    return Candidate(
        path,
        str(place),
        State.of(raw),
        modified,
        recording.test_id,
        judgement,
        _gone(case_of(path, recording, table), sought),
        identity,
        asker,
        links.get(os.path.realpath(place)) if links else None,
    )


class _LeavingError(Exception):
    """A file is not taken, whatever its use."""

    def __init__(self, why: str, detail: str = "") -> None:
        super().__init__(why, detail)
        self.why = why
        self.detail = detail


def _content(entry: Entry) -> tuple[bytes, float]:
    """A file's bytes, and when they were last changed, in seconds since 1970."""
    if entry.path.is_symlink():
        raise _LeavingError("behind a link")
    try:
        return read(entry), entry.path.stat().st_mtime
    except UnreadableError as error:
        raise _LeavingError("unreadable", str(error)) from None
    except OSError:
        raise _LeavingError("unreadable", "gone meanwhile") from None


def _recording(file_name: str, raw: bytes) -> Recording:
    """The recording that a file is recognised as: by name, request, response and kind."""
    parsed = parse(raw)
    if parsed.flaws:
        flaw = parsed.flaws[0]
        raise _LeavingError("unreadable", f"line {flaw.line}: {flaw.detail}")
    if Name.parse(file_name) is None:
        raise _LeavingError("without a recording's name")
    if not Recording.is_interaction(parsed.value):
        raise _LeavingError("without request and response")
    recording = Recording(file_name, parsed.value, len(raw))
    if recording.kind is None:
        raise _LeavingError("of no known kind")
    return recording


def sought_of(recording: Recording, place: Path, policy: Policy) -> Sought:
    """What the sources say of a recording's test, in all trees where it may be.

    Without a test id, and where there are no sources, it is unknown for no reason.
    """
    test_id = recording.test_id
    if test_id is None:
        return _NOTHING_KNOWN
    folder = Path(os.path.abspath(place)).parent.parts  # noqa: PTH100 - links stay
    subject = Subject(place, folder, size=recording.size, recording=recording, policy=policy)
    found = [
        find_test(root, test_id) for root in policy.test_roots or roots_above(subject, test_id)
    ]
    for presence in (Presence.PRESENT, Presence.UNKNOWN):
        for one in found:
            if one.presence is presence:
                return one
    if not found:
        return _NOTHING_KNOWN
    return Sought(Presence.GONE, "; ".join(dict.fromkeys(one.reason for one in found)))


def _gone(case: Case, sought: Sought) -> str | None:
    """Why nobody can ask for a recording any more, by the sources."""
    return sought.reason if sought.presence is Presence.GONE and not case.shared else None


_NOTHING_KNOWN = Sought(Presence.UNKNOWN, "")


def _asker(recording: Recording, table: Table) -> str | None:
    """The one test that can ask by a name that the target gives; null where several can."""
    try:
        asker = material_under(table.target, recording).get("test_id")
    except MaterialError:
        return None
    return asker if isinstance(asker, str) else None


def _folders(entries: Iterable[Entry], root: Path) -> dict[Path, str]:
    """Folders as the user knows them -> from the root, links in them resolved."""
    folders = {entry.path.parent for entry in entries}
    return {folder: below(root, folder / "x").rpartition("/")[0] for folder in folders}


def _place(folders: Mapping[Path, str], path: Path) -> str:
    folder = folders[path.parent]
    return f"{folder}/{path.name}" if folder else path.name


def _population(folder: Path) -> int:
    """How many files with a recording's name a folder holds."""
    try:
        with os.scandir(folder) as held:
            return sum(1 for one in held if Name.parse(one.name))
    except OSError:
        return 0


# What git has


def _with_git(made: Prune, paths: Sequence[str]) -> Prune:
    """The same, with what git has of the files to be removed told apart."""
    from recctl.gitstore import repository_of  # noqa: PLC0415 - needed by removals only

    if not paths:
        return made
    root = made.plan.root
    repository = repository_of(root)
    head = repository.head() if repository else None
    if repository is None or head is None:
        return replace(made, only_here=tuple(paths))
    places = {root / path: path for path in paths}
    lacking = repository.untracked(places) | repository.uncommitted(places)
    has = [path for place, path in places.items() if place not in lacking]
    return replace(
        made,
        only_here=tuple(path for place, path in places.items() if place in lacking),
        checkout=checkout_line(head, has) if has else None,
    )


def checkout_line(commit: str, paths: Sequence[str]) -> str:
    """The git command that brings files back from a commit, to be called at the top.

    Of more than a few it names the folders, and brings back all that is missing in them. It works
    before the removal is committed, and after.
    """
    from shlex import quote  # noqa: PLC0415 - needed by removals only

    short = commit[:12]
    if len(paths) <= _FEW:
        return f"git --literal-pathspecs checkout {short} -- {' '.join(map(quote, paths))}"
    folders = sorted({path.rpartition("/")[0] or "." for path in paths})
    return (
        f"git --literal-pathspecs diff -z --name-only --no-renames --diff-filter=D {short} --"
        f" {' '.join(map(quote, folders))} | git --literal-pathspecs checkout {short}"
        " --pathspec-from-file=- --pathspec-file-nul"
    )
