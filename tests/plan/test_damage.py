"""Receipts that are damaged, and what is still told without them."""

import errno
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recctl import plan as engine
from recctl.errors import PartialError
from recctl.plan import RefusedError, State, receipts, undo
from recctl.plan.disk import Disk
from recctl.plan.foreign import flaws
from tests.plan.test_bystanders import OLD, moving, stopped_at
from tests.plan.trees import HARBOUR, apply, contents, grown, plan_for

DD = "tests/pier/recordings/dd44.json"


def counting(renames: object) -> bytes:
    """What a line of the history is made of, with a number of renames."""
    summary = {**engine.of("", Path(), []).summary, "renames": renames}
    plan = {"command": "mend", "undoes": None, "summary": summary}
    return json.dumps({"time": "2026-04-12T08:15:03Z", "plan": plan}).encode()


DAMAGES = {
    "gone": None,
    "empty": b"",
    "torn": b"{",
    "null": b"null",
    "an empty object": b"{}",
    "deep": b"[" * 100_000,
    "no text": b"\xff",
    "folders of nothing": b'{"folders": [{}]}',
    "a plan of nothing": b'{"plan": {}}',
    "no object in it": b'{"time": "2026-04-12T08:15:03Z", "plan": []}',
    "no summary": b'{"time": "2026-04-12T08:15:03Z", "plan": {"command": "", "summary": []}}',
    "a count that is none": counting("1"),
    "a count below none": counting(-1),
    "a time that is none": b'{"time": "noon", "plan": {"command": "", "summary": {}}}',
}


pytestmark = pytest.mark.usefixtures("no_syncing")


def damaged(root: Path, receipt: engine.Receipt, content: bytes | None) -> None:
    for name in receipts.FILES:
        file = root / ".recctl/receipts" / receipt.id / name
        file.unlink()
        if content is not None:
            file.write_bytes(content)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_receipt_is_a_line_and_tells_of_no_folders(damage: str, root: Path) -> None:
    receipt = apply(plan_for(root))
    damaged(root, receipt, DAMAGES[damage])

    assert undo.history(root) == (receipts.Line(receipt.id, flaw="damaged"),)
    assert receipts.folders_before(Disk(root), receipt.id) == {}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_line_is_that_of_the_file_that_is_sound(damage: str, root: Path) -> None:
    receipt = apply(plan_for(root))
    sound = undo.history(root)
    first = root / ".recctl/receipts" / receipt.id / receipts.FILES[0]
    first.unlink()
    if (content := DAMAGES[damage]) is not None:
        first.write_bytes(content)

    assert undo.history(root) == sound


def test_a_receipt_is_written_twice_under_names_that_stay_the_same(root: Path) -> None:
    receipt = apply(plan_for(root))
    folder = root / ".recctl/receipts" / receipt.id

    assert sorted(path.name for path in folder.iterdir()) == [
        *("receipt.json", "receipt.json.2", "store"),
    ]
    assert (folder / "receipt.json").read_bytes() == (folder / "receipt.json.2").read_bytes()


def test_folders_are_known_by_one_sound_file(root: Path) -> None:
    receipt = apply(plan_for(root))
    (root / ".recctl/receipts" / receipt.id / receipts.FILES[0]).write_bytes(b"")

    assert receipts.folders_before(Disk(root), receipt.id) == receipt.folders
    assert receipts.folders_before(Disk(root), receipt.id)["tests"] == (
        (root / "tests").stat().st_mode & 0o777
    )


def test_receipts_that_cannot_be_listed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> list[str]:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Disk, "names", refuse)
    with pytest.raises(RefusedError) as refused:
        undo.history(root)
    assert str(refused.value) == (
        f"{root}/.recctl is not as recctl makes it: Permission denied; move that away, then try"
        " again"
    )


# What stands between a change and its way back


def writing(root: Path, path: str, content: bytes, replaced: bytes | None = None) -> engine.Receipt:
    return apply(engine.of("mend", root, [engine.write(path, content, replaced)]))


def refusal(root: Path, receipt: engine.Receipt) -> str:
    with pytest.raises(RefusedError) as refused:
        engine.undoing(root, receipt.id)
    return str(refused.value)


def test_a_damaged_receipt_in_between_is_passed_over(root: Path) -> None:
    first = writing(root, "a.json", b"1")
    damaged(root, writing(root, "a.json", b"2", b"1"), b"")

    assert refusal(root, first) == (
        f"a.json: changed since {first.id}, which cannot be undone; see: recctl history"
    )


def test_the_way_back_itself_is_not_in_its_way(root: Path) -> None:
    first = writing(root, "a.json", b"1")
    apply(engine.undoing(root, first.id))

    assert refusal(root, first) == (
        f"a.json: changed since {first.id}, which cannot be undone; see: recctl history"
    )


def test_a_change_that_was_taken_back_is_not_in_the_way(root: Path) -> None:
    first = writing(root, "a.json", b"1")
    second = writing(root, "a.json", b"2", b"1")
    back = apply(engine.undoing(root, second.id))
    (root / "a.json").write_bytes(b"3")

    assert second.id not in refusal(root, first)
    assert back.id in refusal(root, first)


def test_two_files_that_changed_since(root: Path) -> None:
    made = [engine.write(path, b"1") for path in ("a.json", "b.json")]
    receipt = apply(engine.of("mend", root, made))
    for path in ("a.json", "b.json"):
        (root / path).write_bytes(b"2")

    assert refusal(root, receipt).startswith(f"a.json and 1 more: changed since {receipt.id}, ")


def test_a_plan_from_a_file_may_take_back_another_change_than_the_latest(root: Path) -> None:
    first = apply(engine.of("mend", root, [engine.remove("tests/untouched.json", b"{}")]))
    writing(root, "b.json", b"1")
    back = engine.undoing(root, first.id)
    (one,) = back.actions

    assert flaws(back) == ()
    told = replace(one, review=engine.Review("something else"))
    assert flaws(replace(back, actions=(told,))) == ()
    (root / "link").symlink_to(root.parent)
    linked = engine.of("mend", root, [engine.write("link/x.json", b"", mode=0o601)])
    assert flaws(linked) == ("link/x.json: a plan from a file makes nothing executable",)


# What is kept, and what changes at the last moment


def unfinished(root: Path, receipt: engine.Receipt) -> str:
    return (
        f"; a change is unfinished (mend {receipt.id}): finish it with recctl apply --resume --root"
        f" {root}, or take it back with recctl undo --apply --root {root}"
    )


@pytest.mark.parametrize("content", [None, b"damaged"])
def test_what_is_kept_of_a_file_that_was_only_renamed(content: bytes | None, root: Path) -> None:
    plan = engine.of("mend", root, [engine.remove(DD, HARBOUR[DD]), *moving(root).actions])
    receipt = stopped_at(plan, "remove folder")
    kept = root / ".recctl/journal/new/1.kept"
    kept.unlink()
    if content is not None:
        kept.write_bytes(content)

    with pytest.raises(PartialError) as stopped:
        engine.roll_back(root)

    state = State.of(HARBOUR[OLD]).sha256
    assert str(stopped.value) == (
        f".recctl/journal/new/1.kept: damaged, so that {OLD} cannot be put back; finish the change,"
        f" or put a file there whose sha256 is {state}{unfinished(root, receipt)}"
    )


@pytest.mark.parametrize("change", ["changed", "gone"])
def test_a_file_that_changes_just_before_it_goes_stays(
    change: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    def sync(_: Disk, paths: Sequence[str]) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            (root / DD).unlink()
            if change == "changed":
                (root / DD).write_bytes(b"somebody's")

    monkeypatch.setattr(Disk, "sync", sync)
    with pytest.raises(PartialError) as stopped:
        apply(engine.of("mend", root, [engine.remove(DD, HARBOUR[DD])]))

    receipt = engine.pending(root)
    assert receipt is not None
    assert str(stopped.value) == (
        f"{DD}: changed by something else a moment ago{unfinished(root, receipt)}"
    )
    assert contents(root).get(DD) == (b"somebody's" if change == "changed" else None)


def test_a_name_that_is_in_the_way_is_told_with_its_folder(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "new_id", lambda *_: "20260412-081503-3fa9c1")
    grown(root, {"X/.recctl-20260412-081503-3fa9c1": b""})
    with pytest.raises(RefusedError) as refused:
        writing(root, "X/a.json", b"")
    assert str(refused.value) == (
        "X/.recctl-20260412-081503-3fa9c1: in the way; move it away, then try again"
    )


def test_a_file_elsewhere_has_its_folder_for_a_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grown(tmp_path, {"a/x.json": b"", "b/x": b""})
    monkeypatch.chdir(tmp_path / "b")
    assert engine.root_of([tmp_path / "a/x.json"]) == (tmp_path / "a").resolve()


def test_the_file_of_a_receipt_is_its_document_with_a_checksum_last(root: Path) -> None:
    receipt = apply(plan_for(root))
    document: dict[str, Any] = json.loads(receipts.as_bytes(receipt))
    assert list(document) == ["version", "id", "time", "plan", "files", "folders", "sha256"]
    assert document["time"] == receipt.time.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert [one["path"] for one in document["files"]] == sorted(receipt.files)
    assert {one["path"]: one["mode"] for one in document["folders"]} == receipt.folders
