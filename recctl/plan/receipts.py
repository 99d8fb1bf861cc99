"""What lies in `.recctl/`: receipts of changes, the journal of an unfinished one, and the lock.

    .gitignore               *, so that git sees nothing of it
    lock                     held while files are changed
    preparing/               made ready, not begun: worth nothing
    journal/                 a change that was begun and is not finished
    receipts/<id>/           a change that was carried out
        receipt.json         the plan, and the modes and times of what it touched
        receipt.json.2       the same once more, for where one of them is damaged
        store/<sha256>       content that it removed or replaced
        new/<number>         content that it puts, by number of the action, until it is done
        new/<number>.kept    a copy of what it only renames, until it is done

One folder goes from `preparing` to `journal` to `receipts`, each time by one rename.
"""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from recctl.errors import NothingFoundError, UsageError
from recctl.plan import document
from recctl.plan.actions import FOLDER, Plan, RefusedError, State
from recctl.plan.disk import Disk, LinkInTheWayError
from recctl.safetext import one_line

LOCK = f"{FOLDER}/lock"
PREPARING = f"{FOLDER}/preparing"
JOURNAL = f"{FOLDER}/journal"
RECEIPTS = f"{FOLDER}/receipts"
FILE = "receipt.json"
FILES = (FILE, f"{FILE}.2")
STORE = "store"
NEW = "new"
KEPT = ".kept"

_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")
_COUNTED = Plan("", Path(), ()).summary.keys()
_TIME = "%Y%m%d-%H%M%S"
_WRITTEN = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class OldFile:
    """What a file had beside its content: permission bits, nanoseconds since 1970."""

    mode: int
    modified: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """A plan that was carried out, or, in the journal, one that is being carried out.

    `files` are those that it took, by path, `folders` the modes of the folders that existed above
    any file that it touched.
    """

    id: str
    time: datetime
    plan: Plan
    files: Mapping[str, OldFile]
    folders: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Line:
    """A receipt in the list of all.

    `kept` is the size in bytes of what it keeps; null where its store was deleted. `flaw` says why
    a damaged receipt cannot be read; then only the id is known.
    """

    id: str
    time: datetime | None = None
    command: str = ""
    summary: Mapping[str, int] | None = None
    undoes: str | None = None
    undone_by: str | None = None
    kept: int | None = None
    flaw: str | None = None


def as_bytes(receipt: Receipt) -> bytes:
    """The receipt's file (schemas/receipt.schema.json), which its own checksum guards."""
    made = {
        "version": 1,
        "id": receipt.id,
        "time": receipt.time.strftime(_WRITTEN),
        "plan": document.as_document(receipt.plan, with_content=False),
        "files": [
            {"path": document.path_json(path), "mode": old.mode, "modified": old.modified}
            for path, old in sorted(receipt.files.items())
        ],
        "folders": [
            {"path": document.path_json(path), "mode": mode}
            for path, mode in sorted(receipt.folders.items())
        ],
    }
    text = json.dumps(made)
    return f'{text[:-1]}, "sha256": "{_checksum(text)}"}}\n'.encode()


def receipt_in(raw: bytes, root: Path, folder: str) -> Receipt:
    """The receipt in the bytes of its file, which lies in `folder`.

    Raises RefusedError, whose text is the reason.
    """
    from recctl.plan import border  # loads pydantic

    value = document.document_in(raw)
    shape = document.guarded(border.Receipt, value)
    del value["sha256"]
    if _checksum(json.dumps(value)) != shape.sha256:
        raise RefusedError("its checksum is wrong")
    try:
        time = datetime.strptime(shape.time, _WRITTEN).replace(tzinfo=UTC)
    except ValueError:
        raise RefusedError(f"{shape.time} is no time") from None
    made = Receipt(
        shape.id,
        time,
        document.plan_of(shape.plan, root, root / folder / NEW),
        {document.path_of(one.path): OldFile(one.mode, one.modified) for one in shape.files},
        {document.path_of(one.path): one.mode for one in shape.folders},
    )
    if set(made.files) != {one.path for one in made.plan.actions if one.before is not None}:
        raise RefusedError("its files are not those of its plan")
    return made


def new_id(disk: Disk, now: datetime, plan: Plan) -> str:
    """The id of a new receipt: a time, and digits that depend on the plan.

    It is later than all others, so that ids sort in the order of the changes even where the clock
    was put back or several changes fall into one second.
    """
    latest = max(ids(disk), default=None)
    if latest is not None:
        try:
            last = datetime.strptime(latest[:15], _TIME).replace(tzinfo=UTC)
            now = max(now, last + timedelta(seconds=1))
        except (ValueError, OverflowError):
            folder = one_line(disk.root / RECEIPTS / latest)
            raise RefusedError(
                f"{folder}: no receipt can be later than that; move it away, then try again"
            ) from None
    digest = sha256(repr((plan.command, plan.before, plan.after)).encode())
    return f"{now.strftime(_TIME)}-{digest.hexdigest()[:6]}"


def journal(disk: Disk) -> Receipt | None:
    """The change that was begun and is not finished; null where there is none.

    Raises RefusedError for a journal that cannot be read.
    """
    try:
        if disk.status(JOURNAL) is None:
            return None
    except LinkInTheWayError as error:
        raise _in_the_way(disk, error) from None
    try:
        return _read(disk, JOURNAL)
    except RefusedError as error:
        raise RefusedError(
            f"{one_line(disk.root / JOURNAL)} is damaged ({error}): no file that it was to remove"
            f" or replace is lost, {STORE} and {NEW} in it hold them; put back what is missing"
            " from there or from git, then move it away"
        ) from None


def history(disk: Disk) -> tuple[Line, ...]:
    """All receipts, the latest first."""
    lines = [_line(disk, one) for one in sorted(ids(disk), reverse=True)]
    undone_by: dict[str, str] = {}
    for line in lines:  # the latest first: an undo counts unless it was itself undone
        if line.undoes is not None and line.id not in undone_by:
            undone_by.setdefault(line.undoes, line.id)
    return tuple(
        Line(
            line.id,
            line.time,
            line.command,
            line.summary,
            line.undoes,
            undone_by.get(line.id),
            line.kept,
            line.flaw,
        )
        for line in lines
    )


def find(disk: Disk, reference: str | None) -> Receipt:
    """The receipt whose id starts or ends like that; without one, the latest change in force.

    That is one that is no undo and was not undone. Raises NothingFoundError for none, UsageError
    for several, RefusedError for a damaged one.
    """
    if reference is None:
        lines = history(disk)
        found = [one.id for one in lines if one.undoes is None and one.undone_by is None]
        _refuse_damaged(lines, found)
        del found[1:]
        missing = "nothing to undo; all changes: recctl history"
    else:
        found = [one for one in ids(disk) if reference and one.startswith(reference)] or [
            one for one in ids(disk) if reference and one.endswith(reference)
        ]
        missing = f"no receipt {reference!r}; list them with: recctl history"
    if not found:
        raise NothingFoundError(missing)
    if len(found) > 1:
        listed = ", ".join(sorted(found)[:5])
        raise UsageError(f"{reference!r} is ambiguous, give more of one of: {listed}")
    return load(disk, found[0])


def _refuse_damaged(lines: Sequence[Line], found: Sequence[str]) -> None:
    """Raises RefusedError where the latest change may be one whose receipt cannot be read.

    Which one is then meant, only the one who asks can say.
    """
    damaged = {one.id for one in lines if one.flaw is not None}
    if not found or found[0] not in damaged:
        return
    sound = next((one for one in found if one not in damaged), None)
    before = "" if sound is None else f"; the latest before it is taken back by recctl undo {sound}"
    raise RefusedError(
        f"the latest receipt, {found[0]}, is damaged{before}; all changes: recctl history"
    )


def load(disk: Disk, identity: str) -> Receipt:
    """The receipt of that id. Raises RefusedError for one that cannot be read."""
    folder = f"{RECEIPTS}/{identity}"
    try:
        return _read(disk, folder)
    except RefusedError as error:
        raise RefusedError(f"{one_line(disk.root / folder / FILE)} is damaged: {error}") from None


def _read(disk: Disk, folder: str) -> Receipt:
    """The receipt in a folder, by the first of its files that is sound.

    Raises RefusedError with what is wrong with the first one, if none is.
    """
    flaws = []
    for name in FILES:
        try:
            raw, _ = disk.read(f"{folder}/{name}")
            return receipt_in(raw, disk.root, folder)
        except OSError as error:
            flaws.append(error.strerror or "unreadable")
        except RefusedError as error:
            flaws.append(str(error))
    raise RefusedError(flaws[0])


def folders_before(disk: Disk, identity: str) -> dict[str, int]:
    """The modes of the folders that existed before a change; none where its receipt is damaged.

    As these are only to be kept or made again, the rest of a long receipt is not looked at.
    """
    from recctl.plan import border

    for name in FILES:
        with suppress(OSError, ValueError, TypeError, KeyError, RecursionError, RefusedError):
            found = json.loads(disk.read(f"{RECEIPTS}/{identity}/{name}")[0])["folders"]
            shapes = [document.guarded(border.OldFolder, one) for one in found]
            return {document.path_of(one.path): one.mode for one in shapes}
    return {}


def stored(identity: str, state: State) -> str:
    """Where a finished change keeps content that it removed or replaced, from the root."""
    return f"{RECEIPTS}/{identity}/{STORE}/{state.sha256}"


def ids(disk: Disk) -> list[str]:
    """The ids of all receipts, in no order. Raises RefusedError for a link in place of them."""
    try:
        return [name for name in disk.names(RECEIPTS) if _ID.fullmatch(name)]
    except OSError as error:
        raise _in_the_way(disk, error) from None


def _in_the_way(disk: Disk, error: OSError) -> RefusedError:
    return RefusedError(
        f"{one_line(disk.root / FOLDER)} is not as recctl makes it: {error.strerror};"
        " move that away, then try again"
    )


def _line(disk: Disk, identity: str) -> Line:
    folder = f"{RECEIPTS}/{identity}"
    for file in FILES:
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raw, _ = disk.read(f"{folder}/{file}")
            value = json.loads(raw)
            plan = value["plan"]
            if not _is_told(plan["command"], plan["summary"], plan["undoes"]):
                continue
            return Line(
                identity,
                datetime.strptime(value["time"], _WRITTEN).replace(tzinfo=UTC),
                plan["command"],
                plan["summary"],
                plan["undoes"],
                kept=_size(disk, f"{folder}/{STORE}"),
            )
    return Line(identity, flaw="damaged")


def _is_told(command: object, summary: Mapping[str, object], undoes: Any) -> bool:
    """Whether these are of the form that `as_bytes` writes; a receipt may be anybody's."""
    counts = [type(count) is int and count >= 0 for count in summary.values()]
    return (
        isinstance(command, str)
        and (undoes is None or _ID.fullmatch(undoes) is not None)
        and set(summary) == _COUNTED
        and all(counts)
    )


def _size(disk: Disk, store: str) -> int | None:
    if disk.status(store) is None:
        return None
    found = (disk.status(f"{store}/{name}") for name in disk.names(store))
    return sum(status.st_size for status in found if status is not None)


def _checksum(text: str) -> str:
    return sha256(text.encode()).hexdigest()
