"""What differs between two recordings beside their requests and beside their transcripts.

A transcript is for reading: it leaves members out. Which ones, no table says: a member that
differs is held by the transcript if the transcript is another one with the other value.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

from recctl.compare.exact import Parts, applied, differences, parts_of, same
from recctl.compare.volatile import is_empty, is_passing
from recctl.difference import ABSENT, Difference
from recctl.jsontext import pointer_of
from recctl.recording import Recording
from recctl.shapes import leaves
from recctl.wire import read, unwrapped
from recctl.wire.normal import without_nulls
from recctl.wire.plain import lists_models

Plain = Callable[[Recording], Mapping[str, Any]]

_Sort = TypeVar("_Sort")

_MOST_TRIED = 40
"""So often it is tried what a transcript holds; what is left then is told."""

_FEWER_TRIED = 16
_MANY_CHUNKS = 2_000
"""With more chunks on both sides together, it is tried less often: each time reads all of them."""

_MOST_VALUES = 8
"""So many distinct values of a member of chunks are told."""

_KINDS = frozenset({"type", "event_type", "object", "__type__"})
"""Members of chunks that say what each is: without them, there is no transcript at all."""


def others(before: Recording, after: Recording, plain: Plain) -> tuple[Difference, ...]:
    """What differs that no transcript has.

    Pointers below `/recording` count in the file; where just one of two answers is streamed, the
    body there is the object that its chunks make. Those below `/chunks` say which member of any
    chunk has other values, all taken together, with `*` for any place in a list.
    """
    if not all(isinstance(one.document.get("response"), dict) for one in (before, after)):
        old, new = (one.document.get("response", ABSENT) for one in (before, after))
        return () if _are_same(old, new) else (Difference("/recording/response", old, new),)
    streams = [_chunks_of(one) for one in (before, after)]
    if streams[0] is not None and streams[1] is not None:
        bodies: list[Any] = [ABSENT, ABSENT]
    elif streams[0] is None and streams[1] is None:
        bodies = [_body(one) for one in (before, after)]
    else:
        bodies = [without_nulls(read(one.response).object) for one in (before, after)]
    are_known = all(plain(one)["format"] != "unknown" for one in (before, after))
    is_one_lacking = any(one is ABSENT or one is None for one in bodies) and bodies != [None, None]
    if is_one_lacking or not are_known:  # what is of no known format, the transcript has whole
        bodies = [ABSENT, ABSENT]
    found = list(_of_members(before, after, bodies, plain))
    if streams[0] is not None and streams[1] is not None:
        found += _of_chunks((before, after), streams[0], streams[1], plain)
    return tuple(found)


# Members


def _body(recording: Recording) -> Any:
    """What is compared of an answer that was not streamed; models are compared by their ids."""
    body = recording.body
    if isinstance(body, list) and lists_models(body):
        return ABSENT
    data = unwrapped(body)[1]
    if isinstance(data, dict) and isinstance(data.get("models"), list):
        rest = {key: value for key, value in data.items() if key != "models"}
        return rest if data is body else {**body, "__data__": rest}
    return body


def _of_members(
    before: Recording, after: Recording, bodies: Sequence[Any], plain: Plain
) -> Iterator[Difference]:
    trees = [_tree(*both) for both in zip((before, after), bodies, strict=True)]
    if before.is_streaming is not after.is_streaming:
        for tree in trees:
            tree["response"]["is_streaming"] = False  # the transcripts tell
    if before.test_id == after.test_id:
        for tree, recording in zip(trees, (before, after), strict=True):
            if "test_id" in recording.document:
                tree["test_id"] = recording.document["test_id"]
    groups: dict[Parts, list[Difference]] = {}
    for one in differences(*trees):
        sort = tuple("*" if part.isdigit() else part for part in parts_of(one.pointer))
        groups.setdefault(sort, []).append(one)
    if not groups:
        return
    found = list(groups.values())
    if not same(plain(before), plain(after)):
        base = plain(_recording(before, trees[0], bodies[0]))

        def is_held(some: Sequence[list[Difference]]) -> bool:
            changed = applied(chain(*some), trees[0])
            return not same(plain(_recording(before, changed, bodies[0])), base)

        found = _not_held(found, is_held)
    for one in chain(*found):
        yield Difference(f"/recording{one.pointer}", one.old, one.new)


def _not_held(
    found: Sequence[_Sort],
    is_held: Callable[[Sequence[_Sort]], bool],
    most: int = _MOST_TRIED,
) -> list[_Sort]:
    """Those that are not held. Many are tried at once, and halved where any of them is."""
    left = most
    todo = [found] if len(found) > most else [[one] for one in reversed(found)]
    free: list[_Sort] = []
    while todo:
        some = todo.pop()
        if not some:
            continue
        left -= 1
        if left < 0 or not is_held(some):
            free += some
        elif len(some) > 1:
            middle = len(some) // 2
            todo += [some[middle:], some[:middle]]
    return free


def _tree(recording: Recording, body: Any) -> dict[str, Any]:
    """A file without its request, and with this body."""
    response = {key: value for key, value in recording.response.items() if key != "body"}
    if body is not ABSENT:
        response["body"] = body
    left_out = ("request", "test_id")
    top = {key: value for key, value in recording.document.items() if key not in left_out}
    return {**top, "response": response}


def _recording(recording: Recording, tree: Mapping[str, Any], body: Any) -> Recording:
    """The recording that a tree makes; a body that was left out is the one it had."""
    response = tree["response"]
    if body is ABSENT:
        response = {**response, "body": recording.body}
    return Recording("", {**tree, "request": {}, "response": response}, 0)


# Chunks


def _chunks_of(recording: Recording) -> list[Any] | None:
    """The chunks of an answer, events decoded; null for no stream."""
    body = recording.body
    is_stream = recording.is_streaming or recording.response.get("is_exception") is True
    if not isinstance(body, list) or not is_stream or lists_models(body):
        return None
    if not any(isinstance(one, str) for one in body):
        return body
    from recctl.wire import sse  # few answers came so

    return [value for value, _ in sse.decoded(body, lambda *_: None)]


def _of_chunks(
    sides: tuple[Recording, Recording], old: list[Any], new: list[Any], plain: Plain
) -> Iterator[Difference]:
    values = [_values(chunks) for chunks in (old, new)]
    names = [
        name
        for name in dict.fromkeys(chain(*values))
        if not _are_alike(values[0].get(name, {}), values[1].get(name, {}))
    ]
    if not names:
        return
    plains = [plain(_with_chunks(*both)) for both in zip(sides, (old, new), strict=True)]
    say_the_same = all(
        is_passing(parts, one) or is_empty(parts, one)
        for one in differences(*plains)
        for parts in [parts_of(one.pointer)]
    )
    kinds = [name for name in names if name[-1] in _KINDS]

    def is_held(some: Sequence[Parts]) -> bool:
        for side, chunks in enumerate((old, new)):
            known = [name for name in some if name in values[side]]
            if known and not same(
                plain(_with_chunks(sides[side], [_without_all(one, known) for one in chunks])),
                plains[side],
            ):
                return True
        return False

    most = _FEWER_TRIED if len(old) + len(new) > _MANY_CHUNKS else _MOST_TRIED
    free = _not_held([name for name in names if name not in kinds], is_held, most)
    for name in [*kinds, *free] if say_the_same else free:
        both = [one.get(name, {}) for one in values]
        before, after = map(_told, both)
        if _are_same(before, after):
            left = [
                {key: one[key] for key in one if key not in other}
                for one, other in ((both[0], both[1]), (both[1], both[0]))
            ]
            before, after = map(_told, left)
        yield Difference(f"/chunks{pointer_of(_shown(name))}", before, after)


def _shown(name: Parts) -> Parts:
    return name[1:] if name[0] == "__data__" and len(name) > 1 else name


def _with_chunks(recording: Recording, chunks: list[Any]) -> Recording:
    response = {**recording.response, "body": chunks}
    return Recording("", {"request": {}, "response": response}, 0)


def _are_same(old: Any, new: Any) -> bool:
    return old is new or (ABSENT not in (old, new) and same(old, new))


Values = dict[str, Any]
"""Distinct values of a member, by their JSON, in the order in which they came. Under "" stands all
that was said in it, in one text."""


def _values(chunks: Iterable[Any]) -> dict[Parts, Values]:
    """What every member of any chunk has for values."""
    found: dict[Parts, Values] = {}
    texts: dict[Parts, list[str]] = {}
    for name, value in chain.from_iterable(map(leaves, chunks)):
        if not name:
            continue
        found.setdefault(name, {})[json.dumps(value)] = value
        if isinstance(value, str):
            texts.setdefault(name, []).append(value)
    for name, pieces in texts.items():
        found[name][""] = "".join(pieces)
    return found


def _are_alike(old: Values, new: Values) -> bool:
    """Whether a member has the same values, or says the same in other pieces."""
    keys = [set(one) - {""} for one in (old, new)]
    if keys[0] == keys[1]:
        return True
    is_text = all(isinstance(value, str) for value in (*old.values(), *new.values()))
    return is_text and "" in old and "" in new and old[""] == new[""] != ""


def _told(values: Values) -> Any:
    """The values of a member: one as it is, several as a list, without those that say nothing."""
    known = [value for key, value in values.items() if key not in ("", "null", '""', "[]", "{}")]
    if not known:
        return _nothing(values)
    return known[0] if len(known) == 1 else known[:_MOST_VALUES]


def _nothing(values: Values) -> Any:
    """What a member has that says nothing."""
    nothing = (value for key, value in values.items() if key in ("null", '""', "[]", "{}"))
    return next(nothing, ABSENT)


def _without_all(value: Any, names: Iterable[Parts]) -> Any:
    for name in names:
        value = _without(value, name)
    return value


def _without(value: Any, name: Parts) -> Any:
    """A value without a member."""
    if isinstance(value, list):
        if name[0] != "*":
            return value
        return [_without(item, name[1:]) for item in value] if len(name) > 1 else []
    if not isinstance(value, dict) or name[0] not in value:
        return value
    if len(name) == 1:
        return {key: item for key, item in value.items() if key != name[0]}
    return {**value, name[0]: _without(value[name[0]], name[1:])}
