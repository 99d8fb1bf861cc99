"""What is said of changes, word by word."""

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from recctl import plan as engine
from recctl.errors import (
    LockedError,
    NothingFoundError,
    PartialError,
    UsageError,
)
from recctl.plan import Plan, RefusedError, Splice, State, actions, receipts, undo
from recctl.plan.disk import Disk
from recctl.plan.document import as_document, plan_in
from recctl.plan.foreign import flaws
from tests.cli import needs_posix
from tests.plan.test_bystanders import stopped_at
from tests.plan.trees import (
    HARBOUR,
    apply,
    contents,
    disk_full,
    forbidden,
    grown,
    plan_for,
    read_only,
    steps,
    tree,
)

AA = "tests/harbour/recordings/aa11.json"
DD = "tests/pier/recordings/dd44.json"
ZERO = "tests/pier/recordings/0000.json"
ID = "20260412-081503-3fa9c1"


pytestmark = pytest.mark.usefixtures("no_syncing")


def said(act: Callable[[], object], kind: type[Exception] = RefusedError) -> str:
    with pytest.raises(kind) as caught:
        act()
    assert type(caught.value) is kind
    return str(caught.value)


def unfinished(root: Path, receipt: engine.Receipt) -> str:
    return (
        f"a change is unfinished ({receipt.plan.command} {receipt.id}): finish it with recctl"
        f" apply --resume --root {root}, or take it back with recctl undo --apply --root {root}"
    )


def _answer(dirty: Sequence[Path], *_: object) -> Sequence[Path]:
    return dirty


def removing(root: Path, path: str = DD) -> Plan:
    return engine.of("mend", root, [engine.remove(path, HARBOUR[path])])


# Before anything is changed


def test_a_file_that_is_gone(root: Path) -> None:
    plan = removing(root)
    (root / DD).unlink()
    assert said(lambda: apply(plan)) == f"{DD}: gone since the plan was made; plan again"
    told = said(lambda: engine.execute(plan, allow_dirty=True))
    assert told == f"{DD}: gone since the plan was made; plan again"


@needs_posix
def test_a_file_that_is_no_file_any_more(root: Path) -> None:
    plan = removing(root)
    (root / DD).unlink()
    os.mkfifo(root / DD)
    assert said(lambda: apply(plan)) == f"{DD} is no regular file; nothing was changed"
    (root / DD).unlink()
    (root / DD).symlink_to(root / AA)
    assert said(lambda: apply(plan)) == f"{DD} is a link, no file; nothing was changed"


def test_a_folder_that_is_a_link(root: Path, tmp_path: Path) -> None:
    plan = engine.of("mend", root, [engine.write("tests/pier/deep/er/x.json", b"")])
    (root / "tests/pier/deep").symlink_to(tmp_path)
    assert said(lambda: apply(plan)) == "tests/pier/deep: a link or a file, no folder"


@needs_posix
def test_a_path_is_told_as_it_is_spelled(tmp_path: Path) -> None:
    root = grown(tmp_path / "pier", {"Lamp.json": b""})
    plan = engine.of("mend", root, [engine.remove("Lamp.json", b"")])
    (root / "Lamp.json").rename(root / "elsewhere.json")
    (root / "Lamp.json").symlink_to("elsewhere.json")
    assert said(lambda: apply(plan)) == "Lamp.json is a link, no file; nothing was changed"


def test_a_folder_in_place_of_a_file_above(root: Path) -> None:
    plan = engine.of("mend", root, [engine.write(f"{AA}/x.json", b"")])
    assert said(lambda: apply(plan)) == f"{AA}: a link or a file, no folder"


def test_a_root_that_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = grown(tmp_path / "pier", {"a.json": b""})
    monkeypatch.setattr(Disk, "can_change", lambda *_: False)
    plan = engine.of("mend", root, [engine.remove("a.json", b"")])
    assert said(lambda: apply(plan)) == ".: a folder that cannot be written to"


def test_a_name_that_differs_in_case_in_the_root(tmp_path: Path) -> None:
    root = grown(tmp_path / "pier", {"LAMP.json": b""})
    plan = engine.of("mend", root, [engine.write("lamp.json", b"")])
    assert said(lambda: apply(plan)) == "lamp.json: differs only in case from LAMP.json"


def test_two_new_folders_that_differ_in_case(root: Path) -> None:
    made = [engine.write("tests/New/a.json", b""), engine.write("tests/new/b.json", b"")]
    plan = engine.of("mend", root, made)
    assert said(lambda: apply(plan)) == "tests/new: differs only in case from New"


def test_edits_and_contents_that_are_not_the_planned_ones(root: Path) -> None:
    held = HARBOUR[AA]
    old, new = State.of(held), State.of(b"planned")
    edited = engine.Edit(AA, old, new, engine.splices(held, b"other"))
    renamed = engine.Rename(AA, "x.json", old, new, engine.splices(held, b"other"))
    for action in (edited, renamed):
        plan = engine.of("mend", root, [action])
        assert said(partial(apply, plan)) == (f"{AA}: its edits do not give the planned content")
    crooked = engine.Edit(AA, old, new, (Splice(1, b"no", b""),))
    told = said(lambda: apply(engine.of("mend", root, [crooked])))
    assert told == f"{AA}: the edit at offset 1 does not fit"
    wrong = engine.Write("x.json", b"other", new)
    told = said(lambda: apply(engine.of("mend", root, [wrong])))
    assert told == "x.json: its new content is not the planned one"


def test_uncommitted_changes(root: Path) -> None:
    for dirty, first in (([root / DD], DD), ([root / DD, root / AA], f"{AA} and 1 more")):
        told = said(partial(engine.execute, plan_for(root), uncommitted=partial(_answer, dirty)))
        assert told == f"{first}: uncommitted changes in git; commit them, or say --allow-dirty"
    many = [root / f"{number}.json" for number in range(1_002)]
    told = said(lambda: engine.execute(plan_for(root), uncommitted=lambda *_: many))
    assert told.startswith("0.json and 1,001 more: ")


def test_git_that_is_not_installed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".git").mkdir()
    monkeypatch.setenv("PATH", "")
    below = root / "tests/pier"
    for top in (root, below):
        told = said(partial(engine.uncommitted_in_git, top, []))
        assert told == (
            f"{root} is in git, and git is not installed, so that uncommitted changes cannot be"
            " seen; install git, or say --allow-dirty"
        )


def test_what_git_says_is_asked_of_the_work_tree(root: Path) -> None:
    assert engine.uncommitted_in_git(root, [root / DD]) == frozenset()
    subprocess.run(["git", "init", "--quiet", root], check=True)
    subprocess.run(["git", "add", "--all"], cwd=root, check=True)
    assert engine.uncommitted_in_git(root, [root / DD]) == {root / DD}
    assert said(lambda: engine.execute(removing(root))) == (
        f"{DD}: uncommitted changes in git; commit them, or say --allow-dirty"
    )
    assert engine.refusals(removing(root)) == (
        f"{DD}: uncommitted changes in git; commit them, or say --allow-dirty",
    )


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (disk_full, "no space left on device"),
        (read_only, "read-only file system"),
        (forbidden, "permission denied"),
    ],
)
def test_what_the_system_refuses_before_the_journal(
    fault: Callable[[], BaseException], why: str, root: Path
) -> None:
    before = tree(root)
    with steps(fault, 0):
        told = said(lambda: apply(plan_for(root)))
    assert told == f".recctl: {why}; nothing was changed"
    assert tree(root) == before
    assert not (root / ".recctl").exists()


def test_what_the_system_refuses_after_it(root: Path) -> None:
    with steps() as counted:
        apply(engine.of("mend", grown(root.parent / "x"), plan_for(root).actions))
    at = next(at for at, (operation, _) in enumerate(counted.done) if operation == "remove")
    with steps(forbidden, at):
        told = said(lambda: apply(plan_for(root)), PartialError)
    receipt = engine.pending(root)
    assert receipt is not None
    path = counted.done[at][1]
    assert told == f"{path}: permission denied; {unfinished(root, receipt)}"


def test_a_change_that_is_unfinished(root: Path) -> None:
    receipt = stopped_at(plan_for(root), "replace")
    told = unfinished(root, receipt)
    plan = engine.of("more", root, [engine.write("x.json", b"")])
    assert said(lambda: apply(plan)) == told
    assert engine.refusals(plan, allow_dirty=True) == (told,)
    assert engine.unfinished(root) == told
    assert engine.pending(root) == receipt
    assert contents(root).get("x.json") is None


def test_another_that_is_at_work(root: Path) -> None:
    told = f"another recctl is changing {root}; wait for it, then try again"
    receipt = stopped_at(plan_for(root), "replace")
    with Disk(root).locked(".recctl/lock"):
        assert engine.unfinished(root) == told
        for act in (engine.resume, engine.roll_back):
            assert said(partial(act, root), LockedError) == told
        assert said(lambda: apply(plan_for(root)), LockedError) == told
    assert engine.pending(root) == receipt


def test_nothing_to_finish(root: Path) -> None:
    told = f"{root}: no unfinished change; see: recctl history"
    for act in (engine.resume, engine.roll_back, engine.going_back):
        assert said(partial(act, root)) == told
    assert not (root / ".recctl").exists()


# While it is unfinished


def test_a_file_that_others_changed_meanwhile(root: Path) -> None:
    receipt = stopped_at(plan_for(root), "replace", after=True)
    (root / DD).write_bytes(b"somebody's")
    meanwhile = (
        f"{DD}: changed by something else meanwhile; move it away, to have its content, then try"
        " again"
    )
    for act in (engine.resume, engine.roll_back):
        told = said(partial(act, root), PartialError)
        assert told == f"{meanwhile}; {unfinished(root, receipt)}"
    assert said(lambda: engine.going_back(root)) == meanwhile


def test_what_was_made_ready_and_is_damaged(root: Path) -> None:
    receipt = stopped_at(removing_and_writing(root), "link")
    (root / ".recctl/journal/new/1").write_bytes(b"damaged")
    told = said(lambda: engine.resume(root), PartialError)
    assert told == (
        ".recctl/journal/new/1: missing or damaged, so that there is only the way back;"
        f" {unfinished(root, receipt)}"
    )


def removing_and_writing(root: Path) -> Plan:
    return engine.of("mend", root, [*removing(root).actions, engine.write(ZERO, b"new")])


def test_what_is_kept_and_is_damaged(root: Path) -> None:
    receipt = stopped_at(removing(root), "remove", after=True)
    state = State.of(HARBOUR[DD]).sha256
    (root / f".recctl/journal/store/{state}").write_bytes(b"damaged")
    told = said(lambda: engine.roll_back(root), PartialError)
    assert told == (
        f".recctl/journal/store/{state}: damaged, so that {DD} cannot be put back; finish the"
        f" change, or put a file there whose sha256 is {state}; {unfinished(root, receipt)}"
    )


def test_a_name_that_is_in_the_way(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "new_id", lambda *_: ID)
    (root / f"tests/pier/recordings/.recctl-{ID}").write_bytes(b"")
    assert said(lambda: apply(removing(root))) == (
        f"tests/pier/recordings/.recctl-{ID}: in the way; move it away, then try again"
    )
    (root / f".recctl-{ID}").write_bytes(b"")
    plan = engine.of("mend", root, [engine.write("x.json", b"")])
    assert said(lambda: apply(plan)) == f".recctl-{ID}: in the way; move it away, then try again"


def test_the_way_back_is_shown_as_a_plan(root: Path) -> None:
    moved = engine.rename(
        "tests/old/recordings/ff66.json", "new.json", HARBOUR["tests/old/recordings/ff66.json"]
    )
    plan = engine.of("mend", root, [*removing(root).actions, engine.write(ZERO, b"new"), moved])
    stopped_at(plan, "remove", after=True)
    back = engine.going_back(root)
    why = engine.Review("as it was before mend")
    assert (back.command, back.root, back.undoes) == ("undo", root, None)
    assert engine.Remove(ZERO, State.of(b"new"), why) in back.actions
    assert engine.Remove("new.json", moved.before, why) in back.actions
    (written,) = (one for one in back.actions if isinstance(one, engine.Write))
    assert (written.path, written.before, written.review) == (DD, None, why)
    assert actions.content_of(written) == HARBOUR[DD]
    assert engine.simulate(contents(root), back) == HARBOUR


# Receipts


def test_the_id_of_a_receipt_is_its_time_and_depends_on_the_plan(root: Path) -> None:
    noon = datetime(2026, 4, 12, 12, tzinfo=UTC)
    disk = Disk(root)
    ids = [
        receipts.new_id(disk, noon, plan)
        for plan in (removing(root), removing(root), replace(removing(root), command="x"))
    ]
    assert ids[0] == ids[1] != ids[2]
    assert all(one[:16] == "20260412-120000-" and len(one) == 22 for one in ids)


@pytest.mark.parametrize("latest", ["99991231-235959-abcdef", "99999999-999999-abcdef"])
def test_a_receipt_later_than_all_that_can_be(latest: str, root: Path) -> None:
    (root / ".recctl/receipts" / latest).mkdir(parents=True)
    told = (
        f"{root}/.recctl/receipts/{latest}: no receipt can be later than that; move it away, then"
        " try again"
    )
    assert said(lambda: apply(removing(root))) == told
    assert engine.refusals(removing(root), allow_dirty=True) == (told,)


def test_a_link_in_place_of_the_receipts(root: Path, tmp_path: Path) -> None:
    (root / ".recctl").mkdir()
    (root / ".recctl/receipts").symlink_to(tmp_path)
    assert said(lambda: undo.history(root)) == (
        f"{root}/.recctl is not as recctl makes it: .recctl/receipts is a link or a file, no"
        " folder; move that away, then try again"
    )


def test_a_file_in_place_of_the_receipts(root: Path) -> None:
    grown(root, {".recctl/receipts": b""})
    told = said(lambda: undo.history(root))
    assert told.startswith(f"{root}/.recctl is not as recctl makes it: ")
    assert told.endswith("; move that away, then try again")


def test_a_link_in_place_of_the_own_folder(root: Path, tmp_path: Path) -> None:
    (root / ".recctl").symlink_to(tmp_path)
    told = (
        f"{root}/.recctl is not as recctl makes it: .recctl is a link or a file, no folder; move"
        " that away, then try again"
    )
    for look in (undo.history, engine.pending):
        assert said(partial(look, root)) == told
    assert engine.unfinished(root) == told


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda _: b"", "line 1: the file is empty"),
        (lambda raw: raw.replace(b"dd44", b"dd45", 1), "its checksum is wrong"),
        (lambda _: b'{"version": 1}', None),
    ],
)
def test_a_damaged_journal(damage: Callable[[bytes], bytes], why: str | None, root: Path) -> None:
    stopped_at(plan_for(root), "replace")
    for name in receipts.FILES:
        file = root / ".recctl/journal" / name
        file.write_bytes(damage(file.read_bytes()))
    told = said(lambda: engine.resume(root))
    start = f"{root}/.recctl/journal is damaged ("
    end = (
        "): no file that it was to remove or replace is lost, store and new in it hold them; put"
        " back what is missing from there or from git, then move it away"
    )
    assert told.startswith(start)
    assert told.endswith(end)
    if why is not None:
        assert told == start + why + end
    assert engine.unfinished(root) == told


def forged(receipt: engine.Receipt, **changes: Any) -> bytes:
    """The file of a receipt in which something else is written, its checksum right."""
    document = json.loads(receipts.as_bytes(receipt))
    del document["sha256"]
    text = json.dumps({**document, **changes})
    return f'{text[:-1]}, "sha256": "{receipts._checksum(text)}"}}'.encode()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"time": "2026-02-30T00:00:00Z"}, "2026-02-30T00:00:00Z is no time"),
        ({"files": []}, "its files are not those of its plan"),
    ],
)
def test_a_receipt_whose_parts_make_no_sense(changes: dict[str, Any], why: str, root: Path) -> None:
    receipt = apply(plan_for(root))
    assert said(lambda: receipts.receipt_in(forged(receipt, **changes), root, "")) == why


def test_a_receipt_is_as_it_was_written(root: Path) -> None:
    receipt = apply(plan_for(root))
    assert receipts.load(Disk(root), receipt.id) == replace(
        receipt, plan=receipts.load(Disk(root), receipt.id).plan
    )
    again = receipts.receipt_in(receipts.as_bytes(receipt), root, "folder")
    contents_of = [one.content for one in again.plan.actions if isinstance(one, engine.Write)]
    assert contents_of == [root / "folder/new/4", root / "folder/new/5"]
    assert receipts.as_bytes(receipt).endswith(b"}\n")
    assert json.loads(receipts.as_bytes(receipt))["version"] == 1


def test_a_damaged_receipt(root: Path) -> None:
    receipt = apply(plan_for(root))
    folder = root / ".recctl/receipts" / receipt.id
    (folder / receipts.FILES[0]).write_bytes(b"")
    (folder / receipts.FILES[1]).unlink()
    told = f"{folder}/receipt.json is damaged: line 1: the file is empty"
    assert said(lambda: engine.undoing(root, receipt.id)) == told
    (folder / receipts.FILES[0]).unlink()
    assert said(lambda: engine.undoing(root, receipt.id)) == (
        f"{folder}/receipt.json is damaged: No such file or directory"
    )
    assert said(lambda: engine.undoing(root)) == (
        f"the latest receipt, {receipt.id}, is damaged; all changes: recctl history"
    )


def test_the_lines_of_the_history(root: Path) -> None:
    first = apply(plan_for(root))
    second = apply(engine.undoing(root))
    third = apply(engine.undoing(root, second.id))
    lines = undo.history(root)
    assert [line.id for line in lines] == [third.id, second.id, first.id]
    kept = sum(
        one.stat().st_size for one in (root / f".recctl/receipts/{first.id}/store").iterdir()
    )
    assert kept > 0
    assert lines[2] == receipts.Line(
        first.id, first.time, "mend", plan_for(root).summary, None, None, kept, None
    )
    assert [line.undone_by for line in lines] == [None, third.id, None]
    assert [line.time for line in lines] == [third.time, second.time, first.time]
    for name in receipts.FILES:
        (root / ".recctl/receipts" / first.id / name).write_bytes(b"[]")
    assert undo.history(root)[2] == receipts.Line(first.id, flaw="damaged")


def test_a_change_is_found_by_its_name(root: Path) -> None:
    made = [apply(engine.of("write", root, [engine.write(f"{one}.json", b"")])) for one in "abcdef"]
    ids = sorted(one.id for one in made)
    told = said(lambda: engine.undoing(root, "2"), UsageError)
    assert told == f"'2' is ambiguous, give more of one of: {', '.join(ids[:5])}"
    told = said(lambda: engine.undoing(root, "x'"), NothingFoundError)
    assert told == """no receipt "x'"; list them with: recctl history"""
    told = said(lambda: engine.undoing(root, ""), NothingFoundError)
    assert told == "no receipt ''; list them with: recctl history"
    for one in ids:
        assert engine.undoing(root, one).undoes == one
    (root / ".recctl").rename(root / "elsewhere")
    told = said(lambda: engine.undoing(root), NothingFoundError)
    assert told == "nothing to undo; all changes: recctl history"


# Taking back


def test_the_way_back_of_a_change(root: Path) -> None:
    receipt = apply(plan_for(root))
    back = engine.undoing(root)
    assert (back.command, back.root, back.undoes) == ("undo", root, receipt.id)
    by_path = {one.path: one for one in back.actions}
    written = by_path[DD]
    assert isinstance(written, engine.Write)
    assert written.review == engine.Review("as it was before mend", None, "", "")
    assert (written.mode, written.modified) == (
        receipt.files[DD].mode,
        receipt.files[DD].modified,
    )
    assert by_path[ZERO] == engine.Remove(ZERO, State.of(b"\x00\xff"), written.review)


def test_the_labels_of_a_change_are_turned_round(root: Path) -> None:
    review = engine.Review("why", "group", "old", "new")
    apply(engine.of("mend", root, [engine.remove(DD, HARBOUR[DD], review)]))
    (one,) = engine.undoing(root).actions
    assert one.review == engine.Review("as it was before mend", "group", "new", "old")


def test_several_files_that_changed_since(root: Path) -> None:
    receipt = apply(plan_for(root))
    for path in engine.undoing(root).before:
        if (root / path).exists():
            (root / path).write_bytes(b"changed")
    changed = engine.drifted(undo.taking_back(receipt))
    told = said(lambda: engine.undoing(root))
    assert told == (
        f"{changed[0]} and {len(changed) - 1} more: changed since {receipt.id}, which cannot be"
        " undone; see: recctl history"
    )


def test_the_change_that_comes_between(root: Path) -> None:
    first = apply(engine.of("mend", root, [engine.write("a.json", b"1")]))
    apply(engine.of("other", root, [engine.write("b.json", b"1")]))
    second = apply(engine.of("mend", root, [engine.write("a.json", b"2", b"1")]))
    assert said(lambda: engine.undoing(root, first.id)) == (
        f"a.json: changed since {first.id}, which cannot be undone before {second.id}: recctl undo"
        f" {second.id}"
    )


@pytest.mark.parametrize("age", ["", "1y", "1234567d", "d"])
def test_an_age_that_is_none(age: str, root: Path) -> None:
    told = said(lambda: undo.expiring(root, age), UsageError)
    assert told == (f"{age!r} is no age: give hours, days or weeks, as in 12h, 30d or 8w")


def test_receipts_expire_by_now_where_nothing_is_said(root: Path) -> None:
    receipt = apply(plan_for(root))
    assert undo.expiring(root, "99999h") == ()
    before = datetime.now(UTC) - timedelta(days=30)
    folder = root / ".recctl/receipts" / receipt.id
    for name in receipts.FILES:
        text = f'"{receipt.time.strftime("%Y-%m-%dT%H:%M:%SZ")}"'
        old = f'"{before.strftime("%Y-%m-%dT%H:%M:%SZ")}"'
        (folder / name).write_text((folder / name).read_text().replace(text, old))
    assert [line.id for line in undo.expiring(root, "4w")] == [receipt.id]
    assert undo.expiring(root, "5w") == ()


# Plans from files


def test_what_no_plan_from_a_file_may_do(root: Path) -> None:
    made = engine.of(
        "mend",
        root,
        [
            engine.rename(AA, "a\n.txt", HARBOUR[AA]),
            engine.write("tests/.x.json", b""),
            engine.write(".y/x.json", b"", mode=0o777),
            engine.write("z.json", b"", mode=0o666),
            engine.remove(DD, HARBOUR[DD]),
        ],
    )
    assert flaws(made) == (
        r"a\n.txt: no .json file; a plan from a file changes recordings only",
        "tests/.x.json: a plan from a file changes nothing whose name has a dot first",
        ".y/x.json: a plan from a file changes nothing whose name has a dot first",
        ".y/x.json: a plan from a file makes nothing executable",
    )


def test_permissions_that_a_file_has_it_may_keep(root: Path, tmp_path: Path) -> None:
    (root / AA).chmod(0o744)
    for mode, count in ((0o744, 0), (0o755, 1), (0o722, 0), (0o700, 0), (0o677, 1)):
        made = engine.of("mend", root, [engine.write(AA, b"", HARBOUR[AA], mode=mode)])
        assert len(flaws(made)) == count
    (root / "link").symlink_to(tmp_path)
    made = engine.of("mend", root, [engine.write("link/x.json", b"", mode=0o700)])
    assert flaws(made) == ("link/x.json: a plan from a file makes nothing executable",)


def test_a_plan_that_says_it_takes_back_what_it_does_not(root: Path) -> None:
    made = replace(engine.of("mend", root, [engine.write("x.py", b"")]), undoes=ID)
    assert flaws(made) == (
        f"it is not the way back from {ID}, as it says; that is: recctl undo {ID}",
        "x.py: no .json file; a plan from a file changes recordings only",
    )
    receipt = apply(plan_for(root))
    for name in receipts.FILES:
        (root / ".recctl/receipts" / receipt.id / name).write_bytes(b"")
    assert len(flaws(replace(made, undoes=receipt.id))) == 2


def refusal(document: Any) -> str:
    return said(lambda: plan_in(json.dumps(document).encode(), Path("/lighthouse")))


def test_what_is_wrong_with_a_plan(root: Path) -> None:
    document = as_document(plan_for(root))
    action = document["actions"][5]
    wrong = [
        ({**action, "mode": 0o4755}, "mode: Input should be less than or equal to 511"),
        ({**action, "extra": 1}, "extra: Extra inputs are not permitted"),
        ({**action, "before": []}, "before: no JSON object"),
        ({**action, "x\n": 1}, r"x\n: Extra inputs are not permitted"),
    ]
    for one, why in wrong:
        assert refusal({**document, "actions": [one]}) == f"/actions/0/write/{why}"
    assert refusal({**document, "actions": [[]]}) == "/actions/0: no JSON object"
    assert refusal({**document, "conflicts": [[]]}) == "/conflicts/0: no JSON object"
    half = "\ud800" + "a" * 50
    assert refusal({**document, "actions": [{**action, "path": half}]}) == (
        rf"\ud800{'a' * 39}: half a character is nothing that a file holds"
    )


def test_a_plan_as_a_document() -> None:
    root = Path("/lighthouse")
    review = engine.Review("wh\ny", "gr\noup", "o\nld", "n\new")
    renamed = replace(
        engine.rename("a", "b", b"\xff", [Splice(0, b"\xff", b"x")], review), mode=0o600, modified=5
    )
    conflict = engine.Conflict("c\n", ("d", "e\n"), "wh\ny", "gr\noup")
    plan = engine.of("me\nnd", root, [renamed], [conflict], notes=["no\nte"], undoes=ID)
    labels = {"reason": r"wh\ny", "group": r"gr\noup", "old": r"o\nld", "new": r"n\new"}
    assert as_document(plan) == {
        "version": 1,
        "command": r"me\nnd",
        "undoes": ID,
        "actions": [
            {
                "op": "rename",
                "path": "a",
                "to": "b",
                "before": {"size": 1, "sha256": State.of(b"\xff").sha256},
                "after": {"size": 1, "sha256": State.of(b"x").sha256},
                "mode": 0o600,
                "modified": 5,
                "edits": [{"offset": 0, "old": {"base64": "/w=="}, "new": "x"}],
                **labels,
            }
        ],
        "conflicts": [
            {"path": "c\n", "claims": ["d", "e\n"], "reason": r"wh\ny", "group": r"gr\noup"}
        ],
        "notes": [r"no\nte"],
        "summary": {"renames": 1, "edits": 0, "writes": 0, "removals": 0, "conflicts": 1},
    }


def test_a_document_as_a_plan() -> None:
    root = Path("/lighthouse")
    review = engine.Review("why", "group", "old", "new")
    made: list[engine.Action] = [
        replace(engine.rename("a", "b", b"a", [Splice(0, b"a", b"x")], review), mode=1, modified=2),
        replace(engine.edit("c", b"c", [Splice(0, b"c", b"x")], review), mode=3, modified=4),
        replace(engine.write("d", b"\xff", b"d", review), mode=5, modified=6),
        engine.remove("e", b"e", review),
    ]
    conflict = engine.Conflict("f", ("g", "h"), "why", "group")
    plan = engine.of("mend", root, made, [conflict], notes=["note"], undoes=ID)
    text = json.dumps(as_document(plan)).encode()
    assert plan_in(text, root) == plan


# Roots


def test_two_trees_in_one_change(tmp_path: Path) -> None:
    grown(tmp_path, {f"{name}/.git/HEAD": b"" for name in "abc"})
    paths = [tmp_path / name for name in "bca"]
    assert said(lambda: engine.root_of(paths), UsageError) == (
        f"one change cannot be in two trees: {tmp_path}/a and {tmp_path}/b; take one"
    )


@needs_posix
def test_a_working_directory_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert said(lambda: engine.root_of([tmp_path]), NothingFoundError) == (
        "the working directory does not exist any more"
    )
    assert engine.option_for(tmp_path) == f" --root {tmp_path}"


def test_how_a_root_elsewhere_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grown(tmp_path, {"here/.git/HEAD": b"", "here/sub/x": b"", "a b/x": b""})
    monkeypatch.chdir(tmp_path / "here/sub")
    assert engine.option_for(tmp_path / "here") == ""
    assert engine.option_for(tmp_path / "a b") == f" --root '{tmp_path}/a b'"
    assert engine.root_at(tmp_path / "here/sub") == tmp_path / "here"
    assert engine.root_at(tmp_path / "a b") == tmp_path / "a b"


def test_paths_that_have_no_place_in_a_plan(root: Path) -> None:
    outside = root.parent / "x\n.json"
    assert said(lambda: engine.below(root, outside)) == (
        rf"{root.parent}/x\n.json: outside of {root}"
    )
    (root / "li\nnk").symlink_to(AA)
    assert said(lambda: engine.below(root, root / "li\nnk")) == (
        rf"{root}/li\nnk: a link; change the file that it leads to"
    )


def test_every_reason_is_told_once_and_in_its_order(root: Path) -> None:
    plan = plan_for(root)
    (root / ZERO).write_bytes(b"")
    (root / AA).write_bytes(b"changed")
    (root / DD).unlink()
    dirty = [root / AA]
    assert engine.refusals(plan, uncommitted=lambda *_: dirty) == (
        f"{ZERO}: exists already; plan again",
        f"{AA}: changed since the plan was made; plan again",
        f"{DD}: gone since the plan was made; plan again",
    )
    assert not (root / ".recctl").exists()
