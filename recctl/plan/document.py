"""Plans as JSON (schemas/plan.schema.json), and back. A plan from a file is not trusted."""

import os
from base64 import b64decode, b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from recctl.jsontext import parse
from recctl.plan import actions
from recctl.plan.actions import (
    Action,
    Conflict,
    Edit,
    Plan,
    RefusedError,
    Remove,
    Rename,
    Review,
    Splice,
    State,
    Write,
)
from recctl.safetext import one_line

if TYPE_CHECKING:
    from pydantic import BaseModel

    from recctl.plan import border

_NO_OBJECT = frozenset({"model_type", "model_attributes_type", "dict_type"})

_Shape = TypeVar("_Shape", bound="BaseModel")


def as_document(plan: Plan, *, with_content: bool = True) -> dict[str, Any]:
    """The plan as a JSON document; in a receipt it is without the content of what it writes.

    Raises RefusedError where content that is kept in a file is gone.
    """
    return {
        "version": 1,
        "command": one_line(plan.command),
        "undoes": plan.undoes,
        "actions": [_action(one, with_content) for one in plan.actions],
        "conflicts": [
            {
                "path": path_json(one.path),
                "claims": [path_json(claim) for claim in one.claims],
                "reason": one_line(one.reason),
                "group": None if one.group is None else one_line(one.group),
            }
            for one in plan.conflicts
        ],
        "notes": [one_line(note) for note in plan.notes],
        "summary": plan.summary,
    }


def plan_in(raw: bytes, root: Path) -> Plan:
    """The plan in a file's bytes, for a root. Raises RefusedError, whose text is the reason.

    What a plan from a file may do is for `foreign.flaws` to say.
    """
    from recctl.plan import border  # loads pydantic

    shape = guarded(border.Plan, document_in(raw))
    plan = plan_of(shape, root)
    if shape.summary.model_dump() != plan.summary:
        raise RefusedError("/summary: not that of its actions and conflicts")
    return plan


def document_in(raw: bytes) -> Any:
    """The JSON value in a file's bytes. Raises RefusedError, whose text is the reason."""
    parsed = parse(raw)
    if parsed.flaws:
        raise RefusedError(f"line {parsed.flaws[-1].line}: {parsed.flaws[-1].detail}")
    return parsed.value


def guarded(shape: type[_Shape], document: Any) -> _Shape:
    """A document as a shape of `border`. Raises RefusedError, whose text is the reason."""
    from pydantic import ValidationError

    try:
        return shape.model_validate(document)
    except ValidationError as error:
        errors = error.errors()
        deepest = max(errors, key=lambda one: len(one["loc"]))
        where = "/".join(map(str, deepest["loc"]))
        if deepest["type"] in _NO_OBJECT:  # which pydantic says with names of this program
            raise RefusedError(one_line(f"/{where}: no JSON object")) from None
        raise RefusedError(one_line(f"/{where}: {deepest['msg']}")) from None


def plan_of(shape: "border.Plan | border.CarriedOut", root: Path, new: Path = Path()) -> Plan:
    """The plan that a shape tells of; `new` is where content lies that the shape leaves out.

    Raises RefusedError for a plan that makes no sense.
    """
    return actions.of(
        shape.command,
        root,
        [_action_of(one, new / str(number)) for number, one in enumerate(shape.actions)],
        [
            Conflict(path_of(one.path), tuple(map(path_of, one.claims)), one.reason, one.group)
            for one in shape.conflicts
        ],
        notes=shape.notes,
        undoes=shape.undoes,
    )


def path_json(path: str) -> str | dict[str, str]:
    """A path as JSON, whatever bytes it is made of."""
    return _bytes_json(os.fsencode(path))


def path_of(value: "border.Bytes") -> str:
    """A path from JSON."""
    return os.fsdecode(_bytes_of(value))


def _action(action: Action, with_content: bool) -> dict[str, Any]:
    review = action.review
    made: dict[str, Any] = {"op": type(action).__name__.lower(), "path": path_json(action.path)}
    if isinstance(action, Rename):
        made["to"] = path_json(action.to)
    made["before"] = _state(action.before)
    if not isinstance(action, Remove):
        made["after"] = _state(action.after)
        made |= {
            name: value
            for name, value in (("mode", action.mode), ("modified", action.modified))
            if value is not None
        }
    if isinstance(action, (Rename, Edit)):
        made["edits"] = [
            {"offset": one.offset, "old": _bytes_json(one.old), "new": _bytes_json(one.new)}
            for one in action.edits
        ]
    if isinstance(action, Write) and with_content:
        made["content"] = _bytes_json(actions.content_of(action))
    made |= {
        "reason": one_line(review.reason),
        "group": None if review.group is None else one_line(review.group),
        "old": one_line(review.old),
        "new": one_line(review.new),
    }
    return made


def _state(state: State | None) -> dict[str, Any] | None:
    return None if state is None else {"size": state.size, "sha256": state.sha256}


def _bytes_json(content: bytes) -> str | dict[str, str]:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(content).decode()}


def _bytes_of(value: "border.Bytes") -> bytes:
    if not isinstance(value, str):
        return b64decode(value.base64)
    try:
        return value.encode()
    except UnicodeEncodeError:
        half = one_line(value[:40])
        raise RefusedError(f"{half}: half a character is nothing that a file holds") from None


def _action_of(
    shape: "border.Rename | border.Edit | border.Write | border.Written | border.Remove",
    content: Path,
) -> Action:
    path = path_of(shape.path)
    review = Review(shape.reason, shape.group, shape.old, shape.new)
    before = None if shape.before is None else State(shape.before.size, shape.before.sha256)
    if shape.op == "remove":
        assert before is not None  # noqa: S101 - the shape says so
        return Remove(path, before, review)
    after = State(shape.after.size, shape.after.sha256)
    if shape.op == "write":
        given = getattr(shape, "content", None)
        held = content if given is None else _bytes_of(given)
        return Write(path, held, after, before, review, shape.mode, shape.modified)
    assert before is not None  # noqa: S101
    edits = tuple(Splice(one.offset, _bytes_of(one.old), _bytes_of(one.new)) for one in shape.edits)
    if shape.op == "rename":
        to = path_of(shape.to)
        return Rename(path, to, before, after, edits, review, shape.mode, shape.modified)
    return Edit(path, before, after, edits, review, shape.mode, shape.modified)
