"""What a plan is: actions on files below one folder, as values. Nothing here reads or writes."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from recctl import files
from recctl.errors import RecctlError
from recctl.plan.disk import Disk
from recctl.project import OWN_FOLDER
from recctl.safetext import one_line

FOLDER = OWN_FOLDER
"""Where receipts, the journal and the lock lie, below the root of the changes."""

_NEVER_IN_NAMES = '<>:"\\|?*'
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{number}" for port in ("com", "lpt") for number in "123456789¹²³"}
)
"""What Windows takes for a device, in every folder and whatever comes after a dot."""

_GUARDED = frozenset({".git", "git~1", FOLDER})
"""Folders in which no plan has a say. `git~1` is what Windows may call `.git`."""


class RefusedError(RecctlError):
    """A plan that does not make sense, or no longer fits the files. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class State:
    """What a file holds: its size in bytes and the sha256 of its content."""

    size: int
    sha256: str

    @staticmethod
    def of(content: bytes) -> "State":
        """The state of a file with that content."""
        return State(len(content), sha256(content).hexdigest())


@dataclass(frozen=True, slots=True)
class Splice:
    """New bytes for old ones; `offset` counts in the old content."""

    offset: int
    old: bytes
    new: bytes


@dataclass(frozen=True, slots=True)
class Review:
    """What people judge an action by.

    `reason` is one line; `group` is what the actions are sorted by, mostly a test id; `old` and
    `new` are short labels, mostly short hashes.
    """

    reason: str = ""
    group: str | None = None
    old: str = ""
    new: str = ""


@dataclass(frozen=True, slots=True)
class Rename:
    """A file gets another name or folder, and on the way other bytes where there are edits."""

    path: str
    to: str
    before: State
    after: State
    edits: tuple[Splice, ...] = ()
    review: Review = Review()
    mode: int | None = None
    modified: int | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """A file keeps its name and gets other bytes."""

    path: str
    before: State
    after: State
    edits: tuple[Splice, ...]
    review: Review = Review()
    mode: int | None = None
    modified: int | None = None


@dataclass(frozen=True, slots=True)
class Write:
    """A new file, or, where there is a `before`, new content for an old one.

    The content may be given as the path of a file that holds it, to be read when it is needed.
    """

    path: str
    content: bytes | Path = field(repr=False)
    after: State
    before: State | None = None
    review: Review = Review()
    mode: int | None = None
    modified: int | None = None


@dataclass(frozen=True, slots=True)
class Remove:
    """A file goes. Its receipt keeps the content."""

    path: str
    before: State
    review: Review = Review()


Action = Rename | Edit | Write | Remove
"""`path` and `to` are relative to the plan's root, with slashes.

`mode` (permission bits) and `modified` (nanoseconds since 1970) are what the file gets. Where they
are null, a renamed or edited file keeps its mode, a renamed one keeps its time even if its bytes
are edited on the way, as a recording is as old as its answer, and an edited or written one gets
the time of the change, as other programs go by size and time to see that a file of the same name
is another one.
"""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Files that cannot all have the name `path`, so that nothing is done with them."""

    path: str
    claims: tuple[str, ...]
    reason: str
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Actions that belong together: they are all done or none. Made by `of`.

    `notes` are lines for the one who reviews; `undoes` is the id of the receipt that it takes back.
    """

    command: str
    root: Path
    actions: tuple[Action, ...]
    conflicts: tuple[Conflict, ...] = ()
    notes: tuple[str, ...] = ()
    undoes: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do, although there may be conflicts."""
        return not self.actions

    @property
    def summary(self) -> dict[str, int]:
        """Numbers of actions by kind, and of conflicts."""
        counts = dict.fromkeys(("renames", "edits", "writes", "removals"), 0)
        for action in self.actions:
            counts[_PLURALS[type(action)]] += 1
        return {**counts, "conflicts": len(self.conflicts)}

    @property
    def before(self) -> dict[str, State | None]:
        """What each path that is touched must hold for the plan to fit; null is no file."""
        states: dict[str, State | None] = {one: None for one in map(target, self.actions) if one}
        for action in self.actions:
            if action.before is not None:
                states[action.path] = action.before
        return states

    @property
    def after(self) -> dict[str, State | None]:
        """What each path that is touched holds when the plan is carried out; null is no file."""
        states: dict[str, State | None] = dict.fromkeys(one.path for one in self.actions)
        for action in self.actions:
            if not isinstance(action, Remove):
                states[target(action) or ""] = action.after
        return states


_PLURALS: dict[type[Action], str] = {
    Rename: "renames",
    Edit: "edits",
    Write: "writes",
    Remove: "removals",
}


def of(
    command: str,
    root: Path,
    actions: Iterable[Action],
    conflicts: Iterable[Conflict] = (),
    *,
    notes: Iterable[str] = (),
    undoes: str | None = None,
) -> Plan:
    """A plan whose actions go together.

    Raises RefusedError for a path that leaves the root or lies in `.git` or `.recctl`, for two
    actions that take from or put to one path, for names that differ only in case, and for a file
    that would have to be a folder.
    """
    plan = Plan(command, root, tuple(actions), tuple(conflicts), tuple(notes), undoes)
    _check_paths(plan)
    return plan


def rename(
    path: str,
    to: str,
    content: bytes,
    edits: Sequence[Splice] = (),
    review: Review = Review(),
) -> Rename:
    """The renaming of a file with that content. Raises RefusedError for edits that do not fit."""
    before = State.of(content)
    after = State.of(spliced(path, content, edits)) if edits else before
    return Rename(path, to, before, after, tuple(edits), review)


def edit(
    path: str,
    content: bytes,
    edits: Sequence[Splice],
    review: Review = Review(),
) -> Edit:
    """The editing of a file with that content. Raises RefusedError for edits that do not fit."""
    after = State.of(spliced(path, content, edits))
    return Edit(path, State.of(content), after, tuple(edits), review)


def write(
    path: str,
    content: bytes,
    replaced: bytes | None = None,
    review: Review = Review(),
    *,
    mode: int | None = None,
) -> Write:
    """A new file with that content, or new content for a file that now holds `replaced`."""
    before = None if replaced is None else State.of(replaced)
    return Write(path, content, State.of(content), before, review, mode)


def remove(path: str, content: bytes, review: Review = Review()) -> Remove:
    """The removal of a file with that content."""
    return Remove(path, State.of(content), review)


def target(action: Action) -> str | None:
    """The path at which an action leaves a file; null for a removal."""
    if isinstance(action, Remove):
        return None
    return action.to if isinstance(action, Rename) else action.path


def is_renamed_only(action: Action) -> bool:
    """Whether a file stays the same one under another name."""
    return isinstance(action, Rename) and not action.edits


def spliced(path: str, content: bytes, edits: Sequence[Splice]) -> bytes:
    """Content with edits made in it.

    Raises RefusedError, naming the path, where the old bytes are not at their offset, or where
    edits overlap or are out of order.
    """
    pieces, done = [], 0
    for one in edits:
        end = one.offset + len(one.old)
        if one.offset < done or content[one.offset : end] != one.old:
            raise RefusedError(f"{one_line(path)}: the edit at offset {one.offset} does not fit")
        pieces += [content[done : one.offset], one.new]
        done = end
    return b"".join([*pieces, content[done:]])


def splices(old: bytes, new: bytes) -> tuple[Splice, ...]:
    """Edits that make the new content of the old; few and short where the lengths are equal."""
    if len(old) == len(new):
        return _joined(old, new, _differing(old, new, 0, len(old)))
    shorter = min(len(old), len(new))
    start = _common(shorter, lambda size: old[:size] == new[:size])
    tail = _common(shorter - start, lambda size: old[len(old) - size :] == new[len(new) - size :])
    return (Splice(start, old[start : len(old) - tail], new[start : len(new) - tail]),)


def inverse(action: Action, content_of: Callable[[State], Path], review: Review) -> Action:
    """The action that takes another one back; `content_of` knows what was removed or replaced."""
    match action:
        case Rename(path, to, before, after, edits):
            return Rename(to, path, after, before, _inverted(edits), review)
        case Edit(path, before, after, edits):
            return Edit(path, after, before, _inverted(edits), review)
        case Write(path=path, after=after, before=before):
            if before is None:
                return Remove(path, after, review)
            return Write(path, content_of(before), before, after, review)
        case Remove(path, before):
            return Write(path, content_of(before), before, None, review)


def simulate(tree: Mapping[str, bytes], plan: Plan) -> dict[str, bytes]:
    """The tree, as content by path, that a plan makes of another one.

    Raises RefusedError where the plan does not fit the tree.
    """
    for path, state in plan.before.items():
        held = tree.get(path)
        if (None if held is None else State.of(held)) != state:
            raise RefusedError(f"{one_line(path)}: not as it was when the plan was made")
    made = {path: held for path, held in tree.items() if path not in plan.before}
    for action in plan.actions:
        match action:
            case Rename(path, to, edits=edits):
                made[to] = spliced(path, tree[path], edits)
            case Edit(path, edits=edits):
                made[path] = spliced(path, tree[path], edits)
            case Write(path=path):
                made[path] = content_of(action)
    return made


def content_of(action: Write) -> bytes:
    """The content that an action writes. Raises RefusedError where its file does not hold it."""
    content = action.content
    if isinstance(content, Path):
        try:
            content, _ = Disk(content.parent).read(content.name)
        except FileNotFoundError:
            raise RefusedError(f"{one_line(action.path)}: what it held is not kept") from None
        except OSError as error:
            what = error.strerror or "unreadable"
            raise RefusedError(f"{one_line(action.path)}: what is kept of it: {what}") from None
        if State.of(content) != action.after:
            raise RefusedError(
                f"{one_line(action.path)}: the receipt's store is damaged, what it has is not what"
                " the file held; look for it in git: recctl restore"
            )
    if State.of(content) != action.after:
        raise RefusedError(f"{one_line(action.path)}: its new content is not the planned one")
    return content


def folded(path: str) -> str:
    """What is equal for names that some systems cannot tell from each other."""
    return unicodedata.normalize("NFC", path).casefold()


def _check_paths(plan: Plan) -> None:
    sources, targets = set[str](), set[str]()
    for action in plan.actions:
        to = target(action)
        if action.before is not None:
            _claim(action.path, sources, "two actions take it")
        if to is not None:
            _claim(to, targets, "two actions put a file there")
        if isinstance(action, Rename) and to == action.path:
            raise RefusedError(f"{one_line(to)}: renamed to itself")
        if isinstance(action, Edit) and action.before == action.after:
            raise RefusedError(f"{one_line(action.path)}: an edit that changes nothing")
    spellings: dict[str, str] = {}
    for path in sorted(targets):
        other = spellings.setdefault(folded(path), path)
        if other != path:
            raise RefusedError(f"{one_line(path)}: differs only in case from {one_line(other)}")
    touched = sources | targets
    for path in touched:
        for above in _folders_above(path):
            if above in touched:
                raise RefusedError(f"{one_line(path)}: {one_line(above)} is a file in this plan")


def _claim(path: str, claimed: set[str], otherwise: str) -> None:
    flaw = _flaw(path) or (otherwise if path in claimed else None)
    if flaw:
        raise RefusedError(f"{one_line(path) or 'an empty path'}: {flaw}")
    claimed.add(path)


def _flaw(path: str) -> str | None:
    """Why a path has no place in a plan; null for a good one."""
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "no plain path below the root"
    if "\0" in path or (files.ON_WINDOWS and any(map(_is_no_name_of_windows, parts))):
        return "no file can have that name"
    if any(part.casefold().rstrip(". ") in _GUARDED for part in parts):
        return "nothing in .git or .recctl is changed by a plan"
    return None


def _is_no_name_of_windows(part: str) -> bool:
    """Whether Windows has no file of that name: it would be a device, another name or a stream."""
    device = part.partition(".")[0].rstrip().casefold()
    is_odd = any(one < " " or one in _NEVER_IN_NAMES for one in part)
    return is_odd or part.endswith((".", " ")) or device in _DEVICES


def _folders_above(path: str) -> Iterable[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _inverted(edits: Sequence[Splice]) -> tuple[Splice, ...]:
    inverted, shift = [], 0
    for one in edits:
        inverted.append(Splice(one.offset + shift, one.new, one.old))
        shift += len(one.new) - len(one.old)
    return tuple(inverted)


def _common(most: int, holds: Callable[[int], bool]) -> int:
    """The greatest size up to `most` for which it holds, given that it holds for all smaller."""
    least = 0
    while least < most:
        size = (least + most + 1) // 2
        if holds(size):
            least = size
        else:
            most = size - 1
    return least


_CLOSE = 8
"""Differences as near as this are one edit."""


def _differing(old: bytes, new: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """Where two contents of equal length differ, in short pieces."""
    if old[start:end] == new[start:end]:
        return []
    if end - start <= _CLOSE:
        places = [place for place in range(start, end) if old[place] != new[place]]
        return [(places[0], places[-1] + 1)]
    middle = (start + end) // 2
    return _differing(old, new, start, middle) + _differing(old, new, middle, end)


def _joined(old: bytes, new: bytes, pieces: Iterable[tuple[int, int]]) -> tuple[Splice, ...]:
    joined: list[tuple[int, int]] = []
    for start, end in pieces:
        if joined and start - joined[-1][1] < _CLOSE:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(Splice(start, old[start:end], new[start:end]) for start, end in joined)
