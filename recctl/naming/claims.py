"""What one recording claims: its new name, and the edits that go with it. Pure.

A claim is small, so that those of a large corpus can be held.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

from recctl import volatile
from recctl.dialects import (
    Identity,
    MaterialError,
    Name,
    Standing,
    Table,
    digest_fits,
    hash_under,
    identify,
    material_under,
    name_under,
)
from recctl.jsontext import spans
from recctl.naming.left import LeavingError, Why
from recctl.plan import Review, Splice, State
from recctl.plan.actions import spliced
from recctl.recording import Kind, Recording
from recctl.splices import by_text, replacements
from recctl.volatile import Change

_SENT = ("body", "payload")


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


def standing_before(recording: Recording, table: Table, *, include_unreachable: bool) -> Identity:
    """How a recording stands that is to get another name, or need not.

    Raises LeavingError for one that can get none, and for an unreachable one unless it is included.
    """
    name = Name.parse(recording.file_name)
    if name is None:
        raise LeavingError(Why.UNNAMED)
    with suppress(MaterialError):  # it is of a retired kind, or unreachable
        # As `identify` sees it too, but that hashes by all dialects, and most are right.
        wanted = hash_under(table.target, recording)
        if wanted[: table.target.hash_digits] == name.digits:
            return Identity(Standing.REACHABLE, (table.target,), wanted)
    identity = identify(recording, table)
    if identity.standing is Standing.RETIRED:
        raise LeavingError(Why.RETIRED)
    if identity.standing is Standing.UNREACHABLE and not include_unreachable:
        raise LeavingError(Why.UNREACHABLE)
    return identity


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


def _first_member(text: str, start: int, test_id: str) -> Splice:
    """The edit that makes a test id the first member of an object that begins at `start`."""
    first = text.index('"', start)
    space = text[start + 1 : first]
    member = f'"test_id": {json.dumps(test_id)},{space}'
    return Splice(len(text[:first].encode()), b"", member.encode())
