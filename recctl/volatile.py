"""What the recorder writes otherwise than the provider sent it: ids, times, durations.

It does so since 2025-10-03, so that recording again changes only what matters. Older recordings
have what was sent. Source: docs/format.md, "What is normalized".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recctl.dialects import Dialect, Identity, Standing
from recctl.recording import Recording

EPOCH = "1970-01-01T00:00:00.000000Z"
"""What the recorder writes for every `created_at`."""

_ID = "rec-"
_DURATIONS = frozenset({"total_duration", "load_duration", "prompt_eval_duration", "eval_duration"})
_WRITTEN = {"created": 0, "created_at": EPOCH, **dict.fromkeys(_DURATIONS, 0)}


@dataclass(frozen=True, slots=True)
class Change:
    """A value in the answer, by its JSON pointer, and what the recorder would write there."""

    pointer: str
    old: Any
    new: str | int

    @property
    def key(self) -> str:
        """The key of the member that changes."""
        return self.pointer.rpartition("/")[2]

    @property
    def is_id(self) -> bool:
        """Whether it is the id that changes."""
        return self.key == "id"


def id_of(short_hash: str) -> str:
    """The id that the recorder gives to every answer of a request."""
    return f"{_ID}{short_hash}"


def changes(recording: Recording, short_hash: str | None) -> Iterator[Change]:
    """The values that no recorder has normalized, in the order of the file.

    Ids are among them where none in the file is a recorder's; without a short hash, never.
    """
    found = recording.typed
    new_id = None if short_hash is None or _has_recorder_ids(found) else id_of(short_hash)
    for pointer, data in found:
        if not _may_change(data, new_id):
            continue
        is_model = data.get("object") == "model"
        for key, old in data.items():
            if key == "id" and new_id is not None and not is_model:
                new: str | int | None = new_id
            else:
                new = _normal(key, old, is_model=is_model)
            if new is not None and (type(old), old) != (type(new), new):
                yield Change(f"{pointer}/{key}", old, new)


def misfit_ids(recording: Recording, short_hash: str) -> Iterator[Change]:
    """The ids that are not of this short hash, where the file has ids that a recorder wrote."""
    found = recording.typed
    new = id_of(short_hash)
    if _has_recorder_ids(found):
        for pointer, data in found:
            if data.get("id", new) != new and data.get("object") != "model":
                yield Change(f"{pointer}/id", data["id"], new)


def doubt(identity: Identity, ids: Iterable[Change], target: Dialect) -> str | None:
    """Why ids must not be set to those of the file's name; null where they may be.

    What a wrong name should be, the ids may be the last to know.
    """
    if identity.standing is Standing.STALE:
        wanted = id_of((identity.wanted or "")[:12])
        follows = all(change.old == wanted for change in ids)
        return f"{target.name} gives them, the name is to follow" if follows else None
    return {
        Standing.REACHABLE: None,
        Standing.UNREACHABLE: "the file's name does not fit its request",
        Standing.RETIRED: "the hash of a retired kind cannot be checked",
        Standing.UNNAMED: "the file's name is not a recording's",
    }[identity.standing]


def _normal(key: str, old: Any, *, is_model: bool) -> str | int | None:
    """What the recorder writes for a member; null where it leaves it alone."""
    if key == "created":
        return None if is_model else 0
    if key == "created_at":
        return EPOCH
    return 0 if key in _DURATIONS and old is not None else None


def _may_change(data: Mapping[str, Any], new_id: str | None) -> bool:
    """Whether not all is as a recorder writes it, which is so in most of very many chunks."""
    if new_id is not None and "id" in data:
        return True
    for key in data.keys() & _WRITTEN.keys():
        old, new = data[key], _WRITTEN[key]
        if old != new or type(old) is not type(new):
            return True
    return False


def _has_recorder_ids(found: Sequence[tuple[str, Mapping[str, Any]]]) -> bool:
    """Whether any id is one that a recorder wrote: then all of them once were."""
    return any(
        isinstance(data.get("id"), str)
        and data["id"].startswith(_ID)
        and data.get("object") != "model"
        for _, data in found
    )
