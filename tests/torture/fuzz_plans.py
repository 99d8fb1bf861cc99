"""What must hold of plans and receipts from files, whoever wrote them."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recctl import plan as engine
from recctl import schema
from recctl.errors import RecctlError
from recctl.plan import RefusedError, foreign, receipts, undo
from recctl.plan.border import Plan as PlanShape
from recctl.plan.disk import Disk
from recctl.plan.document import as_document, guarded, plan_in
from recctl.render import plan as of_plan
from tests.plan.trees import apply, contents, grown, plan_for
from tests.torture.fuzz_recordings import must_be_printable, written
from tests.torture.fuzz_seeds import room
from tests.torture.fuzz_settings import must_be_one_line

ID = "20260409-120000-0123ab"
_OUTSIDE = b"what is outside of the root"


def _root() -> Path:
    """The harbour as it is before any change, with a file beside its folder."""
    root = room() / "planned" / "root"
    shutil.rmtree(root.parent, ignore_errors=True)
    (root.parent / "beside").mkdir(parents=True)
    (root.parent / "beside" / "other.json").write_bytes(_OUTSIDE)
    return grown(root)


def _must_be_untouched(root: Path) -> None:
    beside = sorted(one.relative_to(root.parent).as_posix() for one in root.parent.iterdir())
    assert beside == ["beside", "root"], "something is made outside of the root"
    assert [*(root.parent / "beside").iterdir()] == [root.parent / "beside" / "other.json"]
    assert (root.parent / "beside" / "other.json").read_bytes() == _OUTSIDE


def plans() -> Iterator[bytes]:
    """Plans that fit the harbour."""
    root = _root()
    yield json.dumps(as_document(plan_for(root)), indent=2).encode()
    for action in plan_for(root).actions:
        try:
            one = engine.of("one", root, [action], notes=["a note"])
        except RefusedError:
            continue
        yield json.dumps(as_document(one), indent=2).encode()
    yield from (json.dumps(one).encode() for one in schema.load("plan")["examples"])


def check_plan(raw: bytes) -> None:
    """It is refused in one line; else it is the same once written, and undone to the last byte."""
    root = _root()
    try:
        plan = plan_in(raw, root)
    except RefusedError as error:
        must_be_one_line(error)
        return
    document = json.loads(json.dumps(as_document(plan)))
    again = plan_in(json.dumps(document).encode(), root)
    assert (again.before, again.after) == (plan.before, plan.after)
    assert written(as_document(again)) == written(document)
    assert schema.fits("plan", document)
    guarded(PlanShape, document)
    must_be_printable(of_plan.as_text(plan))
    must_be_printable([of_plan.as_markdown(plan)])
    for line in (*foreign.flaws(plan), *engine.refusals(plan, allow_dirty=True)):
        must_be_one_line(RecctlError(line))
    _check_carried_out(plan, root)


def _check_carried_out(plan: engine.Plan, root: Path) -> None:
    held = contents(root)
    try:
        apply(plan)
    except RecctlError as error:
        must_be_one_line(error)
        assert contents(root) == held, "refused, and something is changed"
        return
    finally:
        _must_be_untouched(root)
    assert contents(root) == engine.simulate(held, plan), "not what the plan says"
    apply(engine.undoing(root))
    assert contents(root) == held, "not undone"


def kept() -> Iterator[bytes]:
    """Receipts of changes of the harbour, and the example of their schema."""
    root = _root()
    made = apply(plan_for(root))
    yield (root / receipts.RECEIPTS / made.id / receipts.FILE).read_bytes()
    undone = apply(engine.undoing(root))
    yield (root / receipts.RECEIPTS / undone.id / receipts.FILE).read_bytes()
    yield from (json.dumps(one).encode() for one in schema.load("receipt")["examples"])


def check_receipt(raw: bytes) -> None:
    """As a receipt or a journal, as it is or with a right checksum: nothing outside is touched."""
    for content in dict.fromkeys((raw, _with_checksum(raw))):
        _check_receipt(content)
        for forward in (True, False):
            _check_journal(content, forward=forward)


def _with_checksum(raw: bytes) -> bytes:
    """A receipt with the checksum that it should have, so that more of it is read."""
    try:
        value: Any = json.loads(raw)
        value.pop("sha256")
        text = json.dumps(value)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return raw
    return f'{text[:-1]}, "sha256": "{receipts._checksum(text)}"}}'.encode("ascii")


def _put(root: Path, folder: str, raw: bytes) -> None:
    (root / folder).mkdir(parents=True)
    (root / folder / receipts.FILE).write_bytes(raw)


def _check_receipt(raw: bytes) -> None:
    root = _root()
    folder = f"{receipts.RECEIPTS}/{ID}"
    _put(root, folder, raw)
    disk = Disk(root)
    receipts.folders_before(disk, ID)
    lines = undo.history(root)
    must_be_printable(of_plan.history_as_text(lines))
    assert schema.fits("history", json.loads(of_plan.history_as_json(lines)))
    try:
        found = receipts.receipt_in(raw, root, folder)
    except RefusedError as error:
        must_be_one_line(error)
        return
    held = receipts.as_bytes(found)
    assert receipts.as_bytes(receipts.receipt_in(held, root, folder)) == held
    before = contents(root)
    try:
        plan = engine.undoing(root, ID)
        apply(plan)
    except RecctlError as error:
        must_be_one_line(error)
        assert contents(root) == before, "refused, and something is changed"
    finally:
        _must_be_untouched(root)


def _check_journal(raw: bytes, *, forward: bool) -> None:
    root = _root()
    _put(root, receipts.JOURNAL, raw)
    told = engine.unfinished(root)
    assert told
    must_be_one_line(RecctlError(told))
    try:
        (engine.resume if forward else engine.roll_back)(root)
    except RecctlError as error:
        must_be_one_line(error)
    finally:
        _must_be_untouched(root)
