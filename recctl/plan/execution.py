"""Carrying out a plan so that it can be killed at any step, and finishing what was killed.

First all that the change needs is made ready below `.recctl`: the new content of every file, a
second name for all content that will be removed or replaced, a copy of what is only renamed, and
the plan itself. All of it is synced to the disk. Until then nothing is changed, and a failure
leaves nothing behind. One rename makes it the journal. From then on files get names and lose names,
and no bytes are written any more: first every new file is put in its place, then the old ones are
removed. As each path holds either what it held before or what it is to hold, and the journal has
both, going on and going back need no memory of how far it came.
"""

import os
import shutil
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from recctl import files
from recctl.errors import LockedError, PartialError, RecctlError
from recctl.plan import places, receipts
from recctl.plan.actions import (
    FOLDER,
    Action,
    Edit,
    Plan,
    RefusedError,
    Remove,
    Rename,
    Review,
    State,
    Write,
    content_of,
    folded,
    is_renamed_only,
    of,
    spliced,
    target,
)
from recctl.plan.disk import Disk, LinkInTheWayError
from recctl.plan.receipts import (
    FILES,
    JOURNAL,
    KEPT,
    NEW,
    PREPARING,
    RECEIPTS,
    STORE,
    OldFile,
    Receipt,
)
from recctl.safetext import one_line
from recctl.watch import Watch, unwatched

Uncommitted = Callable[[Path, Sequence[Path]], Collection[Path]]
"""Which of some files below a root have changes that git has no commit of."""

_COPY = "copy"
"""A file in the journal that is being put back."""


def uncommitted_in_git(root: Path, paths: Sequence[Path]) -> Collection[Path]:
    """As git says; none outside of a work tree.

    Raises RefusedError where there is a `.git` and no git that could be asked.
    """
    from recctl.gitstore import repository_of  # needed by changes only

    repository = repository_of(root)
    if repository is None and shutil.which("git") is None:
        for above in (root, *root.parents):
            if os.path.lexists(above / ".git"):
                raise RefusedError(
                    f"{one_line(above)} is in git, and git is not installed, so that uncommitted"
                    " changes cannot be seen; install git, or say --allow-dirty"
                )
    return frozenset() if repository is None else repository.uncommitted(paths)


def execute(
    plan: Plan,
    *,
    allow_dirty: bool = False,
    uncommitted: Uncommitted = uncommitted_in_git,
    watch: Watch = unwatched,
) -> Receipt:
    """Carry out a plan, all or nothing, and give its receipt. Each file is watched twice.

    Raises LockedError while another process changes the same tree; RefusedError, having changed
    nothing, for an empty plan, a file that is not as the plan says, a place that is taken, a
    folder that cannot be changed, a link in the way, an unfinished change, and, unless
    `allow_dirty`, for files with uncommitted changes; PartialError where it had to stop on the
    way, with the journal left.
    """
    if plan.is_empty:
        raise RefusedError("the plan is empty: there is nothing to do")
    with holding(plan.root) as disk:
        begun = receipts.journal(disk)
        if begun is not None:
            raise RefusedError(_unfinished(begun))
        if not allow_dirty:
            _refuse_dirty(disk, plan, uncommitted)
        try:
            receipt, seen = _prepared(disk, plan, watch)
        except BaseException as error:
            with suppress(OSError):
                disk.remove_tree(PREPARING)
            if isinstance(error, OSError):
                raise _refused(error) from None
            raise
        with _in_part(disk, receipt):
            disk.move(PREPARING, JOURNAL)
            disk.sync([FOLDER])
            _go_on(disk, receipt, seen, watch)
    return receipt


def refusals(
    plan: Plan, *, allow_dirty: bool = False, uncommitted: Uncommitted = uncommitted_in_git
) -> tuple[str, ...]:
    """Why `execute` would refuse a plan now, a line for each reason. Only reads.

    What is seen of a tree that others change may be another thing a moment later.
    """
    disk, reasons = Disk(plan.root), list[str]()

    def ask(check: Callable[[], object]) -> None:
        try:
            check()
        except (OSError, RecctlError) as error:
            reasons.append(_reason(error))

    def refuse_unfinished() -> None:
        begun = receipts.journal(disk)
        if begun is not None:
            raise RefusedError(_unfinished(begun))

    def refuse_drifted(action: Action) -> None:
        old = b"" if action.before is None else _source(disk, action.path, action.before)[0]
        _content(action, old)

    ask(refuse_unfinished)
    ask(lambda: receipts.new_id(disk, datetime.now(UTC), plan))
    ask(lambda: _refuse_taken(disk, plan, _folders(disk, plan)[1]))
    for action in plan.actions:
        ask(partial(refuse_drifted, action))
    if not allow_dirty:
        ask(lambda: _refuse_dirty(disk, plan, uncommitted))
    return tuple(dict.fromkeys(reasons))


def pending(root: Path) -> Receipt | None:
    """The change below a root that was begun and is not finished; null where there is none.

    Raises RefusedError for a journal that is damaged.
    """
    return receipts.journal(Disk(root))


def unfinished(root: Path) -> str | None:
    """One line on an unfinished change below a root, and how to finish it. Never raises."""
    disk, begun = Disk(root), None
    try:
        begun = receipts.journal(disk)
        if begun is None:
            return None
        with disk.locked(receipts.LOCK) as is_mine:
            return _unfinished(begun) if is_mine else _busy(root)
    except RecctlError as error:
        return str(error)
    except OSError:  # where nothing can be written there is no lock
        return None if begun is None else _unfinished(begun)


def resume(root: Path) -> Receipt:
    """Finish the unfinished change below a root.

    Raises RefusedError where there is none or its journal is damaged, LockedError, and
    PartialError where it has to stop again.
    """
    _begun(Disk(root))  # where there is nothing to do, nothing is made
    with holding(root) as disk:
        receipt = _begun(disk)
        with _in_part(disk, receipt):
            _go_on(disk, receipt, {})
    return receipt


def roll_back(root: Path) -> Receipt:
    """Take back the unfinished change below a root: every file is again as it was.

    Raises what `resume` raises.
    """
    _begun(Disk(root))  # where there is nothing to do, nothing is made
    with holding(root) as disk:
        receipt = _begun(disk)
        with _in_part(disk, receipt):
            _go_back(disk, receipt)
    return receipt


def going_back(root: Path) -> Plan:
    """What `roll_back` would do, for review. Raises RefusedError as `roll_back` does."""
    disk = Disk(root)
    receipt = _begun(disk)
    touched = _touched(disk, receipt.plan, {})
    _refuse_foreign(touched)
    review = Review(f"as it was before {receipt.plan.command}")
    made: list[Action] = [
        Remove(one.path, one.state, review)
        for one in touched.values()
        if one.before is None and one.state is not None
    ]
    for number, action in enumerate(receipt.plan.actions):
        one = touched[action.path]
        if action.before is not None and one.state != action.before:
            kept = disk.root / _kept(number, action)
            made.append(Write(action.path, kept, action.before, one.state, review))
    return of("undo", root, made)


def drifted(plan: Plan) -> tuple[str, ...]:
    """The paths that are not as the plan says they are before it."""
    disk = Disk(plan.root)
    held = {path: _held(disk, path, {}) for path in plan.before}
    return tuple(
        path
        for path, state in plan.before.items()
        if state != (None if (now := held[path]) is None else now.state)
    )


# Before anything is changed


@contextmanager
def holding(root: Path) -> Iterator[Disk]:
    """The files below a root, for this process alone to change.

    Raises LockedError while another process has them, RefusedError where `.recctl` cannot be made.
    """
    disk = Disk(root)
    try:
        is_new = disk.status(FOLDER) is None
        disk.make_folder(FOLDER)
        with suppress(FileExistsError):
            disk.write(f"{FOLDER}/.gitignore", b"*\n")
    except OSError as error:
        raise _refused(error) from None
    taken = False
    try:
        with disk.locked(receipts.LOCK) as is_mine:
            if not is_mine:
                raise LockedError(_busy(root))
            taken = True
            try:
                yield disk
            finally:
                if is_new and not files.ON_WINDOWS:
                    _leave_nothing(disk)
    except OSError as error:
        raise (RefusedError(_reason(error)) if taken else _refused(error)) from None
    finally:
        # There nothing is removed that is open: not the lock by who holds it, nor by anybody else.
        if taken and is_new and files.ON_WINDOWS:
            _leave_nothing(disk)


def _leave_nothing(disk: Disk) -> None:
    """Remove `.recctl` where nothing came of the first change: it would be a root for the next."""
    with suppress(OSError):
        if disk.status(JOURNAL) is None and disk.status(RECEIPTS) is None:
            disk.remove_tree(PREPARING)
            disk.remove(receipts.LOCK)  # whoever has it open sees that it is gone
            disk.remove(f"{FOLDER}/.gitignore")
            disk.remove_folder(FOLDER)


def _begun(disk: Disk) -> Receipt:
    receipt = receipts.journal(disk)
    if receipt is None:
        raise RefusedError(f"{one_line(disk.root)}: no unfinished change; see: recctl history")
    return receipt


def _refuse_dirty(disk: Disk, plan: Plan, uncommitted: Uncommitted) -> None:
    held = [path for path, state in plan.before.items() if state is not None]
    for path in held:  # to git, a file that is gone is an uncommitted change
        with suppress(LinkInTheWayError):  # of which there is more to say later
            if disk.status(path) is None:
                raise _gone(path)
    dirty = uncommitted(plan.root, [plan.root / path for path in held])
    if dirty:
        first = one_line(min(dirty).relative_to(plan.root))
        others = f" and {len(dirty) - 1:,} more" if len(dirty) > 1 else ""
        raise RefusedError(
            f"{first}{others}: uncommitted changes in git; commit them, or say --allow-dirty"
        )


@dataclass(frozen=True, slots=True)
class _Seen:
    """What tells without reading whether a file is still the one that was read."""

    device: int
    inode: int
    size: int
    modified: int
    state: State

    @staticmethod
    def of(status: os.stat_result, state: State) -> "_Seen":
        return _Seen(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, state)

    def is_file(self, status: os.stat_result) -> bool:
        """Whether that is the status of this very file, by whatever name."""
        return (self.device, self.inode) == (status.st_dev, status.st_ino)


_NO_FILE = _Seen(0, 0, 0, 0, State(0, ""))


def _prepared(disk: Disk, plan: Plan, watch: Watch) -> tuple[Receipt, dict[str, _Seen]]:
    """All that the change needs, synced in the folder `preparing`, and what each file is."""
    folders, missing = _folders(disk, plan)
    _refuse_taken(disk, plan, missing)
    _sweep(disk)
    for folder in (PREPARING, f"{PREPARING}/{STORE}", f"{PREPARING}/{NEW}"):
        disk.make_folder(folder)
    seen: dict[str, _Seen] = {}
    files: dict[str, OldFile] = {}
    for number, action in enumerate(plan.actions):
        watch(number, 2 * len(plan.actions))
        status = _staged(disk, f"{PREPARING}/{NEW}/{number}", action)
        if status is not None and action.before is not None:
            now = disk.status(action.path)
            if now is None or (now.st_size, now.st_mtime_ns) != (
                status.st_size,
                status.st_mtime_ns,
            ):
                raise _replaced(action.path)
            seen[action.path] = _Seen.of(now, action.before)
            files[action.path] = OldFile(status.st_mode & 0o777, status.st_mtime_ns)
    time = datetime.now(UTC).replace(microsecond=0)
    receipt = Receipt(receipts.new_id(disk, time, plan), time, plan, files, folders)
    _refuse_beside(disk, receipt)
    for name in FILES:
        disk.write(f"{PREPARING}/{name}", receipts.as_bytes(receipt))
    made = [
        f"{PREPARING}/{below}/{name}"
        for below in (STORE, NEW)
        for name in disk.names(f"{PREPARING}/{below}")
    ]
    inside = [f"{PREPARING}/{name}" for name in (*FILES, STORE, NEW)]
    disk.sync([*made, *inside, PREPARING, FOLDER])
    _refuse_foreign(_touched(disk, plan, seen))
    return receipt, seen


def _staged(disk: Disk, staged: str, action: Action) -> os.stat_result | None:
    """Make an action's new content ready and keep its old; the status of the old file, if any."""
    content, status = b"", None
    if action.before is not None:
        content, status = _source(disk, action.path, action.before)
    if status is not None and is_renamed_only(action):
        # The file itself stays in the tree, for all to write in: of it there has to be a copy.
        disk.write(staged + KEPT, content)
    elif status is not None:
        _keep(disk, action, content, status)
    if isinstance(action, Remove):
        return status
    if (
        isinstance(action, Rename)
        and status is not None
        and _leaves_as_is(action, status)
        # A second name for the same file, whose mode and time it keeps without further ado.
        and disk.link(action.path, staged)
    ):
        _check_same(disk, action, staged, status)
        return status
    disk.write(staged, _content(action, content))
    mode, modified = action.mode, action.modified
    if status is not None:
        disk.give(staged, status)
        mode = status.st_mode & 0o777 if mode is None else mode
        if modified is None and isinstance(action, Rename):
            modified = status.st_mtime_ns
    disk.adjust(staged, mode, modified)
    return status


def _content(action: Action, old: bytes) -> bytes:
    """What a file is to hold, made of what it held; of a removed one nothing.

    Raises RefusedError where that is not what the plan says.
    """
    match action:
        case Remove():
            return b""
        case Rename(path, edits=edits) | Edit(path, edits=edits):
            content = spliced(path, old, edits)
        case Write():
            content = content_of(action)
    if State.of(content) != action.after:
        raise RefusedError(f"{one_line(action.path)}: its edits do not give the planned content")
    return content


def _leaves_as_is(action: Rename, status: os.stat_result) -> bool:
    """Whether the file is only renamed, and has the mode and the time that it is to get."""
    return (
        not action.edits
        and action.mode in (None, status.st_mode & 0o777)
        and action.modified
        in (
            None,
            status.st_mtime_ns,
        )
    )


def _source(disk: Disk, path: str, expected: State) -> tuple[bytes, os.stat_result]:
    try:
        content, status = disk.read(path)
    except FileNotFoundError:
        raise _gone(path) from None
    if State.of(content) != expected:
        raise RefusedError(f"{one_line(path)}: changed since the plan was made; plan again")
    if files.ON_WINDOWS and not status.st_mode & stat.S_IWRITE:
        raise RefusedError(f"{one_line(path)}: marked read-only; clear it first: attrib -r")
    return content, status


def _keep(disk: Disk, action: Action, content: bytes, status: os.stat_result) -> None:
    """Put the old content into the store: by a second name where nobody else can write to it."""
    kept = f"{PREPARING}/{STORE}/{State.of(content).sha256}"
    if disk.status(kept) is not None:
        return
    if status.st_nlink == 1 and disk.link(action.path, kept):
        _check_same(disk, action, kept, status)
    else:
        disk.write(kept, content)


def _check_same(disk: Disk, action: Action, linked: str, read: os.stat_result) -> None:
    """Raises RefusedError where a second name was given to another file than the one just read.

    In layered file systems a file may become another one by that: then its content decides.
    """
    now = disk.status(linked)
    if now is not None and (now.st_ino, now.st_dev) == (read.st_ino, read.st_dev):
        return
    if State.of(disk.read(linked)[0]) != action.before:
        raise _replaced(action.path)


def _gone(path: str) -> RefusedError:
    return RefusedError(f"{one_line(path)}: gone since the plan was made; plan again")


def _replaced(path: str) -> RefusedError:
    return RefusedError(f"{one_line(path)}: replaced a moment ago; plan again")


def _refuse_beside(disk: Disk, receipt: Receipt) -> None:
    """Raises RefusedError where the name is taken that new files have for a moment."""
    for folder in {path.rpartition("/")[0] for path in receipt.plan.before}:
        beside = _beside(receipt.id, folder)
        if disk.status(beside) is not None:
            raise RefusedError(f"{one_line(beside)}: in the way; move it away, then try again")


def _sweep(disk: Disk) -> None:
    """Remove what is worth nothing: what was made ready in vain, and what was put long since."""
    latest = max(receipts.ids(disk), default=None)
    if latest is not None:
        disk.remove_tree(f"{RECEIPTS}/{latest}/{NEW}")
    disk.remove_tree(PREPARING)


def _folders(disk: Disk, plan: Plan) -> tuple[dict[str, int], set[str]]:
    """The modes of the folders above all that is touched, and the folders that do not exist."""
    modes: dict[str, int] = {}
    missing = set[str]()
    for folder in sorted({folder for path in plan.before for folder in _folders_above(path)}):
        status = disk.status(folder)
        if status is None:
            missing.add(folder)
        elif stat.S_ISDIR(status.st_mode):
            modes[folder] = status.st_mode & 0o777
        else:
            raise RefusedError(f"{one_line(folder)}: a link or a file, no folder")
    return modes, missing


def _refuse_taken(disk: Disk, plan: Plan, missing: Collection[str]) -> None:
    """Raises RefusedError where a file cannot be put or removed: no right, a taken name."""
    before, after = plan.before, plan.after
    changed = {path.rpartition("/")[0] for path in [*before, *missing]}.difference(missing)
    for folder in sorted(changed):
        if not disk.can_change(folder):
            raise RefusedError(f"{one_line(folder) or '.'}: a folder that cannot be written to")
    new = [path for path, state in before.items() if state is None]
    for path in new:
        if disk.status(path) is not None:
            raise RefusedError(f"{one_line(path)}: exists already; plan again")
    alike_in = {folder: _by_folded(disk.names(folder)) for folder in changed}
    for path in [*sorted(missing), *sorted(new)]:
        folder, _, name = path.rpartition("/")
        alike = alike_in.setdefault(folder, {}).setdefault(folded(name), set())
        for other in alike - {name}:
            place = f"{folder}/{other}" if folder else other
            if place not in after or after[place] is not None:
                raise RefusedError(f"{one_line(path)}: differs only in case from {one_line(other)}")
        alike.add(name)


def _by_folded(names: Iterable[str]) -> dict[str, set[str]]:
    alike: dict[str, set[str]] = {}
    for name in names:
        alike.setdefault(folded(name), set()).add(name)
    return alike


# From the journal on


@dataclass(frozen=True, slots=True)
class _Touched:
    """A path of a plan: what it held, what it is to hold, and what it holds now."""

    path: str
    before: State | None
    after: State | None
    held: _Seen | None

    @property
    def state(self) -> State | None:
        """What it holds now."""
        return None if self.held is None else self.held.state


def _touched(disk: Disk, plan: Plan, seen: Mapping[str, _Seen]) -> dict[str, _Touched]:
    after = plan.after
    return {
        path: _Touched(path, state, after[path], _held(disk, path, seen))
        for path, state in plan.before.items()
    }


def _refuse_foreign(touched: Mapping[str, _Touched]) -> None:
    """Raises RefusedError for a path that holds neither old nor new content.

    It may hold nothing: what is gone can be put, or put back.
    """
    for one in touched.values():
        if one.state not in (None, one.before, one.after):
            raise RefusedError(
                f"{one_line(one.path)}: changed by something else meanwhile;"
                " move it away, to have its content, then try again"
            )


def _go_on(
    disk: Disk, receipt: Receipt, seen: Mapping[str, _Seen], watch: Watch = unwatched
) -> None:
    """Put what is not there yet, remove what is still there, make the journal a receipt.

    `seen` is what is known of the files from a moment ago; without it they are read.
    """
    plan = receipt.plan
    touched = _touched(disk, plan, seen)
    _refuse_foreign(touched)
    earlier = {} if plan.undoes is None else receipts.folders_before(disk, plan.undoes)
    _make_folders(disk, [one.path for one in touched.values() if one.after], earlier)
    for number, action in enumerate(plan.actions):
        watch(len(plan.actions) + number, 2 * len(plan.actions))
        path = target(action)
        if path is not None:
            _put_new(disk, receipt, number, touched[path], check=not seen)
    disk.sync(_folders_of(disk, touched))
    gone = [one for one in touched.values() if one.after is None]
    for one in gone:
        _remove_old(disk, one)
    _clear(disk, receipt, [one.path for one in gone], earlier)
    disk.make_folder(RECEIPTS)
    disk.move(JOURNAL, f"{RECEIPTS}/{receipt.id}")
    with suppress(OSError):  # it is done; at worst a power cut makes it the journal again
        disk.sync([RECEIPTS, FOLDER])
        _sweep(disk)


def _go_back(disk: Disk, receipt: Receipt) -> None:
    """Put back what was there, remove what was not, and forget the journal."""
    plan = receipt.plan
    touched = _touched(disk, plan, {})
    _refuse_foreign(touched)
    staged = {target(action): f"{NEW}/{number}" for number, action in enumerate(plan.actions)}
    _make_folders(disk, [one.path for one in touched.values() if one.before], receipt.folders)
    for number, action in enumerate(plan.actions):
        if action.before is None:
            continue
        one = touched[action.path]
        ready = disk.status(f"{JOURNAL}/{staged.get(one.path, NEW)}")
        if one.state != one.before or (one.held and ready and one.held.is_file(ready)):
            _put_back(disk, receipt, number, one.held)
        elif one.path in staged:
            disk.adjust(one.path, receipt.files[one.path].mode, None)
    disk.sync(_folders_of(disk, touched))
    gone = [one for one in touched.values() if one.before is None]
    for one in gone:
        _remove_old(disk, one)
    _clear(disk, receipt, [one.path for one in gone], receipt.folders)
    _sweep(disk)
    disk.move(JOURNAL, PREPARING)
    with suppress(OSError):  # what is left is worth nothing, and the next change removes it
        disk.sync([FOLDER])
        _sweep(disk)


def _held(disk: Disk, path: str, seen: Mapping[str, _Seen]) -> _Seen | None:
    """What a path holds now; null is no file. What is no file has a state like no other."""
    try:
        status = disk.status(path)
        if status is None:
            return None
        known = seen.get(path)
        if known is not None and known == _Seen.of(status, known.state):
            return known
        content, status = disk.read(path)
    except LinkInTheWayError:
        return _NO_FILE
    except FileNotFoundError:
        return None
    return _Seen.of(status, State.of(content))


def _put_new(disk: Disk, receipt: Receipt, number: int, one: _Touched, *, check: bool) -> None:
    """Have a path hold the new content, if it does not yet; with `check`, distrust what is ready.

    A path may hold just such bytes since before the change. As that file may be about to get
    another name, only the one that was made ready will do.
    """
    staged = f"{JOURNAL}/{NEW}/{number}"
    ready = disk.status(staged)
    if (
        one.state == one.after
        and one.held
        and (one.before is None or (ready is not None and one.held.is_file(ready)))
    ):
        return
    if ready is not None and not (check and State.of(disk.read(staged)[0]) != one.after):
        _put(disk, receipt, staged, one.path, one.held)
        return
    action = receipt.plan.actions[number]
    if not is_renamed_only(action) or not _is_kept(disk, number, action):
        raise RefusedError(f"{staged}: missing or damaged, so that there is only the way back")
    # What was ready is the renamed file itself, in which somebody has written since.
    _put_copy(disk, receipt, number, one.path, one.held)


def _put_back(disk: Disk, receipt: Receipt, number: int, held: _Seen | None) -> None:
    """Have a path hold the old content."""
    action = receipt.plan.actions[number]
    if not _is_kept(disk, number, action):
        state = action.before
        raise RefusedError(
            f"{_kept(number, action)}: damaged, so that {one_line(action.path)} cannot be put back;"
            f" finish the change, or put a file there whose sha256 is {state and state.sha256}"
        )
    _put_copy(disk, receipt, number, action.path, held)


def _kept(number: int, action: Action) -> str:
    """Where the journal has what an action takes."""
    if is_renamed_only(action):
        return f"{JOURNAL}/{NEW}/{number}{KEPT}"
    state = action.before
    assert state is not None  # noqa: S101 - the caller chose it so
    return f"{JOURNAL}/{STORE}/{state.sha256}"


def _is_kept(disk: Disk, number: int, action: Action) -> bool:
    try:
        return State.of(disk.read(_kept(number, action))[0]) == action.before
    except (FileNotFoundError, LinkInTheWayError):
        return False


def _put_copy(disk: Disk, receipt: Receipt, number: int, path: str, held: _Seen | None) -> None:
    """Put what an action took: a copy, as what is kept must not have another name."""
    action = receipt.plan.actions[number]
    old = receipt.files[action.path]
    content, status = disk.read(_kept(number, action))
    copy = f"{JOURNAL}/{_COPY}"
    disk.remove_tree(copy)
    disk.write(copy, content)
    disk.give(copy, status)
    disk.adjust(copy, old.mode, old.modified)
    disk.sync([copy])
    _put(disk, receipt, copy, path, held)
    disk.remove_tree(copy)


def _put(disk: Disk, receipt: Receipt, ready: str, path: str, held: _Seen | None) -> None:
    """Give a file that is ready a second name: a free one, or that of the file that is held."""
    if held is None and disk.link(ready, path):
        return
    beside = _beside(receipt.id, path.rpartition("/")[0])
    _forget(disk, beside)
    if not disk.link(ready, beside):
        content, status = disk.read(ready)
        disk.write(beside, content)
        disk.give(beside, status)
        disk.adjust(beside, status.st_mode & 0o777, status.st_mtime_ns)
        disk.sync([beside])
    if held is None:
        disk.move(beside, path)
    else:
        _check_still(disk, path, held)
        disk.replace(beside, path)


def _beside(identity: str, folder: str) -> str:
    """A new file's name in its folder, for a moment, where one cannot be put there at once.

    No other change has that name, and before the journal nothing else had it: `_refuse_beside`.
    """
    return f"{folder}/.recctl-{identity}".lstrip("/")


def _forget(disk: Disk, beside: str) -> None:
    """Remove what this change left beside a file when it was stopped; never what it cannot make."""
    status = disk.status(beside)
    if status is not None and stat.S_ISREG(status.st_mode):
        disk.remove(beside)


def _remove_old(disk: Disk, one: _Touched) -> None:
    if one.held is not None:
        _check_still(disk, one.path, one.held)
        disk.remove(one.path)


def _check_still(disk: Disk, path: str, held: _Seen) -> None:
    status = disk.status(path)
    if status is None or _Seen.of(status, held.state) != held:
        raise RefusedError(f"{one_line(path)}: changed by something else a moment ago")


def _clear(disk: Disk, receipt: Receipt, gone: Sequence[str], kept: Collection[str]) -> None:
    """Remove folders that are empty now, unless they are to be kept, and sync the others.

    Git, too, knows no empty folder. The working directory stays, as a shell may stand in it.
    """
    touched = receipt.plan.before
    for folder in {path.rpartition("/")[0] for path in touched}:
        _forget(disk, _beside(receipt.id, folder))
    here = _working_directory(disk)
    for path in gone:
        for folder in _folders_above(path):
            if folder in kept or folder == here or not disk.remove_folder(folder):
                break
    disk.sync(_folders_of(disk, touched))


def _make_folders(disk: Disk, paths: Iterable[str], modes: Mapping[str, int]) -> None:
    known = set[str]()
    for path in paths:
        for folder in reversed(list(_folders_above(path))):
            if folder not in known and disk.status(folder) is None:
                disk.make_folder(folder)
                disk.adjust(folder, modes.get(folder), None)
            known.add(folder)


def _folders_of(disk: Disk, paths: Iterable[str]) -> list[str]:
    """The folders above paths that exist, the root among them."""
    above = {folder for path in paths for folder in _folders_above(path)}
    return [".", *(folder for folder in sorted(above) if disk.status(folder) is not None)]


def _folders_above(path: str) -> Iterator[str]:
    """The folders that a path lies in, the nearest first, without the root."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _working_directory(disk: Disk) -> str | None:
    try:
        return Path.cwd().relative_to(disk.root.resolve()).as_posix()
    except (OSError, ValueError):
        return None


# Telling


@contextmanager
def _in_part(disk: Disk, receipt: Receipt) -> Iterator[None]:
    """Whatever stops a change once it has a journal leaves that, and says so."""
    try:
        yield
    except (OSError, RefusedError, KeyboardInterrupt) as error:
        if disk.status(JOURNAL) is not None:
            raise PartialError(f"{_reason(error)}; {_unfinished(receipt)}") from None
        with suppress(OSError):
            disk.remove_tree(PREPARING)
        if isinstance(error, OSError):
            raise _refused(error) from None
        raise


def _unfinished(receipt: Receipt) -> str:
    here = places.option_for(receipt.plan.root)
    return (
        f"a change is unfinished ({one_line(receipt.plan.command)} {receipt.id}):"
        f" finish it with recctl apply --resume{here}, or take it back with"
        f" recctl undo --apply{here}"
    )


def _busy(root: Path) -> str:
    return f"another recctl is changing {one_line(root)}; wait for it, then try again"


def _refused(error: OSError) -> RefusedError:
    return RefusedError(f"{_reason(error)}; nothing was changed")


def _reason(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, LinkInTheWayError):
        return str(error.strerror)  # it begins with a path
    if isinstance(error, OSError) and error.strerror:
        where = "" if error.filename is None else f"{one_line(error.filename)}: "
        return where + error.strerror[0].lower() + error.strerror[1:]
    return str(error)
