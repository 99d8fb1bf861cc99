"""Migration: requests, test ids and type names are changed on purpose, and the names follow.

What is to be done with one file is a pure function of its bytes. Only what is asked for changes in
it, and the ids that its old name gave.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from recctl import naming
from recctl.amendments import (
    Amended,
    Amendment,
    RenameTest,
    RenameType,
    amended,
    told,
)
from recctl.corpus import Entry, read
from recctl.dialects import (
    MaterialError,
    Name,
    Standing,
    Table,
)
from recctl.difference import is_same
from recctl.errors import UnreadableError, UsageError
from recctl.jsontext import Parsed, parse
from recctl.naming import Ages, Claim, Contents, LeavingError, Left, OnConflict, Why
from recctl.plan import (
    Action,
    Edit,
    Plan,
    RefusedError,
    Remove,
    Rename,
    Review,
    Splice,
    below,
    edit,
    of,
)
from recctl.plan.actions import spliced
from recctl.recording import Recording
from recctl.safetext import one_line
from recctl.sources import NodeId
from recctl.splices import by_text, extent, splices_for
from recctl.wording import plural

Accepts = Callable[[Recording], bool]
"""Whether a recording is of those that are meant."""

_FEW = 3
_LONGEST = 120


_ASIDE: Mapping[str, str] = {
    Why.UNREACHABLE: ", as the name does not fit the request even now;"
    " taken along with: --include-unreachable",
    Why.WITHOUT_TEST_ID: "; name the tests first: recctl rehash --test-ids FILE",
    Why.UNNAMED: "; see: recctl validate --select bad-name",
    Why.FLAWED: "; see: recctl validate",
    Why.UNREADABLE: "; see: recctl validate",
    Why.LINK: "; name what the link leads to",
}
"""What is to be said of all files that are left for one reason."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for: which amendments in which order, and by which table names are given.

    Of the table the target counts.
    """

    amendments: tuple[Amendment, ...]
    table: Table
    include_unreachable: bool = False


@dataclass(frozen=True, slots=True)
class Examined:
    """What comes of one file: a claim to another name, an edit under its own, or why neither.

    Without any, the file is not meant or already as asked for. `matched` are the places of the
    amendments that found something in it. `standing` is how a recording stood whose name was to be
    given anew; null for others. `asks_otherwise` says that what was sent changes.
    """

    is_selected: bool = False
    matched: frozenset[int] = frozenset()
    claim: Claim | None = None
    edit: Edit | None = None
    left: Left | None = None
    standing: Standing | None = None
    asks_otherwise: bool = False


@dataclass(frozen=True, slots=True)
class Migration:
    """A plan, and what it leaves.

    `selected` counts the recordings that are meant, `unmatched` are the amendments that found
    nothing in any of them. `foreign` are the new paths of recordings with `rec-` ids of a third
    hash. `standings` and `asking_otherwise` count the recordings in the plan.
    """

    plan: Plan
    left: tuple[Left, ...]
    foreign: tuple[str, ...]
    selected: int
    unmatched: tuple[Amendment, ...]
    standings: Mapping[Standing, int]
    asking_otherwise: int

    @property
    def is_complete(self) -> bool:
        """Whether all that was asked for is in the plan, or was so already."""
        return bool(self.selected) and not (self.left or self.unmatched or self.plan.conflicts)


def plan_migration(
    entries: Iterable[Entry],
    root: Path,
    options: Options,
    accepts: Accepts = lambda _: True,
    on_conflict: OnConflict = OnConflict.REPORT,
    *,
    contents: Contents | None = None,
    ages: Ages | None = None,
) -> Migration:
    """The plan that amends recordings below a root. Reads them, and writes nothing.

    `contents` and `ages` are those of the files below the root where nothing else is given. Raises
    RefusedError for a file that is not below the root, for one that changes meanwhile, and for
    changes that cannot go together.
    """
    contents = contents or naming.contents_below(root)
    made: dict[str, Examined] = {}
    links: list[Left] = []
    for entry in entries:
        if entry.path.is_symlink():
            links.append(Left(str(entry.path), Why.LINK))
            continue
        path = below(root, entry.path)
        try:
            raw = read(entry)
        except UnreadableError as error:
            made[path] = Examined(left=Left(str(entry.path), Why.UNREADABLE, str(error)))
            continue
        made[path] = examined(path, raw, options, accepts, entry)
    edits = {path: one.edit for path, one in made.items() if one.edit}
    claims = [one.claim for one in made.values() if one.claim]
    settled = naming.settle(
        claims,
        on_conflict,
        options.table,
        _with_edits(contents, edits),
        ages or naming.ages_below(root),
    )
    actions = sorted([*settled.actions, *edits.values()], key=_order)
    plan = of("migrate", root, actions, settled.conflicts)
    done = [made[one.path] for one in actions if not isinstance(one, Remove)]
    matched = frozenset[int]().union(*(one.matched for one in made.values()))
    return Migration(
        plan,
        (*(one.left for one in made.values() if one.left), *links),
        tuple(one.to for one in claims if one.foreign_ids and one.to in plan.after),
        sum(one.is_selected for one in made.values()),
        tuple(one for at, one in enumerate(options.amendments) if at not in matched),
        {standing: sum(one.standing is standing for one in done) for standing in Standing},
        sum(one.asks_otherwise for one in done),
    )


def examined(
    path: str, raw: bytes, options: Options, accepts: Accepts, entry: Entry | None = None
) -> Examined:
    """What is to become of one file, whose bytes are given. Never raises.

    `path` counts from the root; the entry's from the working directory.
    """
    entry = entry or Entry(Path(path))
    shown = str(entry.path)
    parsed = parse(raw)
    if not parsed.readable or not Recording.is_interaction(parsed.value):
        detail = _flaw(parsed) if parsed.flaws else "no recording"
        return Examined(left=Left(shown, Why.UNREADABLE, detail))
    recording = Recording(entry.path.name, parsed.value, len(raw))
    if not accepts(recording):
        return Examined()
    made = amended(recording.document, options.amendments)
    if not made.differences:
        return Examined(is_selected=True, matched=made.matched)
    try:
        file = _File(path, raw, parsed, recording)
        claim, edited, standing = _change(file, made, options)
    except LeavingError as error:
        left = Left(shown, error.why, error.detail)
    except MaterialError as error:
        left = Left(shown, Why.UNHASHABLE, str(error))
    else:
        asks_otherwise = bool(told(made.differences))
        return Examined(True, made.matched, claim, edited, None, standing, asks_otherwise)
    return Examined(is_selected=True, matched=made.matched, left=left)


def notes(migration: Migration, *, whole: bool) -> list[str]:
    """What to bear in mind, and what is left: a line for each reason, or for each file."""
    lines = []
    if migration.asking_otherwise:
        lines.append(
            f"{migration.asking_otherwise:,} with another request: their stored answers were given"
            " to the old ones"
        )
    if stale := migration.standings.get(Standing.STALE, 0):
        lines.append(f"{stale:,} stale, which get the names of the target dialect, too")
    if unreachable := migration.standings.get(Standing.UNREACHABLE, 0):
        lines.append(f"{unreachable:,} had names that did not fit their requests, and get others")
    return [*lines, *naming.notes_on(migration.left, migration.foreign, whole=whole)]


def advice(migration: Migration) -> list[str]:
    """What was not done and what to do about it, in numbers: a line for each reason."""
    recordings = plural(migration.selected, "recording")
    lines = [
        f"{one.option} {_cut(one_line(one.given))}: matches nothing in {recordings}"
        for one in migration.unmatched
        if migration.selected
    ]
    return [
        *lines,
        *naming.advice_on(migration.left, migration.foreign, _ASIDE),
        *naming.advice_on_conflicts(migration.plan.conflicts),
    ]


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it is: where it lies from the root, its bytes and what they say."""

    path: str
    raw: bytes
    parsed: Parsed
    recording: Recording


def _change(
    file: _File, made: Amended, options: Options
) -> tuple[Claim | None, Edit | None, Standing | None]:
    """The claim or the edit of a recording, and how it stood. Raises MaterialError.

    Only a request or a test id gives a name. Where neither changes, the name stays, right or not.
    """
    path, old = file.path, file.recording
    if file.parsed.flaws:
        raise LeavingError(Why.FLAWED, _flaw(file.parsed))
    splices = _splices(file, made)
    new = Recording(old.file_name, made.document, old.size)
    reason = _reason(made, options.amendments)
    if all(one.pointer.startswith("/response/") for one in made.differences):
        name = Name.parse(old.file_name)
        review = Review(reason, new.test_id, name.short_hash if name else "")
        return None, edit(path, file.raw, splices, review), None
    identity = naming.standing_before(
        old, options.table, include_unreachable=options.include_unreachable
    )
    if naming.lacks_test_id(new, identity, options.table):
        raise LeavingError(Why.WITHOUT_TEST_ID)
    name = naming.name_for(new, options.table)
    folder = _folder(path, old, new, name, options.table)
    reason += _WAS.get(identity.standing, "")
    claim = naming.claim(path, file.raw, new, name, folder, reason=reason, edits=splices)
    if claim.to != path:
        _check_place(claim)
        return claim, None, identity.standing
    return None, Edit(path, claim.before, claim.after, claim.edits, claim.review), identity.standing


def _check_place(claim: Claim) -> None:
    """A test id is a recorded text: where it leads, no plan may go, or no file can be."""
    try:
        of("migrate", Path(), [Rename(claim.path, claim.to, claim.before, claim.after)])
    except RefusedError as error:
        raise LeavingError(Why.OUTSIDE, str(error)) from None


_WAS = {Standing.STALE: "; was stale", Standing.UNREACHABLE: "; was unreachable"}


def _splices(file: _File, made: Amended) -> Sequence[Splice]:
    """The edits of a file's bytes, of which it is known that they make what was meant."""
    found = by_text(file.raw, [(one.old, one.new) for one in made.differences])
    if found is not None:
        return found
    text = file.parsed.text
    splices = splices_for(text, made.differences)
    # Only the members that change are read again.
    keys = {one.pointer.split("/")[1] for one in made.differences}
    start, end = extent(text, keys)
    offset = len(text[:start].encode())
    local = [replace(one, offset=one.offset - offset) for one in splices]
    again = parse(b"{" + spliced(file.path, text[start:end].encode(), local) + b"}")
    if again.flaws:
        raise LeavingError(Why.UNWRITABLE, again.flaws[0].detail)
    meant = {key: value for key, value in made.document.items() if key in {*keys, *again.value}}
    if not is_same(again.value, meant):
        raise LeavingError(Why.UNWRITABLE, "it would not say what was meant")
    return splices


def _folder(path: str, old: Recording, new: Recording, name: Name, table: Table) -> str:
    """Where a recording goes: where its test looks, if that is another folder than before."""
    if new.test_id and old.test_id and _beside(new.test_id) != _beside(old.test_id):
        try:
            home = naming.home(path, new.test_id, table, formerly=old.test_id)
        except UsageError as error:
            raise LeavingError(Why.OUTSIDE, str(error)) from None
        return naming.folder_for(f"{home}/{name}", name, table)
    return naming.folder_kept(path, new, name, table)


def _beside(test_id: str) -> PurePosixPath:
    return PurePosixPath(NodeId.parse(test_id).file).parent


def _reason(made: Amended, amendments: Sequence[Amendment]) -> str:
    """What changes in a recording: names as they were asked for, then values."""
    named = [
        str(one)
        for place, one in enumerate(amendments)
        if place in made.matched and isinstance(one, (RenameTest, RenameType))
    ]
    values = told(made.differences)
    more = f"and {len(values) - _FEW} more" if len(values) > _FEW else ""
    return "; ".join(filter(None, (*named, *values[:_FEW], more)))


def _with_edits(contents: Contents, edits: Mapping[str, Edit]) -> Contents:
    """The files as they are, but for those that keep their names: these as they will be."""

    def edited(path: str) -> bytes | None:
        raw = contents(path)
        one = edits.get(path)
        return raw if raw is None or one is None else spliced(path, raw, one.edits)

    return edited


def _order(action: Action) -> tuple[bool, str, str, str, str]:
    """By test, and what is alike together; what has no test last, by folder."""
    group = action.review.group
    place = action.path.rpartition("/")[0] if group is None else group
    return group is None, place, type(action).__name__, action.review.reason, action.path


def _flaw(parsed: Parsed) -> str:
    return f"line {parsed.flaws[0].line}: {parsed.flaws[0].detail}"


def _cut(words: str) -> str:
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"
